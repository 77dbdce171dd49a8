"""Why a network did not learn: the records of a fit, compared with the article's rules."""

import dataclasses
import math
from typing import Any

import numpy as np

from presets import article
from presets.data.report import SEVERITIES, Finding, Report
from presets.estimators.base import design_of
from presets.estimators.summary import divergence, fit_summary
from presets.evaluation.networks import find_members, names_before_network
from presets.training.probe import vanishing


def diagnose(estimator: Any) -> Report:
    """Explain what went wrong in a fit, the most likely cause first.

    The report combines the data check before training (A1, A2), the signal in each layer before the first update and
    the dead units at the end (A7), the update ratio (A5.4), clipping (A8), the plateau rule and the end of training
    (A5.3, A6), and training compared with validation (S4). `fit` has recorded all of this; nothing is computed again.
    The report also contains values far outside of the training data, which `predict` has found.

    Parameters
    ----------
    estimator : estimator
        A fitted network, or a fitted `Pipeline`, search or ensemble that contains networks. The members of an ensemble
        are checked one by one, and reported together. For a network behind other steps of a pipeline, the columns have
        the names that these steps give them.

    Returns
    -------
    Report
        The most serious findings first, and causes before their effects. Each finding has a figure, the article's item
        and the parameter to change. A good fit gives notes at most, and no `alarms`.

    Raises
    ------
    TypeError
        If the estimator contains no network.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from presets import DNNClassifier, diagnose
    >>> network = DNNClassifier(learning_rate=10.0, epochs=5, random_state=0).fit(*load_digits(return_X_y=True))
    >>> diagnose(network)[0].code
    'rate_too_large'
    """
    members = find_members(estimator)
    names = names_before_network(estimator)
    reports = [_diagnose(network, names) for network in members]
    return reports[0] if len(members) == 1 else _joined(reports)


def _diagnose(network, names):
    run = Run(network)
    findings = [finding.named(names) for finding in (*network.health_.data, *network.drift_)]
    for rule in RULES:
        found = rule(run)
        if found is not None:
            findings.append(found)
    if not any(finding.severity != "note" for finding in findings if finding.code != "drift"):
        unexplained = _not_learnt(run)
        if unexplained is not None:
            findings.append(unexplained)
    return Report(fit_summary(network), findings)


def _joined(reports):
    """One report for all members. Each code appears once, with its most serious finding."""
    by_code: dict[str, dict[int, Finding]] = {}
    for number, report in enumerate(reports):
        for finding in report:
            by_code.setdefault(finding.code, {}).setdefault(number, finding)
    findings = []
    for of_members in by_code.values():
        number, gravest = min(of_members.items(), key=lambda item: SEVERITIES.index(item[1].severity))
        where = f"In {len(of_members)} of {len(reports)} members, for example number {number}: "
        findings.append(dataclasses.replace(gravest, what=where + gravest.what))
    return Report(f"{len(reports)} members, the first one {reports[0].title}", findings)


class Run:
    """The figures of a fit that the rules read.

    Parameters
    ----------
    network : estimator
        Fitted.

    Attributes
    ----------
    constant, monitored_constant : float
        Loss of a constant prediction on the training part and on the monitored part; 0 if unknown.
    rate : float
        The first learning rate of the training; the highest one of a schedule.
    """

    def __init__(self, network: Any) -> None:
        history, self.health = network.history_, network.health_
        self.network, self.history = network, history
        self.loss = np.array(history["loss"])
        self.validates = "val_loss" in history
        self.monitored = np.array(history["val_loss" if self.validates else "loss"])
        self.follows_schedule = network.rate_rule_ == "schedule"
        rates = history["learning_rate"]
        self.rate = max(rates) if self.follows_schedule else rates[0]
        self.ratios = np.array(history["update_ratio"])
        self.n_updates = len(self.loss) * math.ceil(self.health.n_training / self.health.batch_size)
        self.is_finite = bool(np.isfinite(self.loss).all() and np.isfinite(self.monitored).all())
        constants = self.health.constant_loss or (0.0, 0.0)
        self.constant, self.monitored_constant = constants[0], constants[self.validates]

    @property
    def has_learnt(self):
        """Whether both losses fell below those of a constant prediction; True if these are unknown."""
        if not self.constant or not self.is_finite:
            return self.is_finite
        relative = self.loss.min() / self.constant, self.monitored.min() / self.monitored_constant
        return max(relative) < article.LOSS_NOT_LEARNT


def _non_finite_loss(run):
    if run.network.stopped_by_ != "non_finite_loss":
        return None
    what, to_do = divergence(run.network)
    return Finding(
        "non_finite_loss",
        "serious",
        what,
        to_do,
        "A5.2",
        figure=len(run.loss),
        parameter="learning_rate",
    )


def _rate_too_large(run):
    if not run.is_finite or not run.ratios.max() > article.UPDATE_RATIO_UNSTABLE:
        return None
    reference = run.constant or run.loss[0]
    if reference <= 0 or run.loss.max() < article.LOSS_EXPLODED * reference:  # a likelihood may be negative
        return None
    than = "the loss of a constant prediction" if run.constant else "the first loss"
    return Finding(
        "rate_too_large",
        "serious",
        f"The training loss reached {run.loss.max():.4g}, {run.loss.max() / reference:.3g} times {than} "
        f"({reference:.4g}). The update ratio reached {run.ratios.max():.2g}; about {article.UPDATE_RATIO:g} is right.",
        f"Lower learning_rate={run.rate:g} to {run.rate / 10:g} or less.",
        "A5.4",
        figure=float(run.ratios.max()),
        parameter="learning_rate",
    )


def _dead_from_the_first_layer(run):
    """Dead units in the first layer have another cause than a vanishing signal."""
    first = next(iter(run.health.dead_units.values()), 0.0)
    return _dead_units(run) if first >= article.DEAD_UNITS else None


def _dead_behind_the_first_layer(run):
    first = next(iter(run.health.dead_units.values()), 0.0)
    return None if first >= article.DEAD_UNITS or _signal_vanishes(run) else _dead_units(run)


def _dead_units(run):
    dead = {name: share for name, share in run.health.dead_units.items() if share >= article.DEAD_UNITS}
    if not dead:
        return None
    layers = ", ".join(f"{share:.0%} in layer {name!r}" for name, share in dead.items())
    return Finding(
        "dead_units",
        "warning" if run.has_learnt else "serious",
        f"After training, some hidden units are dead. Their output is zero for all "
        f"{min(run.health.batch_size, run.health.n_training)} rows of a batch, so they get no gradient: {layers}.",
        "Set another activation ('elu', 'leaky_relu'), a lower learning_rate, or init='auto'.",
        "A7",
        figure=max(dead.values()),
        parameter="activation",
    )


def _signal_vanishes(run):
    how = vanishing(run.health.signal)
    if how is None:
        return None
    return Finding(
        "signal_vanishes",
        "note" if run.has_learnt else "serious",
        f"Before the first update {how}, with init={run.network.init_.rule!r}.",
        "Set init='auto' or init='scaled', or use fewer layers.",
        "A7.4",
        figure=_weakest(run.health.signal),
        parameter="init",
    )


def _weakest(signal):
    """The share of the signal that reaches the last hidden layer; or the smallest gradient, if the signal passes."""
    hidden = list(signal.outputs.values())[:-1]
    if hidden and hidden[-1] < article.VANISHING_SIGNAL * hidden[0]:
        return hidden[-1] / hidden[0]
    return min(signal.gradients.values())


def _clipped(run):
    share = float(np.mean(run.history["clipped"]))
    if share < article.CLIPPED:
        return None
    name = "clipnorm" if run.network.global_clipnorm is None else "global_clipnorm"
    return Finding(
        "clipped",
        "warning",
        f"{share:.0%} of all steps were clipped by {name}={getattr(run.network, name)}, so this limit sets the size of "
        "the updates, and not the gradient.",
        f"Raise {name} to {article.CLIPNORM:g} or 15, standardise X and y, or lower learning_rate.",
        "A8",
        figure=share,
        parameter=name,
    )


def _rate_too_small(run):
    largest = run.ratios.max() if run.is_finite else np.nan
    if not largest < article.UPDATE_RATIO_BAND[0] or _clipped(run) or not _passes_signal(run):
        return None
    return Finding(
        "rate_too_small",
        "warning" if run.has_learnt else "serious",
        f"The update ratio was at most {largest:.2g}; about {article.UPDATE_RATIO:g} is right. The loss went from "
        f"{run.loss[0]:.4g} to {run.loss[-1]:.4g}.",
        f"Raise learning_rate={run.rate:g}; {article.UPDATE_RATIO / largest:.3g} times this rate gives the right ratio."
        if largest
        else f"Raise learning_rate={run.rate:g}.",
        "A5.4",
        figure=float(largest),
        parameter="learning_rate",
    )


def _passes_signal(run):
    return run.has_learnt or (_signal_vanishes(run) is None and _dead_units(run) is None)


def _too_few_epochs(run):
    if run.network.stopped_by_ != "epochs" or not run.is_finite:
        return None
    losses = run.monitored
    recent = losses[max(math.ceil(0.8 * len(losses)) - 1, 0)] - losses[-1]
    share = recent / (losses[0] - losses[-1]) if losses[-1] < losses[0] else 0.0
    has_begun = run.n_updates >= design_of(run.network).budget.patience_updates
    is_done = run.follows_schedule or share <= article.STILL_FALLING  # with a schedule the loss falls most at the end
    if is_done if run.has_learnt else has_begun:
        return None
    return Finding(
        "too_few_epochs",
        "warning",
        f"Training ended after {len(losses)} epochs ({run.n_updates} updates) with "
        f"{'val_loss' if run.validates else 'loss'} at {losses[-1]:.4g}. It was still falling: {share:.0%} of the "
        "decrease came in the last fifth of the epochs.",
        f"Raise epochs={run.network.epochs}, or set epochs='auto'.",
        "S4",
        figure=float(share),
        parameter="epochs",
    )


def _overfit(run):
    if not run.validates or not run.is_finite or not run.constant:
        return None
    training, validation = run.loss[-1] / run.constant, run.monitored / run.monitored_constant
    gap, rise = validation[-1] - training, validation[-1] - validation.min()
    if gap < article.OVERFIT_GAP or rise < article.OVERFIT_RISE:
        return None
    kept = f" The weights of epoch {run.network.best_epoch_ + 1} are kept."
    return Finding(
        "overfit",
        "warning",
        f"At the end the training loss is {run.loss[-1]:.4g} and the validation loss {run.monitored[-1]:.4g}; the "
        f"lowest validation loss was {run.monitored.min():.4g}, in epoch {run.monitored.argmin() + 1}."
        f"{kept if run.network.restore_best_weights else ''}",
        f"Raise {_regularization(run.network)}, use a smaller network, or collect more rows.",
        "S4",
        figure=float(gap),
        parameter="dropout",
    )


def _regularization(network):
    """The parameters against overfitting, with their values. A network of the user's own contains them itself."""
    if not hasattr(network, "dropout"):
        return "the dropout and the penalties inside the network"
    return f"dropout={network.dropout:g} or l2={network.l2:g}"


def _underfit(run):
    if not run.has_learnt or not run.constant or _too_few_epochs(run):
        return None
    training, validation = run.loss[-1] / run.constant, run.monitored[-1] / run.monitored_constant
    if training < article.UNDERFIT or validation - training > article.OVERFIT_RISE:
        return None
    return Finding(
        "underfit",
        "note",
        f"At the end the training loss is {run.loss[-1]:.4g}, still {training:.0%} of the loss of a constant "
        f"prediction ({run.constant:.4g}). The validation loss is not worse.",
        f"Try a larger network, lower {_regularization(run.network)}, or add informative columns.",
        "S4",
        figure=float(training),
        parameter="dropout",
    )


def _ratio_outside(run):
    low, high = article.UPDATE_RATIO_BAND
    medians = {
        name.removeprefix("update_ratio/"): float(np.median(values))
        for name, values in run.history.items()
        if name.startswith("update_ratio/")
    }
    outside = {name: ratio for name, ratio in medians.items() if not low <= ratio <= high}
    if not outside:
        return None
    layers = ", ".join(f"{ratio:.2g} in layer {name!r}" for name, ratio in outside.items())
    return Finding(
        "update_ratio",
        "note",
        f"The median update ratio of all weights is {np.median(run.ratios):.2g}. It is outside the range from {low:g} "
        f"to {high:g} in {len(outside)} of {len(medians)} layers: {layers}.",
        "Below this range a layer learns slowly, above it unsteadily. Change learning_rate if the curves show that.",
        "A5.4",
        figure=float(np.median(run.ratios)),
        parameter="learning_rate",
    )


def _large_batch(run):
    share = run.health.batch_size / run.health.n_training
    if share <= article.LARGE_BATCH:
        return None
    return Finding(
        "large_batch",
        "note",
        f"A batch of {run.health.batch_size} is {share:.0%} of the {run.health.n_training} training rows.",
        f"Lower batch_size={run.network.batch_size}: smaller batches overfit less, and give more updates in an epoch.",
        "A3",
        figure=share,
        parameter="batch_size",
    )


def _no_validation(run):
    if run.validates:
        return None
    return Finding(
        "no_validation",
        "note",
        f"There were no validation rows (all {run.health.n_training} rows were for training), so the training loss "
        "controlled the learning rate, and overfitting cannot be seen.",
        "Set validation_fraction, or give X_val and y_val.",
        "A6",
        figure=0.0,
        parameter="validation_fraction",
    )


def _not_learnt(run):
    """The finding when no other rule explains why a network did not learn."""
    if run.has_learnt:
        return None
    losses = [("training", run.loss.min(), run.constant)]
    if run.validates:
        losses.append(("validation", run.monitored.min(), run.monitored_constant))
    figures = " and ".join(
        f"the lowest {part} loss is {best:.4g} (constant prediction: {constant:.4g})" for part, best, constant in losses
    )
    return Finding(
        "labels_unrelated",
        "serious",
        f"X says nothing about y: {figures}. The updates had the right size, and the signal passed each layer.",
        "Check whether the rows of X and y belong together, and whether the labels are right (check_data).",
        "A1",
        figure=max(best / constant for _, best, constant in losses),
    )


RULES = (
    _non_finite_loss,
    _rate_too_large,
    _dead_from_the_first_layer,
    _signal_vanishes,
    _dead_behind_the_first_layer,
    _clipped,
    _rate_too_small,
    _too_few_epochs,
    _overfit,
    _underfit,
    _ratio_outside,
    _large_batch,
    _no_validation,
)
"""Causes come before their effects."""
