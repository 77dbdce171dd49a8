"""AutoClassifier and AutoRegressor against single models with their defaults, on raw tables and the same splits.

Prints log loss or RMSE, accuracy or R2, and seconds. Each (set, split, contender, version and seconds) is a line of a
file; what is there is not run again. A contender that is not installed is left out.
"""

import argparse
import importlib.util
import json
import time
import warnings
from pathlib import Path

import numpy as np
from datasets import load_frame, tabular_names
from recipes import read
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, root_mean_squared_error
from timing import print_environment


def automl(is_classification, seconds, **parameters):
    from presets import AutoClassifier, AutoRegressor

    kind = AutoClassifier if is_classification else AutoRegressor
    return kind(time_limit=seconds, random_state=0, **parameters)


def without_selection(is_classification, seconds):
    return automl(is_classification, seconds, ensemble_size=1)


def one_fold(is_classification, seconds):
    return automl(is_classification, seconds, cv="last")


def boosting(is_classification, seconds):
    kind = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return kind(categorical_features="from_dtype", random_state=0)


def flaml(is_classification, seconds):
    from flaml import AutoML

    metric, task = ("log_loss", "classification") if is_classification else ("rmse", "regression")
    return AutoML(task=task, metric=metric, time_budget=seconds, seed=0, verbose=0)


def catboost(is_classification, seconds):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if is_classification else CatBoostRegressor
    return kind(random_seed=0, verbose=0, allow_writing_files=False)


CONTENDERS = {
    "AutoML": automl,
    "without selection": without_selection,
    "one fold": one_fold,
    "HistGradientBoosting": boosting,
    "FLAML": flaml,
    "CatBoost": catboost,
}
METRICS = ("log loss", "accuracy", "RMSE", "R2", "seconds")
NEEDS = {"FLAML": "flaml", "CatBoost": "catboost"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lines", type=Path, default=Path("automl.jsonl"), help="file of the results")
    parser.add_argument("--version", default="1", help="raise it where a contender has changed")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")

    print_environment()
    known = read(options.lines)
    version = f"{options.version}, {options.seconds:g} s"
    names = [n for n in options.contenders if n not in NEEDS or importlib.util.find_spec(NEEDS[n])]
    for set_name in options.sets or tabular_names(options.data):
        for split in range(options.splits):
            table = load_frame(options.data, set_name, split=split)
            for name in names:
                key = (set_name, split, name, version)
                if key not in known:
                    known[key] = dict(zip(("set", "split", "contender", "version"), key, strict=True))
                    known[key] |= run(CONTENDERS[name](table.is_classification, options.seconds), table)
                    with options.lines.open("a") as file:
                        print(json.dumps(known[key]), file=file)
                figures = ", ".join(f"{m} {known[key][m]:.4g}" for m in METRICS if m in known[key])
                print(f"{set_name} {split} {name}: {figures}", flush=True)


def run(model, table):
    start = time.perf_counter()
    model.fit(table.X_train, table.y_train)
    seconds = time.perf_counter() - start
    predicted = model.predict(table.X_test)
    if table.is_classification:
        loss = log_loss(table.y_test, model.predict_proba(table.X_test), labels=model.classes_)
        return {"log loss": loss, "accuracy": float(np.mean(predicted == table.y_test)), "seconds": seconds}
    rmse = float(root_mean_squared_error(table.y_test, predicted))
    return {"RMSE": rmse, "R2": 1 - rmse**2 / float(np.var(table.y_test)), "seconds": seconds}


if __name__ == "__main__":
    main()
