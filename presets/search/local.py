"""A search in this process and its joblib workers."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import keras_tuner
from joblib import Parallel, delayed

from presets.search.evaluation import INTERRUPTED, Bar, Evaluation, Result
from presets.search.journal import Journal
from presets.search.oracles import tell
from presets.training.deadline import Deadline

ParametersOf: TypeAlias = Callable[[int, dict[str, Any]], dict[str, Any]]
"""Takes the number of a trial and Keras Tuner's values, and returns parameters of the estimator."""


def run_trials(
    oracle: keras_tuner.Oracle,
    parameters: ParametersOf,
    evaluation: Evaluation,
    journal: Journal,
    *,
    n_jobs: int,
    deadline: Deadline | None,
    prune: bool,
    announce: Callable[[Result, list[Result]], None],
) -> list[Result]:
    """Run the trials that an oracle proposes, until it has no more or the time is over.

    Trials in the journal are not run again. `n_jobs` trials are proposed at a time and run in parallel, so the same
    number of workers gives the same trials.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
    parameters : callable
        Takes the number of a trial and Keras Tuner's values, and returns parameters of the estimator.
    evaluation : Evaluation
    journal : Journal
    n_jobs : int
        Number of trials that run in parallel.
    deadline : Deadline or None
    prune : bool
        Whether poor trials stop early.
    announce : callable
        Called with each new result and the list of all results.

    Returns
    -------
    list of Result
        In the order of their numbers, interrupted ones included.
    """
    results: list[Result] = []
    metric = evaluation.metric
    with Parallel(n_jobs=n_jobs) as parallel:
        while trials := _propose(oracle, n_jobs):
            proposals = [proposal(trial, parameters) for trial in trials]
            new = [proposed for proposed in proposals if not _is_stored(journal, *proposed)]
            run = functools.partial(
                evaluation.run,
                bar=Bar.of(results, metric) if prune else None,
                seconds=None if deadline is None else deadline.seconds_left,
            )
            fresh = {result.number: result for result in parallel(delayed(run)(*proposed) for proposed in new)}
            for trial, (number, _, params) in zip(trials, proposals, strict=True):
                result = fresh.get(number) or journal.results[number]
                result.params = params
                results.append(result)
                if result.status != INTERRUPTED:
                    if number in fresh:
                        journal.write(result)
                    tell(oracle, trial, result.mean(metric), result.failure)
                if number in fresh:
                    announce(result, results)
            if deadline is not None and deadline.seconds_left < 0:
                break
    return results


def proposal(trial: Any, parameters: ParametersOf) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Number, values and parameters of a Keras Tuner trial."""
    number, values = int(trial.trial_id), trial.hyperparameters.values
    return number, values, parameters(number, values)


def _propose(oracle, n_trials):
    """The next trials: fewer than `n_trials` if the oracle waits for results, none if it has finished."""
    trials = []
    for worker in range(n_trials):
        trial = oracle.create_trial(f"worker {worker}")
        if trial.status != "RUNNING":
            break
        trials.append(trial)
    return trials


def _is_stored(journal, number, values, params):
    stored = journal.results.get(number)
    if stored is not None and stored.values != values:
        raise ValueError(
            f"directory={str(journal.directory)!r}: trial {number} is stored with {stored.values}, but this search "
            f"proposes {values}. It was written with another number of workers or another version; use another "
            "directory."
        )
    return stored is not None
