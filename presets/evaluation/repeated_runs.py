"""Repeated runs (A12): how much of a score is chance."""

from __future__ import annotations  # help() then shows the names of types

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.base import is_classifier
from sklearn.model_selection import KFold, StratifiedKFold, check_cv, cross_validate

from presets import article
from presets.evaluation.networks import find_network
from presets.evaluation.seeds import seeded
from presets.typing import Array, Estimator, Features, Values


@dataclass(frozen=True)
class RepeatedRuns:
    """Scores and histories of several runs on the same data.

    Parameters
    ----------
    scores : ndarray of shape (n_repeats, n_folds)
        Test scores.
    seeds : ndarray of shape (n_repeats,)
        The `random_state` of each repeat.
    folds : list of list of (ndarray, ndarray)
        Training and test rows, for each repeat and fold.
    histories : list of list of (dict or None)
        `history_`, for each repeat and fold; None for estimators without a network of this package.
    confidence : float
        Level of the confidence intervals, between 0 and 1.
    """

    scores: Array
    seeds: Array
    folds: list[list[tuple[Array, Array]]]
    histories: list[list[dict[str, list[float]] | None]]
    confidence: float

    @property
    def mean(self) -> float:
        """Mean score.

        Returns
        -------
        float
        """
        return float(self.scores.mean())

    @property
    def std(self) -> float:
        """Standard deviation over the repeats. The score of a repeat is the mean of its folds.

        Returns
        -------
        float
        """
        return float(self.scores.mean(axis=1).std(ddof=1))

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence interval of the mean over seeds, by Student's t.

        It covers other seeds on the same data, not other data.

        Returns
        -------
        tuple of (float, float)
        """
        return _interval(self.scores.mean(axis=1), self.confidence)

    def compare(self, other: RepeatedRuns) -> Comparison:
        """Compare with runs of another estimator on the same seeds and folds.

        Parameters
        ----------
        other : RepeatedRuns

        Returns
        -------
        Comparison
            The differences ``self - other`` of each repeat.

        Raises
        ------
        ValueError
            If the seeds or the folds differ.
        """
        same = np.array_equal(self.seeds, other.seeds) and all(
            np.array_equal(own, others)
            for mine, theirs in zip(self.folds, other.folds, strict=False)
            for pair, other_pair in zip(mine, theirs, strict=False)
            for own, others in zip(pair, other_pair, strict=True)
        )
        if not same or self.scores.shape != other.scores.shape:
            raise ValueError(
                "The runs have different seeds or folds: use the same n_repeats, cv and random_state for both."
            )
        differences = self.scores.mean(axis=1) - other.scores.mean(axis=1)
        return Comparison(differences, self.confidence)

    def __str__(self):
        low, high = self.interval
        n_repeats, n_folds = self.scores.shape
        return (
            f"{self.mean:.4f}, {self.confidence:.0%} interval {low:.4f} to {high:.4f}; standard deviation "
            f"{self.std:.4f} over {n_repeats} repeats of {n_folds} folds (A12)"
        )


@dataclass(frozen=True)
class Comparison:
    """Differences of the scores of two estimators on the same seeds and folds.

    Parameters
    ----------
    differences : ndarray of shape (n_repeats,)
    confidence : float
        Level of the confidence interval, between 0 and 1.
    """

    differences: Array
    confidence: float

    @property
    def mean(self) -> float:
        """Mean difference.

        Returns
        -------
        float
        """
        return float(self.differences.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """Confidence interval of the mean difference, by Student's t on the paired repeats.

        Returns
        -------
        tuple of (float, float)
        """
        return _interval(self.differences, self.confidence)

    def __str__(self):
        low, high = self.interval
        verdict = "a difference" if low > 0 or high < 0 else "no clear difference"
        return (
            f"{self.mean:+.4f}, {self.confidence:.0%} interval {low:+.4f} to {high:+.4f}: {verdict}; better in "
            f"{np.sum(self.differences > 0)} of {len(self.differences)} repeats (A12)"
        )


def repeated_runs(
    estimator: Estimator,
    X: Features,
    y: Values,
    *,
    n_repeats: int = article.N_REPEATS,
    cv: Any = 5,
    scoring: str | Callable[..., float] | None = None,
    n_jobs: int | None = None,
    random_state: int = 0,
    confidence: float = 0.95,
) -> RepeatedRuns:
    """Cross-validate an estimator several times, with other seeds and other folds (A12).

    Parameters
    ----------
    estimator : estimator
        May be a `Pipeline` or a search. Each `random_state` in it gets the seed of the repeat.
    X : array-like of shape (n_samples, ...)
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    n_repeats : int, default=5
        Number of repeats, at least 2.
    cv : int, splitter or iterable, default=5
        For a number of folds, each repeat shuffles the rows again; the folds are stratified for classifiers. A splitter
        or a list of splits is used unchanged.
    scoring : str or callable, optional
        One scorer, as in `cross_val_score`.
    n_jobs : int, optional
        Number of processes for the folds of a repeat.
    random_state : int, default=0
        Draws the seeds and folds. Estimators with the same `random_state` here get the same seeds and folds.
    confidence : float, default=0.95
        Level of the confidence intervals, between 0 and 1.

    Returns
    -------
    RepeatedRuns

    Raises
    ------
    ValueError
        If `n_repeats` is less than 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, repeated_runs
    >>> X, y = load_iris(return_X_y=True)
    >>> runs = repeated_runs(DNNClassifier(epochs=5), X, y, n_repeats=2, cv=3)
    >>> runs.scores.shape
    (2, 3)
    >>> others = repeated_runs(DNNClassifier(dropout=0.5, epochs=5), X, y, n_repeats=2, cv=3)
    >>> "95% interval" in str(runs.compare(others))
    True
    """
    if n_repeats < 2:
        raise ValueError(f"n_repeats={n_repeats} gives no standard deviation; set at least 2.")
    seeds = np.random.default_rng(random_state).integers(2**31 - 1, size=n_repeats)
    folds, scores, histories = [], [], []
    for seed in map(int, seeds):
        splits = list(_splitter(cv, y, is_classifier(estimator), seed).split(X, y))
        run = cross_validate(
            seeded(estimator, seed),
            X,
            y,
            cv=splits,
            scoring=scoring,
            n_jobs=n_jobs,
            return_estimator=True,
            error_score="raise",
        )
        folds.append(splits)
        scores.append(run["test_score"])
        histories.append([_history(fitted) for fitted in run["estimator"]])
    return RepeatedRuns(np.array(scores), seeds, folds, histories, confidence)


def _splitter(cv, y, classifies, seed):
    checked = check_cv(cv, y, classifier=classifies)
    if isinstance(cv, int | np.integer):
        kind = StratifiedKFold if isinstance(checked, StratifiedKFold) else KFold
        return kind(cv, shuffle=True, random_state=seed)
    return checked


def _history(estimator):
    try:
        return find_network(estimator).history_
    except TypeError:
        return None


def _interval(values, confidence):
    center, error = values.mean(), stats.sem(values)
    if error == 0:
        return float(center), float(center)
    low, high = stats.t.interval(confidence, len(values) - 1, loc=center, scale=error)
    return float(low), float(high)
