"""The epochs of a fit: updates, validation, plateau, stop, best weights, callbacks."""

import contextlib
import math
from dataclasses import dataclass, field

import keras
import numpy as np

from presets.training.best import BestEpoch
from presets.training.callbacks import Progress, needs_batches, saving_complete, takes_rate_over, watches
from presets.training.epochs import Epochs
from presets.training.plateau import Plateau, RateRule
from presets.training.schedules import ScheduledRate


@dataclass
class Outcome:
    """What a fit gives.

    Parameters
    ----------
    weights : list of ndarray
    history : dict of str to list of float
        One value an epoch under each name.
    best_epoch : int
        Index of the epoch whose weights these are.
    stopped_by : {"epochs", "learning_rate", "callback", "non_finite_loss"}
    rate_rule : {"plateau", "callback", "schedule"}
        What set the rate.
    """

    weights: list
    history: dict = field(default_factory=dict)
    best_epoch: int = -1
    stopped_by: str = "epochs"
    rate_rule: str = "plateau"


def train(program, plan, callbacks=(), verbose=0, complete=None):
    """Train a loaded program.

    Parameters
    ----------
    program : Program
    plan : Plan
    callbacks : list of keras.callbacks.Callback
        No model is left on them.
    verbose : int
        As in Keras's `fit`.
    complete : callable, optional
        Builds the complete model around the present weights, which is what callbacks save.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If `monitor` names no value that this training records.
    """
    calls = keras.callbacks.CallbackList(
        [*callbacks, Progress()] if verbose else list(callbacks),
        model=program.core,
        verbose=int(verbose),
        epochs=plan.rules.epochs,
        steps=plan.n_updates,
    )
    is_watched = verbose != 0 or any(map(watches, callbacks))
    epochs = Epochs(
        program,
        plan,
        calls=calls,
        hooks=calls if plan.rules.by_steps or any(map(needs_batches, callbacks)) else None,
        is_watched=is_watched or (program.has_schedule and program.schedule is None),
    )
    course = follow(program, plan, calls, is_watched=is_watched)
    try:
        with saving_complete(program, complete) if complete is not None else contextlib.nullcontext():
            return _run(course, epochs)
    finally:
        for callback in callbacks:
            callback._model = None


def _run(course, epochs):
    result = None
    while True:
        try:
            n_alike = course.send(result)
        except StopIteration as end:
            return end.value
        except RuntimeError as error:
            if isinstance(error.__cause__, StopIteration):  # a callback's, which Python replaces as it leaves `follow`
                raise error.__cause__ from None
            raise
        result = epochs.next(n_alike)


def follow(program, plan, calls, *, is_watched):
    """Follow a training from epoch to epoch, and decide on rate, best weights and end.

    Parameters
    ----------
    program : Program or Member
    plan : Plan
    calls : keras.callbacks.CallbackList
    is_watched : bool
        Whether anybody else may look at the network between epochs, or change it.

    Yields
    ------
    int
        How many epochs from now on surely have the same rate. The `EpochResult` of the next one is to be sent.

    Returns
    -------
    Outcome
    """
    core, rules = program.core, plan.rules
    maximize = _is_score(core, rules.monitor, plan.validates)
    best = BestEpoch(maximize=maximize, n_averaged=rules.n_averaged)
    plateau = Plateau(
        maximize=maximize,
        patience=rules.patience,
        lr_factor=rules.lr_factor,
        min_lr=rules.min_lr_factor * program.learning_rate,
        min_delta=rules.min_delta,
    )
    if program.schedule is None:
        rate_rule = RateRule(program, plateau, _initial_rate_rule(program, calls.callbacks), has_company=is_watched)
    else:
        rate_rule = ScheduledRate(program.schedule, plan.n_updates, rules.epochs)
    recorder = Recorder(core.trainable_variables, plan.n_updates)
    outcome = Outcome(program.weights())
    logs, last_weights = {}, program.weights
    core._initial_epoch = None  # BackupAndRestore sets it in on_train_begin
    calls.on_train_begin()
    for epoch in range(core._initial_epoch or 0, rules.epochs):
        calls.on_epoch_begin(epoch)
        rate = rate_rule.read()
        result = yield min(rate_rule.n_alike, rules.epochs - epoch)
        logs, last_weights = recorder.record(result, rate), result.weights  # the program may have run further epochs
        calls.on_epoch_end(epoch, logs)
        rate_rule.read()
        if not all(map(math.isfinite, (logs["loss"], logs[rules.monitor]))):
            outcome.stopped_by = "non_finite_loss"
            break
        plateau.observe(logs[rules.monitor])
        if best.is_best(logs[rules.monitor]):
            outcome.weights, outcome.best_epoch = result.weights(), recorder.n_epochs - 1
        if core.stop_training:
            outcome.stopped_by = "callback"
            break
        if rate_rule.ends_training():
            outcome.stopped_by = "learning_rate"
            break
    if is_watched:
        program.finish()
    calls.on_train_end(logs)  # where Keras's EarlyStopping puts its best weights back
    if not rules.restore_best_weights and outcome.stopped_by != "non_finite_loss":
        outcome.weights = program.weights() if is_watched else last_weights()
    outcome.history, outcome.rate_rule = recorder.history, rate_rule.kind
    return outcome


def _initial_rate_rule(program, callbacks):
    if program.has_schedule:
        return "schedule"
    return "callback" if any(map(takes_rate_over, callbacks)) else "plateau"


def _is_score(core, monitor, validates):
    """Whether larger values of what is monitored are better."""
    metrics = {}
    for metric in core.metrics:
        for single in getattr(metric, "metrics", [metric]):
            metrics[single.name] = single
    known = [*metrics, *(f"val_{name}" for name in metrics)] if validates else list(metrics)
    if monitor not in known:
        raise ValueError(f"monitor={monitor!r} is not among the values of this training: {', '.join(known)}.")
    return getattr(metrics[monitor.removeprefix("val_")], "_direction", "down") == "up"


class Recorder:
    """Keeps the history: Keras's logs, the rate (A5.3), the update ratios (A5.4) and the share of clipped steps (A8).

    Parameters
    ----------
    variables : list of keras.Variable
        Those that are trained.
    n_updates : int
        Updates in an epoch.
    """

    def __init__(self, variables, n_updates):
        self.history = {}
        self.n_epochs = 0
        self._n_updates = n_updates
        self._n_clipped = 0.0
        layers = [variable.path.rpartition("/")[0] for variable in variables]
        self._layers = {name: [i for i, layer in enumerate(layers) if layer == name] for name in dict.fromkeys(layers)}

    def record(self, result, rate):
        """Append the values of one epoch, and give them by their names."""
        values = result.logs | {
            "learning_rate": rate,
            "update_ratio": _ratio(result.update_squares, result.weight_squares),
            "clipped": (result.n_clipped - self._n_clipped) / self._n_updates,
        }
        for name, members in self._layers.items():
            values[f"update_ratio/{name}"] = _ratio(result.update_squares[members], result.weight_squares[members])
        self._n_clipped = result.n_clipped
        self.n_epochs += 1
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)
        return values


def _ratio(update_squares, weight_squares):
    weights = float(np.sum(weight_squares))
    return math.sqrt(float(np.sum(update_squares)) / weights) if weights > 0 else math.nan
