"""The epochs of a fit: updates, validation, plateau, stop, best weights, callbacks."""

import contextlib
import math
from dataclasses import dataclass, field

import keras
import numpy as np

from presets.training.best import BestEpoch
from presets.training.callbacks import Progress, needs_batches, saving_complete, takes_rate_over, watches
from presets.training.epochs import Epochs
from presets.training.plateau import Plateau, RateRule, is_lower
from presets.training.schedules import ScheduledRate
from presets.typing import Array


@dataclass
class Outcome:
    """The result of a training.

    Parameters
    ----------
    weights : list of ndarray
    history : dict of str to list of float
        One value for each epoch, by name.
    best_epoch : int
        Index of the epoch with these weights.
    stopped_by : {"epochs", "learning_rate", "no_improvement", "callback", "non_finite_loss"}
    rate_rule : {"plateau", "callback", "schedule"}
        What set the learning rate.
    """

    weights: list[Array]
    history: dict[str, list[float]] = field(default_factory=dict)
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
        After the training they have no model.
    verbose : int
        As in Keras's `fit`.
    complete : callable, optional
        Builds the complete model with the current weights, for callbacks that save it.

    Returns
    -------
    Outcome

    Raises
    ------
    ValueError
        If this training records no value with the name `monitor`.
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
            if isinstance(error.__cause__, StopIteration):  # raised by a callback; Python replaces it in a generator
                raise error.__cause__ from None
            raise
        result = epochs.next(n_alike)


def follow(program, plan, calls, *, is_watched):
    """Decide after each epoch of a training: learning rate, best weights and end.

    Parameters
    ----------
    program : Program or Member
    plan : Plan
    calls : keras.callbacks.CallbackList
    is_watched : bool
        Whether callbacks may read or change the network between epochs.

    Yields
    ------
    int
        Number of epochs from now on that certainly have the same learning rate. The caller sends the `EpochResult` of
        the next epoch.

    Returns
    -------
    Outcome
    """
    core, rules = program.core, plan.rules
    maximize = _is_score(core, rules.monitor, plan.validates)
    best = BestEpoch(maximize=maximize, n_averaged=rules.n_averaged, takes_last=program.schedule is not None)
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
        rate_rule = ScheduledRate(rules.epochs)
    curves = {
        name: schedule.of_epochs(rules.epochs, plan.n_updates).tolist() for name, schedule in program.schedules.items()
    }
    recorder = Recorder(core.trainable_variables, plan.n_updates)
    outcome = Outcome(program.weights())
    logs, last_weights, rate_of_best = {}, program.weights, 0.0
    core._initial_epoch = None  # BackupAndRestore sets it in on_train_begin
    calls.on_train_begin()
    for epoch in range(core._initial_epoch or 0, rules.epochs):
        calls.on_epoch_begin(epoch)
        rate = rate_rule.read()
        result = yield min(rate_rule.n_alike, rules.epochs - epoch)
        numbers = {"learning_rate": rate} | {name: values[epoch] for name, values in curves.items()}
        logs, last_weights = recorder.record(result, numbers), result.weights  # the program may be some epochs ahead
        calls.on_epoch_end(epoch, logs)
        rate_rule.read()
        if not all(map(math.isfinite, (logs["loss"], logs[rules.monitor]))):
            outcome.stopped_by = "non_finite_loss"
            break
        plateau.observe(logs[rules.monitor])
        if best.is_best(logs[rules.monitor]):
            outcome.weights, outcome.best_epoch = result.weights(), recorder.n_epochs - 1
            rate_of_best = rate
        if core.stop_training:
            outcome.stopped_by = "callback"
            break
        if rate_rule.ends_training():
            outcome.stopped_by = "learning_rate"
            break
        if rate_rule.kind == "plateau" and is_lower(rate_rule.read(), rules.min_lr_of_best * rate_of_best):
            outcome.stopped_by = "no_improvement"
            break
    if is_watched:
        program.finish()
    calls.on_train_end(logs)  # Keras's EarlyStopping restores its best weights here
    if not rules.restore_best_weights and outcome.stopped_by != "non_finite_loss":
        outcome.weights = program.weights() if is_watched else last_weights()
    outcome.history, outcome.rate_rule = recorder.history, rate_rule.kind
    return outcome


def _initial_rate_rule(program, callbacks):
    if program.has_schedule:
        return "schedule"
    return "callback" if any(map(takes_rate_over, callbacks)) else "plateau"


def _is_score(core, monitor, validates):
    """Whether larger monitored values are better."""
    metrics = {}
    for metric in core.metrics:
        for single in getattr(metric, "metrics", [metric]):
            metrics[single.name] = single
    known = [*metrics, *(f"val_{name}" for name in metrics)] if validates else list(metrics)
    if monitor not in known:
        raise ValueError(f"monitor={monitor!r} is not a value of this training, which has {', '.join(known)}.")
    return getattr(metrics[monitor.removeprefix("val_")], "_direction", "down") == "up"


class Recorder:
    """Records the history: Keras's logs, learning rate (A5.3), update ratios (A5.4) and share of clipped steps (A8).

    Other hyperparameters that follow a curve come after the learning rate.

    Parameters
    ----------
    variables : list of keras.Variable
        Trained variables.
    n_updates : int
        Number of updates in an epoch.
    """

    def __init__(self, variables, n_updates):
        self.history = {}
        self.n_epochs = 0
        self._n_updates = n_updates
        self._n_clipped = 0.0
        layers = [variable.path.rpartition("/")[0] for variable in variables]
        self._layers = {name: [i for i, layer in enumerate(layers) if layer == name] for name in dict.fromkeys(layers)}

    def record(self, result, numbers):
        """Append the values of one epoch and the hyperparameters of its first update; return all of them by name."""
        values = {
            **result.logs,
            **numbers,
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
