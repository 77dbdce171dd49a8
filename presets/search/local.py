"""A search in this process and its joblib workers."""

import functools

from joblib import Parallel, delayed

from presets.search.evaluation import INTERRUPTED, Bar, Result
from presets.search.oracles import tell


def run_trials(oracle, parameters, evaluation, journal, *, n_jobs, deadline, prune, announce):
    """Run the trials that an oracle proposes, until it has no more or the time is over.

    Trials that the journal holds are not run again. With several workers as many trials are proposed and run side by
    side, so that the same workers give the same trials.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
    parameters : callable
        From the number of a trial and Keras Tuner's values to the estimator's parameters.
    evaluation : Evaluation
    journal : Journal
    n_jobs : int
        Trials to run side by side.
    deadline : Deadline or None
    prune : bool
        Whether hopeless trials lose their remaining folds.
    announce : callable
        Called with each new result and all results.

    Returns
    -------
    list of Result
        In the order of their numbers, with those that the end of the time interrupted.
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


def proposal(trial, parameters):
    """Number, values and parameters of a Keras Tuner trial."""
    number, values = int(trial.trial_id), trial.hyperparameters.values
    return number, values, parameters(number, values)


def _propose(oracle, n_trials):
    """The next trials; fewer where the oracle waits for results, none where it is done."""
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
            f"proposes {values}. It was written with another number of workers or another version; give another "
            "directory."
        )
    return stored is not None
