"""TunerSearchCV, GridSearchCV, RandomizedSearchCV and SklearnTuner over the same space, with the same seconds for each.

Everyone searches the article's space around the same DNN estimator with the same folds, then fits the best on all
training rows (not counted in the seconds) and is scored on the test rows. This is repeated with other splits into
training and test rows, other folds and other proposals, since all three make more difference than the searches do.
Only TunerSearchCV knows a budget of time. Where no trial ended it gives the estimator as it was given, which is counted
for everyone. GridSearchCV and RandomizedSearchCV are given one candidate after the other, and a callback ends the fit
in which the time is over. A trial counts if it ended in time; those that TunerSearchCV ended early, as hopeless, are
counted apart. Programs are dropped before every search.
"""

import argparse
import contextlib
import itertools
import tempfile
import warnings

import keras_tuner
import numpy as np
from datasets import load_tabular
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, ParameterGrid, ParameterSampler, StratifiedKFold
from timing import print_environment

from presets.training.callbacks import Deadline, OutOfTimeError

SETS = ("german_credit", "penguins", "vehicle", "abalone", "mpg")


class TimeOverError(keras_tuner.errors.FatalError):
    """Ends a search of Keras Tuner's, which knows no budget either."""


def tuner_search(estimator, space, table, cv, seconds, seed):
    from presets import TunerSearchCV

    search = TunerSearchCV(
        estimator, space=space, cv=cv, n_trials=None, timeout=seconds, refit=False, random_state=seed
    )
    search.fit(table.X_train, table.y_train)
    status = search.cv_results_["status"].tolist()
    return search.best_params_, search.best_score_, status.count("completed"), status.count("pruned")


def grid_search(estimator, space, table, cv, seconds, seed):
    return one_by_one(estimator, ParameterGrid(space.grid(3)), table, cv, seconds)


def randomized_search(estimator, space, table, cv, seconds, seed):
    random = np.random.RandomState(seed)
    draws = (next(iter(ParameterSampler(space.distributions(), 1, random_state=random))) for _ in itertools.count())
    return one_by_one(estimator, draws, table, cv, seconds)


def one_by_one(estimator, candidates, table, cv, seconds):
    estimator, deadline = ending(estimator, seconds)
    best_score, best_params, n_trials = float("nan"), {}, 0
    for params in candidates:
        values = {name: [value] for name, value in params.items()}
        grid = GridSearchCV(estimator, values, cv=cv, refit=False, error_score="raise")
        with contextlib.suppress(OutOfTimeError):
            grid.fit(table.X_train, table.y_train)
        if deadline.seconds_left < 0:
            break
        n_trials += 1
        if n_trials == 1 or grid.best_score_ > best_score:
            best_score, best_params = grid.best_score_, grid.best_params_
    return best_params, best_score, n_trials, 0


def sklearn_tuner(estimator, space, table, cv, seconds, seed):
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
                seed=seed + 1,  # it draws another where it is given 0
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
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)

    print_environment()
    print("| repeat | set | search | trials | and pruned | score of the folds | test score |")
    print("|---|---|---|---|---|---|---|", flush=True)
    rows = {name: [] for name in options.contenders}
    rounds = itertools.product(range(options.repeats), options.sets)
    for number, (seed, set_name) in enumerate(rounds):
        table = load_tabular(options.data, set_name, split=seed)
        shift = number % len(options.contenders)
        for name in options.contenders[shift:] + options.contenders[:shift]:
            row = run(CONTENDERS[name], table, options.folds, options.seconds, seed)
            rows[name].append(row)
            print(f"| {seed} | {set_name} | {name} | {line(row)} |", flush=True)
    for name in options.contenders:
        for i, set_name in enumerate(options.sets):
            print(f"| mean | {set_name} | {name} | {line(np.mean(rows[name][i :: len(options.sets)], axis=0))} |")
        print(f"| **mean** | | {name} | {line(np.mean(rows[name], axis=0))} |")


def line(row):
    """Cells of a row, or of a mean of rows."""
    n_completed, n_pruned, cv_score, test_score = row
    return f"{n_completed:.3g} | {n_pruned:.3g} | {cv_score:.4f} | {test_score:.4f}"


def run(contender, table, n_folds, seconds, seed):
    """Trials that ended, and those ended early, the score that chose the best, and the best's test score."""
    from presets import DNNClassifier, DNNRegressor, clear_programs
    from presets.search import dnn_space

    is_classification = table.metric == "accuracy"
    estimator = (DNNClassifier if is_classification else DNNRegressor)(random_state=seed)
    cv = (StratifiedKFold if is_classification else KFold)(n_folds, shuffle=True, random_state=seed)
    clear_programs()
    params, cv_score, n_completed, n_pruned = contender(estimator, dnn_space(), table, cv, seconds, seed)
    final = clone(estimator).set_params(**params).fit(table.X_train, table.y_train)
    return n_completed, n_pruned, cv_score, final.score(table.X_test, table.y_test)


if __name__ == "__main__":
    main()
