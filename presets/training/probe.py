"""The probe of the initial weights (A7.3-4): it finds layers in which the signal or its gradient vanishes."""

import math
from dataclasses import dataclass

import numpy as np

from presets import article
from presets.training.data_init import fit_to_rows, place_bins


@dataclass(frozen=True)
class Signal:
    """The size of outputs and gradients in the layers of a network.

    Parameters
    ----------
    outputs : dict of str to float
        Root mean square of the output of each layer with a kernel, by name, in the order of the layers.
    gradients : dict of str to float
        Norm of the loss's gradient for each of these kernels, divided by the norm of the kernel; infinite for a kernel
        of zeros. Empty where the initial weights fit the data.
    """

    outputs: dict[str, float]
    gradients: dict[str, float]


@dataclass(frozen=True)
class InitChoice:
    """The rule that drew the initial weights, and the reason for it.

    Parameters
    ----------
    rule : str
        The value of `init` that was used.
    reason : str
        Why the probe chose this rule.
    signal : Signal
        The measurements of the probe with these weights.
    """

    rule: str
    reason: str
    signal: Signal


def measure_signal(program, data):
    """Measure signal and gradients of a loaded program on one batch.

    Parameters
    ----------
    program : Program
    data : tuple of arrays
        Encoded rows ``(x, y)`` or ``(x, y, weights)``.

    Returns
    -------
    Signal
    """
    outputs = _layer_outputs(program, data[0])
    gradients = dict(zip((v.path for v in program.core.trainable_variables), program.gradients(data), strict=True))
    kernels = {v.path: v for layer in outputs for v in layer.trainable_variables if v.name == "kernel"}
    return Signal(
        _sizes(outputs),
        {
            path.rpartition("/")[0]: _relative(_rms(gradients[path]), _rms(program.to_host(kernel)))
            for path, kernel in kernels.items()
        },
    )


def measure_dead_units(program, x):
    """Measure the share of dead units in the hidden layers: units whose output is zero for all rows.

    Parameters
    ----------
    program : Program
        With the weights loaded.
    x : array or dict of str to array
        Encoded rows.

    Returns
    -------
    dict of str to float
        Share of dead units, by the name of the layer.
    """
    *hidden, _ = _layer_outputs(program, x).items() or [None]
    return {layer.name: float(np.mean(~values.reshape(-1, values.shape[-1]).any(axis=0))) for layer, values in hidden}


def _layer_outputs(program, x):
    """The output of each layer with a kernel, in the order of the layers."""
    if not program.layers_with_kernels:
        return {}
    return dict(zip(program.layers_with_kernels, program.layer_outputs(x), strict=True))


def vanishing(signal: Signal) -> str | None:
    """Describe where signal or gradient vanish; None if they do not.

    Returns
    -------
    str or None
    """
    hidden = list(signal.outputs.items())[:-1]
    if hidden and hidden[-1][1] < article.VANISHING_SIGNAL * hidden[0][1]:
        (first, before), (last, after) = hidden[0], hidden[-1]
        return f"the signal vanishes: from layer {first!r} to {last!r} it shrinks to {after / before:.2g} of its size"
    weakest = min(signal.gradients, key=signal.gradients.__getitem__, default=None)
    if weakest is not None and signal.gradients[weakest] < article.VANISHING_GRADIENT:
        return f"the gradient vanishes: in layer {weakest!r} it is {signal.gradients[weakest]:.2g} of the weights"
    return None


def choose_init(program, batch, rules, seed, *, fits_rows=False, **drawn):
    """Draw initial weights by the first rule that passes the probe, or by the last rule.

    Parameters
    ----------
    program : Program
    batch : tuple of arrays
        Encoded rows for the probe.
    rules : dict of str to keras.initializers.Initializer
        Initializers of the kernels, by the names of their rules.
    seed : int
    fits_rows : bool
        Whether the weights are fitted to the batch, see `fit_to_rows`.
    **drawn
        Further arguments of `draw_weights`.

    Returns
    -------
    weights : list of ndarray
    choice : InitChoice
    """
    *tried, last = rules
    reason = "as given"
    for rule in tried:
        weights, signal = _draw_and_measure(program, batch, seed, rules[rule], fits_rows, drawn)
        found = vanishing(signal)
        if found is None:
            return weights, InitChoice(rule, "the probe found the signal and its gradient in all layers", signal)
        reason = f"with init={rule!r} {found}"
    weights, signal = _draw_and_measure(program, batch, seed, rules[last], fits_rows, drawn)
    return weights, InitChoice(last, reason, signal)


def _draw_and_measure(program, batch, seed, initializer, fits_rows, drawn):
    weights = place_bins(program, program.draw(seed, kernel_initializer=initializer, **drawn), batch[0])
    if fits_rows:
        weights = fit_to_rows(program, weights, batch[0], seed)
    program.load_weights(weights)
    if fits_rows:  # then nothing vanishes, and gradients would be compiled for nothing
        return weights, Signal(_sizes(_layer_outputs(program, batch[0])), {})
    return weights, measure_signal(program, batch)


def _sizes(outputs):
    return {layer.name: _rms(values) for layer, values in outputs.items()}


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _relative(gradient, kernel):
    """A gradient divided by its kernel; infinite for a kernel of zeros, which any update changes completely."""
    return gradient / kernel if kernel else math.inf
