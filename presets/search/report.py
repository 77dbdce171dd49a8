"""The summary of a search as text and as a plot."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from presets.search.evaluation import COMPLETED, FAILED, INTERRUPTED, PRUNED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = {COMPLETED: "o", PRUNED: "v", FAILED: "x", INTERRUPTED: "|"}


def describe(results: Mapping[str, Any], name: str, n_best: int) -> str:
    """Say how many trials ended how, which were the best, and why others failed.

    Parameters
    ----------
    results : dict
        `cv_results_` of a search.
    name : str
        Name of the metric.
    n_best : int
        Greatest number of best trials and of failed trials to show.

    Returns
    -------
    str
    """
    status = results["status"]
    counts = ", ".join(f"{np.sum(status == kind)} {kind}" for kind in MARKS if kind in status)
    seconds = _seconds(results).sum()
    lines = [f"{len(status)} trials in {seconds:.1f} s of fitting and scoring: {counts}."]
    lines.append(f"The estimator as given (trial 0): {_score(results, name, 0)}.")
    completed = [
        trial for trial in np.argsort(results[f"rank_test_{name}"], kind="stable") if status[trial] == COMPLETED
    ]
    for place, trial in enumerate(completed[:n_best], start=1):
        lines.append(f"{place}. trial {trial}: {_score(results, name, trial)}")
        lines += [f"     {parameter} = {value!r}" for parameter, value in results["params"][trial].items()]
    failed = np.flatnonzero(status == FAILED)
    for trial in failed[:n_best]:
        lines.append(f"Trial {trial} failed: {results['failure'][trial].strip().splitlines()[-1]}")
    return "\n".join(lines)


def draw(results: Mapping[str, Any], name: str, ax: "Axes | None") -> "Axes":
    """Draw the score of each trial and the best score so far.

    Parameters
    ----------
    results : dict
        `cv_results_` of a search.
    name : str
        Name of the metric.
    ax : matplotlib.axes.Axes or None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    splits = np.array([results[key] for key in results if key.startswith("split") and key.endswith(f"_test_{name}")])
    scored = np.isfinite(splits).any(axis=0)
    means = results[f"screening_{name}"].copy()
    means[scored] = np.nanmean(splits[:, scored], axis=0)
    trials = np.arange(len(scored))
    for status, mark in MARKS.items():
        chosen = results["status"] == status
        # a failed trial has no score, so its mark is drawn at the lower edge
        heights = np.where(np.isfinite(means), means, np.nanmin(means) if np.isfinite(means).any() else 0)
        if chosen.any():
            ax.plot(trials[chosen], heights[chosen], mark, label=status)
    best = np.maximum.accumulate(np.nan_to_num(results[f"mean_test_{name}"], nan=-np.inf))
    ax.step(trials, np.where(np.isfinite(best), best, np.nan), where="post", color="gray", label="best so far")
    ax.set(
        xlabel="trial (0 is the estimator as given)",
        ylabel=f"mean {name} of the folds, or of the screening",
        title="Search",
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend()
    return ax


def _seconds(results):
    n_splits = sum(key.startswith("split") for key in results) // sum(key.startswith("rank_test_") for key in results)
    return (results["mean_fit_time"] + results["mean_score_time"]) * n_splits + results["screening_time"]


def _score(results, name, trial):
    mean, spread = results[f"mean_test_{name}"][trial], results[f"std_test_{name}"][trial]
    return f"{name} {mean:.4f} (spread over folds {spread:.4f})" if np.isfinite(mean) else results["status"][trial]
