"""Preparation of a fit: data, folds, metric, candidates and journal. Errors before training are raised here."""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone, is_classifier
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import _check_sample_weight

from presets.automl.folds import make_splits, number_of_folds
from presets.automl.inputs import check_target, check_X, kind_of_task
from presets.automl.journal import Journal, describe
from presets.automl.metric import metric_for
from presets.automl.portfolio import TREES, Candidate, Task, portfolio
from presets.automl.tables import coded_categories
from presets.automl.trials import Rows
from presets.search.journal import draw_seed


@dataclass(frozen=True)
class Problem:
    """The prepared parts of a fit.

    Parameters
    ----------
    rows : Rows
    task : Task
    candidates : list of Candidate
    journal : Journal
    seed : int
        As a `random_state` it repeats the fit.
    seeds : RandomState
        Source of the candidates' seeds.
    """

    rows: Rows
    task: Task
    candidates: list[Any]
    journal: Journal
    seed: int
    seeds: np.random.RandomState


def prepare(auto, X, y, sample_weight, groups, *, n_jobs):
    """Check parameters and data, and make the folds.

    Parameters
    ----------
    auto : AutoClassifier or AutoRegressor
    X, y, sample_weight, groups
        The arguments of `fit`.
    n_jobs : int

    Returns
    -------
    Problem

    Raises
    ------
    ValueError, TypeError
        If a parameter or the data cannot be used.
    """
    if y is None:
        raise ValueError(f"{type(auto).__name__} requires y to be passed, but the target y is None.")
    if auto.resume and auto.directory is None:
        raise ValueError("resume=True needs the directory of the fit to continue; set directory.")
    kind = kind_of_task(X)
    checked = check_X(X, kind)
    y, target, classes = check_target(y, is_classification=is_classifier(auto))
    check_consistent_length(checked, y, groups)
    if len(y) < 2:
        raise ValueError(f"n_samples={len(y)}, but at least 2 rows are needed: one to train, one to test.")
    if sample_weight is not None:
        sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        if not sample_weight.any():
            raise ValueError("sample_weight is zero for every row; at least one row needs a positive weight.")
    groups = None if groups is None else np.asarray(groups)
    stored = Journal.header_of(auto.directory) if auto.resume else {}
    seed = _seed(auto.random_state, stored)
    seeds = np.random.RandomState(drawn := draw_seed(np.random.RandomState(seed)))
    seconds = np.inf if auto.time_limit is None else auto.time_limit * n_jobs
    size = 1 if kind == "table" else math.prod(checked.shape[1:-1])
    n_folds = stored.get("n_folds") or number_of_folds(
        y, classes=classes, groups=groups, kind=kind, size=size, seconds=seconds
    )
    splits = make_splits(auto.cv, y, classes=classes, groups=groups, seed=seeds.randint(2**31 - 1), n_folds=n_folds)
    metric = metric_for(auto.scoring, classes)
    calibrate = auto.calibrate if is_classifier(auto) else False
    rows = Rows(checked, y, target, sample_weight, classes, splits, metric, kind, calibrate)
    _check_metric(rows)
    _check_threshold(auto, metric, classes)
    task = describe_task(kind, checked, y, target, classes, n_rows=rows.n_train)
    candidates = _candidates(auto, task)
    header = {"seed": drawn}
    if auto.directory is not None:
        header |= describe(auto, rows, groups) | {"random_state": seed}
    journal = Journal.open(auto.directory, header, resume=auto.resume)
    journal.trusted = TREES
    return Problem(rows, task, candidates, journal, seed, seeds)


def describe_task(kind, X, y, target, classes, *, n_rows):
    """Collect the facts that decide which models are tried.

    Returns
    -------
    Task
    """
    return Task(
        kind=kind,
        is_classification=classes is not None,
        n_rows=n_rows,
        n_rarest=0 if classes is None else int(np.bincount(target).min()),
        n_outputs=1 if y.ndim == 1 else y.shape[1],
        categories=coded_categories(X) if kind == "table" else None,
        is_sparse=sparse.issparse(X),
    )


def _seed(random_state, stored):
    """The number that repeats the fit as a `random_state`. Without one, a continued fit uses the stored number."""
    if random_state is None:
        return stored["random_state"] if stored else draw_seed(np.random.RandomState())
    return int(random_state) if isinstance(random_state, Integral) else draw_seed(random_state)


def _check_metric(rows):
    """Score good predictions of all test rows. A metric that does not fit the task then fails before any training."""
    test = np.unique(np.concatenate([test for _, test in rows.splits]))
    good = rows.y[test]
    if rows.classes is not None:
        shares = np.bincount(rows.target) / len(rows.target)
        good = 0.1 * shares + 0.9 * np.eye(len(shares))[rows.target[test]]
    try:
        score = rows.score(test, good)
    except Exception as error:  # a scorer may raise anything
        raise ValueError(f"scoring: {rows.metric.name} cannot score the test rows: {error}") from error
    if math.isnan(score):
        raise ValueError(
            f"scoring: {rows.metric.name} of the test rows is not a number, even for good predictions. Set another "
            "scoring or cv, for example if it needs test rows of several classes."
        )


def _check_threshold(auto, metric, classes):
    threshold = getattr(auto, "threshold", None)
    if threshold is None:
        return
    if len(classes) != 2:
        raise ValueError(f"threshold={threshold!r} needs two classes, but y has {len(classes)}; set threshold=None.")
    if threshold == "scoring" and not metric.is_of_labels:
        raise ValueError(
            f"threshold='scoring' needs a scoring of labels, such as 'f1', but {metric.name} scores probabilities."
        )


def _candidates(auto, task):
    if isinstance(auto.candidates, str):
        return portfolio(task)
    for pair in auto.candidates:
        if not (isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise ValueError(f"candidates must be pairs of a name and an estimator, got {pair!r}.")
    names = [name for name, _ in auto.candidates]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"candidates must be pairs of a name and an estimator, each name once, got {names}.")
    method = "predict_proba" if task.is_classification else "predict"
    for name, estimator in auto.candidates:
        if isinstance(estimator, type):
            raise ValueError(f"candidates: {name!r} is a class; give an object, such as {estimator.__name__}().")
        if not hasattr(estimator, method):
            raise ValueError(f"candidates: {name!r} has no {method}.")
        try:
            clone(estimator)
        except Exception as error:  # each fold needs a copy
            raise ValueError(f"candidates: {name!r} cannot be cloned: {error}") from error
    return [Candidate(name, estimator) for name, estimator in auto.candidates]
