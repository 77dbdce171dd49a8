"""The summary of a fit, in one line and for a notebook."""

import html
import math
from typing import Any

import numpy as np

from presets.estimators._fitted import fitted_network

WIDTH, HEIGHT = 360, 120
"""Size of the plot of the losses, in pixels."""

COLOURS = {"loss": "#1f77b4", "val_loss": "#ff7f0e"}
"""Colours of the curves, by their names in `history_`."""


def fit_summary(network: Any) -> str:
    """Summarise the fit of an estimator in one line.

    Parameters
    ----------
    network : estimator
        Fitted.

    Returns
    -------
    str
    """
    rates = network.history_["learning_rate"]
    return (
        f"{type(network).__name__}: {network.n_epochs_} epochs, ended by {network.stopped_by_}; rate {rates[0]:g} to "
        f"{rates[-1]:g} by {network.rate_rule_}; best epoch {network.best_epoch_ + 1}; init {network.init_.rule}"
    )


def divergence(network: Any) -> tuple[str, str]:
    """Name the value that was not finite, and say what to do.

    Parameters
    ----------
    network : estimator
        Fitted, with "non_finite_loss" as its `stopped_by_`.

    Returns
    -------
    what, to_do : str
    """
    history = network.history_
    monitor = network.monitor if network.monitor in history else network.monitor.removeprefix("val_")
    name = next(name for name in ("loss", monitor) if not math.isfinite(history[name][-1]))
    return (
        f"The {name} became {history[name][-1]} in epoch {network.n_epochs_} at "
        f"learning_rate={history['learning_rate'][-1]:g}.",
        "Lower learning_rate, use clipnorm and standardize=True, and check X and y for extreme values.",
    )


def fit_html(network: Any) -> str:
    """Show the network of a fitted estimator, its losses and the findings of the data check.

    Parameters
    ----------
    network : estimator
        Fitted.

    Returns
    -------
    str
    """
    core = fitted_network(network).core()
    rows = "".join(
        f"<tr><td>{html.escape(layer.name)}</td><td>{type(layer).__name__}</td>"
        f"<td>{html.escape(_shape_of_row(layer))}</td><td>{layer.count_params():,}</td></tr>"
        for layer in core.layers
    )
    table = (
        "<table><thead><tr><th>layer</th><th>kind</th><th>shape of a row</th><th>parameters</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return (
        f"<div><p><b>{html.escape(fit_summary(network))}</b></p>{_losses(network.history_)}{table}"
        f"{network.health_.data._repr_html_()}</div>"
    )


def _shape_of_row(layer):
    try:
        return str(layer.output.shape[1:])
    except (AttributeError, ValueError):  # inside a subclassed model, or called several times
        return ""


def _losses(history):
    """A small plot of the losses over the epochs, on a logarithmic scale."""
    curves = {name: np.array(history[name]) for name in COLOURS if name in history}
    known = np.concatenate([values[np.isfinite(values) & (values > 0)] for values in curves.values()])
    if not len(known):
        return ""
    low, high = np.log(known.min()), np.log(known.max())
    lines = "".join(
        f'<polyline fill="none" stroke="{COLOURS[name]}" points="{_points(values, low, high)}"/>'
        for name, values in curves.items()
    )
    legend = ", ".join(
        f'<span style="color:{COLOURS[name]}">{name} {values[0]:.4g} to {values[-1]:.4g}</span>'
        for name, values in curves.items()
    )
    return f'<svg width="{WIDTH}" height="{HEIGHT}" role="img">{lines}</svg><p>{legend} (logarithmic scale)</p>'


def _points(values, low, high):
    x = np.linspace(0, WIDTH, len(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        y = HEIGHT * (1 - (np.log(values) - low) / max(high - low, 1e-12))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
