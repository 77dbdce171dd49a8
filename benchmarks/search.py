"""TunerSearchCV, GridSearchCV, RandomizedSearchCV and SklearnTuner over the same space, with the same seconds for each.

Everyone searches the article's space around the same DNN estimator with the same folds, then fits the best on all
training rows (not counted in the seconds) and is scored on the test rows: with several seeds, since one fit's score
differs more from the next one's than the searches do. Only TunerSearchCV knows a budget of time.
GridSearchCV and RandomizedSearchCV are given one candidate after the other, and a callback ends the fit in which the
time is over. A trial counts if it ended in time; those that TunerSearchCV ended early, as hopeless, are counted apart.
Programs are dropped before every search.
"""

import argparse
import contextlib
import itertools
import statistics
import tempfile
import warnings

import keras_tuner
from datasets import load_tabular
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid, ParameterSampler, StratifiedKFold
from timing import print_environment

from presets.training.callbacks import Deadline, OutOfTimeError

SETS = ("german_credit", "penguins", "vehicle", "abalone", "mpg")


class TimeOverError(keras_tuner.errors.FatalError):
    """Ends a search of Keras Tuner's, which knows no budget either."""


def tuner_search(estimator, space, table, cv, seconds):
    from presets import TunerSearchCV

    search = TunerSearchCV(estimator, space=space, cv=cv, n_trials=None, timeout=seconds, refit=False, random_state=0)
    search.fit(table.X_train, table.y_train)
    status = search.cv_results_["status"].tolist()
    return search.best_params_, search.best_score_, status.count("completed"), status.count("pruned")


def grid_search(estimator, space, table, cv, seconds):
    return one_by_one(estimator, ParameterGrid(space.grid(3)), table, cv, seconds)


def randomized_search(estimator, space, table, cv, seconds):
    draws = (
        next(iter(ParameterSampler(space.distributions(), 1, random_state=number))) for number in itertools.count()
    )
    return one_by_one(estimator, draws, table, cv, seconds)


def one_by_one(estimator, candidates, table, cv, seconds):
    estimator, deadline = ending(estimator, seconds)
    best_score, best_params, n_trials = -float("inf"), {}, 0
    for params in candidates:
        values = {name: [value] for name, value in params.items()}
        grid = GridSearchCV(estimator, values, cv=cv, refit=False, error_score="raise")
        with contextlib.suppress(OutOfTimeError):
            grid.fit(table.X_train, table.y_train)
        if deadline.seconds_left < 0:
            break
        n_trials += 1
        if grid.best_score_ > best_score:
            best_score, best_params = grid.best_score_, grid.best_params_
    return best_params, best_score, n_trials, 0


def sklearn_tuner(estimator, space, table, cv, seconds):
    estimator, deadline = ending(estimator, seconds)

    def build(hp):
        if deadline.seconds_left < 0:
            raise TimeOverError
        return clone(estimator).set_params(**space.settings(hp.values))

    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.SklearnTuner(
            keras_tuner.oracles.BayesianOptimizationOracle(
                keras_tuner.Objective("score", "max"),
                max_trials=10**6,
                hyperparameters=space.hyperparameters(estimator.get_params()),
                seed=1,
            ),
            build,
            cv=cv,
            directory=folder,
            project_name="search",
        )
        tuner.oracle.verbose = 0
        with contextlib.suppress(TimeOverError):
            tuner.search(table.X_train, table.y_train)
        done = [trial for trial in tuner.oracle.trials.values() if trial.score is not None]
    if not done:
        return {}, float("nan"), 0, 0
    best = max(done, key=lambda trial: trial.score)
    return space.settings(best.hyperparameters.values), best.score, len(done), 0


def ending(estimator, seconds):
    """A copy whose fits end when the time is over."""
    deadline = Deadline(seconds)
    return clone(estimator).set_params(callbacks=[deadline]), deadline


CONTENDERS = {
    "TunerSearchCV": tuner_search,
    "GridSearchCV": grid_search,
    "RandomizedSearchCV": randomized_search,
    "SklearnTuner": sklearn_tuner,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each search")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--finals", type=int, default=5, help="seeds of the final fit")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)

    print_environment()
    print("| set | search | trials | and pruned | score of the folds | test score | of each seed |")
    print("|---|---|---|---|---|---|---|")
    scores = {name: [] for name in options.contenders}
    cv_scores = {name: [] for name in options.contenders}
    trials = {name: [] for name in options.contenders}
    for number, set_name in enumerate(options.sets):
        table = load_tabular(options.data, set_name)
        shift = number % len(options.contenders)
        for name in options.contenders[shift:] + options.contenders[:shift]:
            n_completed, n_pruned, cv_score, finals = run(CONTENDERS[name], table, options)
            score = statistics.mean(finals)
            scores[name].append(score)
            cv_scores[name].append(cv_score)
            trials[name].append(n_completed + n_pruned)
            each = ", ".join(f"{final:.3f}" for final in finals)
            print(
                f"| {set_name} | {name} | {n_completed} | {n_pruned} | {cv_score:.4f} | {score:.4f} | {each} |",
                flush=True,
            )
    for name in options.contenders:
        means = statistics.mean(cv_scores[name]), statistics.mean(scores[name])
        print(f"| **mean** | {name} | {statistics.mean(trials[name]):.1f} | | {means[0]:.4f} | {means[1]:.4f} | |")


def run(contender, table, options):
    """Trials, the score that chose the best, and the best's test scores, one for each seed of the final fit."""
    from presets import DNNClassifier, DNNRegressor, clear_programs
    from presets.search import dnn_space

    is_classification = table.metric == "accuracy"
    estimator = (DNNClassifier if is_classification else DNNRegressor)(random_state=0)
    cv = (StratifiedKFold if is_classification else KFold)(options.folds, shuffle=True, random_state=0)
    clear_programs()
    params, cv_score, n_completed, n_pruned = contender(estimator, dnn_space(), table, cv, options.seconds)
    finals = (clone(estimator).set_params(**params, random_state=seed) for seed in range(options.finals))
    scores = [final.fit(table.X_train, table.y_train).score(table.X_test, table.y_test) for final in finals]
    return n_completed, n_pruned, cv_score, scores


if __name__ == "__main__":
    main()
