"""AutoClassifier and AutoRegressor against other tools and single models, on raw tables and the same splits.

Prints log loss and AUC or RMSE and R2, and seconds; then the mean rank of each contender by log loss or RMSE, which
all of them optimise. Each (set, split, contender, version and seconds) is a line of a file; what is there is not run
again. A contender that is not installed is left out. With `--clock cpu` a second is a CPU second of the process for
every contender, so that figures of a busy machine are those of a quiet core.
"""

import argparse
import copy
import dataclasses
import importlib.util
import json
import pickle
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from datasets import load_frame, tabular_names
from recipes import read
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from timing import print_environment

FEWEST_ROWS = 500
METRICS = ("log loss", "AUC", "accuracy", "RMSE", "R2", "seconds", "CPU seconds")


def automl(table, options, **parameters):
    from presets import AutoClassifier, AutoRegressor

    kind = AutoClassifier if table.is_classification else AutoRegressor
    return kind(time_limit=options.seconds, random_state=0, **parameters)


def kept(table, options):
    """AutoML, kept for the contenders that differ from it only after the fits."""
    options.fitted = automl(table, options)
    return options.fitted


def without_selection(table, options):
    """The best candidate alone."""
    auto = fitted(options)
    best = max((trial for trial in auto.trials_ if trial.weight), key=lambda trial: trial.score)
    auto.trials_, auto.temperature_ = [dataclasses.replace(best, weight=1.0)], 1.0
    return Fitted(auto)


def without_calibration(table, options):
    auto = fitted(options)
    auto.trials_ = [dataclasses.replace(trial, temperature=1.0) for trial in auto.trials_]
    auto.temperature_ = 1.0
    return Fitted(auto)


def fitted(options):
    """A copy of the AutoML that was fitted to this set."""
    if options.fitted is None:
        raise SystemExit("This contender needs the models of AutoML: run both in one call, with a new --version.")
    return copy.copy(options.fitted)


class Fitted:
    """A contender that needs no fit."""

    def __init__(self, auto):
        self.predict, self.predict_proba = auto.predict, getattr(auto, "predict_proba", None)
        self.classes_ = getattr(auto, "classes_", None)

    def fit(self, X, y):
        pass


def without_trees(table, options):
    """Networks and a linear model alone."""
    from presets.automl.inputs import check_target
    from presets.automl.portfolio import portfolio
    from presets.automl.preparation import describe_task

    y, target, classes = check_target(table.y_train, is_classification=table.is_classification)
    task = describe_task("table", table.X_train, y, target, classes, n_rows=len(y))
    networks = [(c.name, c.estimator) for c in portfolio(task) if c.preset or c.name == "linear"]
    return automl(table, options, candidates=networks)


def one_fold(table, options):
    return automl(table, options, cv="last")


def boosting(table, options):
    kind = HistGradientBoostingClassifier if table.is_classification else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def tuner_search(table, options):
    from presets import DNNClassifier, DNNRegressor, TunerSearchCV

    network = (DNNClassifier if table.is_classification else DNNRegressor)(random_state=0)
    scoring = "neg_log_loss" if table.is_classification else "neg_root_mean_squared_error"
    search = {"timeout": options.seconds * 0.8, "n_trials": None, "cv": 3, "random_state": 0}  # a fifth for the refit
    return TunerSearchCV(network, scoring=scoring, **search)


def catboost(table, options):
    return CatBoost(table.is_classification)


class CatBoost:
    """Its defaults; categories must be strings and named."""

    def __init__(self, is_classification):
        from catboost import CatBoostClassifier, CatBoostRegressor

        kind = CatBoostClassifier if is_classification else CatBoostRegressor
        self.model = kind(random_seed=0, verbose=0, allow_writing_files=False, thread_count=1)

    def fit(self, X, y):
        self.categories = list(X.select_dtypes(exclude="number"))
        self.model.fit(self._read(X), y, cat_features=self.categories)
        self.classes_ = getattr(self.model, "classes_", None)

    def predict(self, X):
        return self.model.predict(self._read(X)).ravel()

    def predict_proba(self, X):
        return self.model.predict_proba(self._read(X))

    def _read(self, X):
        return X.assign(**{name: X[name].astype(object).fillna("missing").astype(str) for name in self.categories})


def flaml(table, options):
    from flaml import AutoML

    metric, task = ("log_loss", "classification") if table.is_classification else ("rmse", "regression")
    return AutoML(task=task, metric=metric, time_budget=options.seconds, seed=0, verbose=0, n_jobs=1)


def autogluon(table, options):
    return AutoGluon(table.is_classification, options)


class AutoGluon:
    """`medium_quality` in the environment of `--with-autogluon`."""

    def __init__(self, is_classification, options):
        self.is_classification, self.options = is_classification, options

    def fit(self, X, y):
        self.data = X, y

    def predict(self, X):
        return self._run(X)["predicted"]

    def predict_proba(self, X):
        found = self._run(X)
        self.classes_ = found["classes"]
        return found["probabilities"]

    def _run(self, X):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "data.pickle"
            given = {
                "X_train": plain_columns(self.data[0]),
                "y_train": self.data[1].tolist(),
                "X": plain_columns(X),
                "is_classification": self.is_classification,
            }
            file.write_bytes(pickle.dumps(given | {"seconds": self.options.seconds, "clock": self.options.clock}))
            script = Path(__file__).with_name("autogluon_fit.py")
            subprocess.run([self.options.with_autogluon, script, file], check=True)
            found = pickle.loads(file.read_bytes())
        self.seconds = found["seconds"]
        return found


def plain_columns(frame):
    """A frame for another version of pandas: kind and values of each column."""
    return {
        str(name): (
            "number" if column.dtype.kind in "biuf" else "category",
            [None if value != value else value for value in column.astype(object)],
        )
        for name, column in frame.items()
    }


CONTENDERS = {
    "AutoML": kept,
    "AutoML, networks alone": without_trees,
    "AutoGluon": autogluon,
    "FLAML": flaml,
    "CatBoost": catboost,
    "HistGradientBoosting": boosting,
    "TunerSearchCV(article)": tuner_search,
    "without selection": without_selection,
    "without calibration": without_calibration,
    "one fold": one_fold,
}
NEEDS = {"FLAML": "flaml", "CatBoost": "catboost"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=Path, default=Path("automl.jsonl"), help="file of the results")
    parser.add_argument("--version", default="1", help="raise it where a contender has changed")
    parser.add_argument("--sets", nargs="+", help=f"names of sets; all of {FEWEST_ROWS} rows and more if not given")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS)[:7])
    parser.add_argument("--with-autogluon", metavar="PYTHON", help="interpreter of an environment with AutoGluon")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")

    print_environment()
    if options.clock == "cpu":
        count_cpu_seconds()
    known = read(options.lines)
    version = f"{options.version}, {options.seconds:g} {options.clock} s"
    names = [name for name in options.contenders if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
    names = [name for name in names if name != "AutoGluon" or options.with_autogluon]
    results = {}
    for set_name in options.sets or tabular_names(options.data):
        for split in range(options.splits):
            table = load_frame(options.data, set_name, split=split)
            if len(table.X_train) < FEWEST_ROWS:
                continue
            options.fitted = None
            for name in names:
                key = (set_name, split, name, version, None)  # of all rows
                if key not in known:
                    known[key] = {"set": set_name, "split": split, "contender": name, "version": version}
                    known[key] |= run(CONTENDERS[name](table, options), table)
                    with options.lines.open("a") as file:
                        print(json.dumps(known[key]), file=file)
                results[set_name, split, name] = known[key]
                figures = ", ".join(f"{m} {known[key][m]:.4g}" for m in METRICS if m in known[key])
                print(f"{set_name} {split} {name}: {figures}", flush=True)
    print_ranks(results, names)


def count_cpu_seconds():
    """Let every clock of this process count its CPU seconds."""
    start = time.time()
    time.monotonic = time.perf_counter = time.process_time
    time.time = lambda: start + time.process_time()


def run(model, table):
    start, cpu = time.perf_counter(), time.process_time()
    model.fit(table.X_train, table.y_train)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if table.is_classification:
        probabilities = model.predict_proba(table.X_test)
        classes = np.asarray(model.classes_)
        codes = np.searchsorted(classes, table.y_test)
        scores = probabilities[:, 1] if len(classes) == 2 else probabilities
        found = {
            "log loss": float(log_loss(table.y_test, probabilities, labels=classes)),
            "AUC": float(roc_auc_score(codes, scores, multi_class="ovr")),
            "accuracy": float(np.mean(classes[probabilities.argmax(axis=1)] == table.y_test)),
        }
    else:
        rmse = float(root_mean_squared_error(table.y_test, model.predict(table.X_test)))
        found = {"RMSE": rmse, "R2": 1 - rmse**2 / float(np.var(table.y_test))}
    return found | {"seconds": getattr(model, "seconds", seconds), "CPU seconds": cpu}


def print_ranks(results, names):
    """Log loss or RMSE of each set, and the mean ranks of the contenders over sets where each has a result."""
    places = sorted({key[:2] for key in results})
    print(f"\n| | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    ranks = []
    for place in places:
        found = [results[*place, name] for name in names]
        losses = [result.get("log loss", result.get("RMSE")) for result in found]
        ranks.append(1 + np.argsort(np.argsort(losses)))
        metric = "log loss" if "log loss" in found[0] else "RMSE"
        name = place[0] if place[1] == 0 else f"{place[0]} {place[1]}"
        print(f"| {name}, {metric} | {' | '.join(f'{loss:.4g}' for loss in losses)} |")
    print(f"| **mean rank** | {' | '.join(f'{rank:.2f}' for rank in np.mean(ranks, axis=0))} |")


if __name__ == "__main__":
    main()
