"""Why a network did not learn: what a fit watched, judged by the article."""

import dataclasses
import math

import numpy as np

from presets import article
from presets.data.report import SEVERITIES, Finding, Report
from presets.estimators._summary import divergence, fit_summary
from presets.evaluation.networks import find_members
from presets.training.probe import vanishing


def diagnose(estimator):
    """Say in plain words what went wrong in a fit, the likely cause first.

    Joins the data check at the start (A1, A2), the signal in every layer before the first update and the dead units
    at the end (A7), the update ratio (A5.4), clipping (A8), the plateau rule and the end of training (A5.3, A6), and
    training against validation (S4). Nothing is computed anew: all of it was watched by `fit`.

    Parameters
    ----------
    estimator : estimator
        Fitted; also a fitted `Pipeline` or search around one, or an ensemble, whose members are judged one by one and
        reported together.

    Returns
    -------
    Report
        The gravest first, and causes before what follows from them. Each finding has its figure, the article's item and
        the parameter to change. A run in which all is well has notes at most, and no `alarms`.

    Raises
    ------
    TypeError
        If there is no network in the estimator.
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
    reports = [_diagnose(network) for network in members]
    return reports[0] if len(members) == 1 else _joined(reports)


def _diagnose(network):
    run = Run(network)
    findings = list(network.health_.data)
    for rule in RULES:
        found = rule(run)
        if found is not None:
            findings.append(found)
    if not any(finding.severity != "note" for finding in findings):
        unexplained = _not_learnt(run)
        if unexplained is not None:
            findings.append(unexplained)
    return Report(fit_summary(network), findings)


def _joined(reports):
    """One report for all members: each kind of finding once, from the member where it is gravest."""
    by_code: dict[str, dict] = {}
    for number, report in enumerate(reports):
        for finding in report:
            by_code.setdefault(finding.code, {}).setdefault(number, finding)
    findings = []
    for of_members in by_code.values():
        number, gravest = min(of_members.items(), key=lambda item: SEVERITIES.index(item[1].severity))
        where = f"In {len(of_members)} of {len(reports)} members, such as number {number}: "
        findings.append(dataclasses.replace(gravest, what=where + gravest.what))
    return Report(f"{len(reports)} members, the first one {reports[0].title}", findings)


class Run:
    """The figures of a fit that rules look at.

    Parameters
    ----------
    network : estimator
        Fitted.

    Attributes
    ----------
    constant, monitored_constant : float
        Loss of a constant prediction on the training part and on the part that was monitored; 0 if not known.
    rate : float
        The one that the training began with; the highest of a schedule.
    """

    def __init__(self, network):
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
        """Whether both losses got under those of a constant prediction; True where these are not known."""
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
    if reference <= 0 or run.loss.max() < article.LOSS_EXPLODED * reference:  # such as a likelihood's
        return None
    than = "that of a constant prediction" if run.constant else "what it began with"
    return Finding(
        "rate_too_large",
        "serious",
        f"The training loss reached {run.loss.max():.4g}, {run.loss.max() / reference:.3g} times {than} "
        f"({reference:.4g}), with updates of up to {run.ratios.max():.2g} of the weights, where "
        f"{article.UPDATE_RATIO:g} is right.",
        f"Lower learning_rate={run.rate:g}, to {run.rate / 10:g} or less.",
        "A5.4",
        figure=float(run.ratios.max()),
        parameter="learning_rate",
    )


def _dead_from_the_first_layer(run):
    """No vanishing signal explains units that are dead in the first layer."""
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
        f"At the end, hidden units put out zero for every one of {min(run.health.batch_size, run.health.n_training)} "
        f"rows: {layers}. No gradient reaches them.",
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
        "Set init='auto' or init='scaled', or take fewer layers.",
        "A7.4",
        figure=_weakest(run.health.signal),
        parameter="init",
    )


def _weakest(signal):
    """What is left of the signal in the last hidden layer; or the smallest gradient, if the signal passes."""
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
        f"{share:.0%} of all steps met the limit {name}={getattr(run.network, name)}: the limit sets the size of the "
        "updates, not the gradient.",
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
        f"No update was more than {largest:.2g} of the weights, where {article.UPDATE_RATIO:g} is right; the loss went "
        f"from {run.loss[0]:.4g} to {run.loss[-1]:.4g}.",
        f"Raise learning_rate={run.rate:g}; {article.UPDATE_RATIO / largest:.3g} times as much gives that ratio."
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
    has_begun = run.n_updates >= run.network._budget.patience_updates
    is_done = run.follows_schedule or share <= article.STILL_FALLING  # the loss falls most where a schedule ends
    if is_done if run.has_learnt else has_begun:
        return None
    return Finding(
        "too_few_epochs",
        "warning",
        f"Training ended after {len(losses)} epochs ({run.n_updates} updates) with "
        f"{'val_loss' if run.validates else 'loss'} at {losses[-1]:.4g}; the last fifth of the epochs made {share:.0%} "
        "of its whole descent.",
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
    kept = f"the weights of epoch {run.network.best_epoch_ + 1} are kept"
    return Finding(
        "overfit",
        "warning",
        f"At the end the training loss is {run.loss[-1]:.4g} and the validation loss {run.monitored[-1]:.4g}, up from "
        f"{run.monitored.min():.4g} in epoch {run.monitored.argmin() + 1}"
        f"{f'; {kept}' if run.network.restore_best_weights else ''}.",
        f"Raise {_regularization(run.network)}, take a smaller network, or collect rows.",
        "S4",
        figure=float(gap),
        parameter="dropout",
    )


def _regularization(network):
    """What works against overfitting, with its values; in a network of the user's it is inside."""
    if not hasattr(network, "dropout"):
        return "the present dropout and penalties inside the network"
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
        f"At the end the training loss is still {training:.0%} of a constant prediction's ({run.loss[-1]:.4g} of "
        f"{run.constant:.4g}), and validation is not worse.",
        f"A larger network, less than {_regularization(run.network)}, or columns that say more may help.",
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
        f"The median update ratio is {np.median(run.ratios):.2g} of all weights, and outside the band from {low:g} to "
        f"{high:g} in {len(outside)} of {len(medians)} layers: {layers}.",
        "Below the band a layer learns slowly, above it unsteadily; change learning_rate if that shows in the curves.",
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
        f"Smaller batches than batch_size={run.network.batch_size} overfit less and update more often in an epoch.",
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
        f"None of {run.health.n_training} rows validated: the training loss set the rate, and overfitting cannot be "
        "seen.",
        "Set validation_fraction, or give X_val and y_val.",
        "A6",
        figure=0.0,
        parameter="validation_fraction",
    )


def _not_learnt(run):
    """What is left if nothing else explains that a network did not learn."""
    if run.has_learnt:
        return None
    losses = [("training", run.loss.min(), run.constant)]
    if run.validates:
        losses.append(("validation", run.monitored.min(), run.monitored_constant))
    figures = " and ".join(f"the {part} loss {best:.4g} at best ({constant:.4g})" for part, best, constant in losses)
    return Finding(
        "labels_unrelated",
        "serious",
        f"X tells nothing about y: {figures}, in brackets that of a constant prediction, although updates had the "
        "right size and the signal passed every layer.",
        "Look whether the rows of X and y belong together, and whether the labels are right (check_data).",
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
"""In the order of causes: what comes first may bring about what comes later."""
