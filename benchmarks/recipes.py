"""Test scores, log loss or RMSE, and CPU seconds of the presets over the tabular sets of a folder, as raw frames.

Our networks get the frames as they are. Boosting gets categories, and dates as numbers; RealMLP, which takes no gaps,
gets means and indicators for them. A regression's y is standardised. Each (set, split, contender, version) is a line of
a file; what is there is not run again, so that unchanged contenders run once. CPU seconds are those of all threads, and
include compiling. CatBoost and RealMLP-TD (pytabkit) may be installed in an environment of their own: run them there
with the same file of lines.
"""

import argparse
import json
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import load_raw_frame, tabular_names
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from timing import print_environment

MOST_LEVELS = 254  # of a category of HistGradientBoosting's


def preset(name, X, is_classification, seed):
    """The dense network of a named preset."""
    from presets import DNNClassifier, DNNRegressor

    return (DNNClassifier if is_classification else DNNRegressor).from_preset(name, random_state=seed)


def averaged(name, X, is_classification, seed):
    """Five averaged networks of a named preset."""
    from presets import EnsembleClassifier, EnsembleRegressor

    kind = EnsembleClassifier if is_classification else EnsembleRegressor
    return kind(preset(name, X, is_classification, None), n_members=5, random_state=seed)


def boosting(X, is_classification, seed):
    kind = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return make_pipeline(Prepared("category"), kind(categorical_features="from_dtype", random_state=seed))


def catboost(X, is_classification, seed):
    from catboost import CatBoostClassifier, CatBoostRegressor

    kind = CatBoostClassifier if is_classification else CatBoostRegressor
    categories = list(Prepared("string").fit_transform(X).select_dtypes(exclude="number"))
    estimator = kind(cat_features=categories, random_seed=seed, verbose=0, thread_count=1, allow_writing_files=False)
    return make_pipeline(Prepared("string"), estimator)


def realmlp(X, is_classification, seed):
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    numbers = make_column_selector(dtype_include="number")
    filled = make_column_transformer(
        (SimpleImputer(add_indicator=True), numbers), remainder="passthrough", verbose_feature_names_out=False
    )
    kind = RealMLP_TD_Classifier if is_classification else RealMLP_TD_Regressor
    return make_pipeline(
        Prepared("category"),
        filled.set_output(transform="pandas"),
        kind(device="cpu", random_state=seed, n_threads=1, verbosity=0),
    )


class Prepared(FunctionTransformer):
    """Dates as numbers, and the other columns that are no numbers as categories or strings."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def fit(self, X, y=None):
        self.levels_ = {name: X[name].value_counts().index[:MOST_LEVELS] for name in _words(X)}
        return self

    def transform(self, X):
        columns = {}
        for name in X:
            if name in self.levels_ and self.kind == "category":
                columns[name] = pd.Categorical(X[name], categories=self.levels_[name])
            elif name in self.levels_:
                columns[name] = X[name].astype(object).fillna("missing").astype(str)
            elif X[name].dtype.kind == "M":
                for part in ("year", "month", "day", "dayofweek", "hour"):
                    columns[f"{name} {part}"] = getattr(X[name].dt, part)
            else:
                columns[name] = X[name]
        return pd.DataFrame(columns, index=X.index)


def _words(X):
    return [name for name in X if X[name].dtype.kind not in "iufbM"]


CONTENDERS = {
    **{name: partial(preset, name) for name in ("article", "momentum", "quick", "tuned", "realmlp")},
    "five tuned": partial(averaged, "tuned"),
    "HistGradientBoosting": boosting,
    "CatBoost": catboost,
    "RealMLP-TD": realmlp,
}


def main(contenders=CONTENDERS):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--lines", type=Path, default=Path("recipes.jsonl"), help="file of the results")
    parser.add_argument("--version", default="2", help="raise it where a contender has changed")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--rows", type=int, help="train on no more than the first so many rows")
    parser.add_argument("--contenders", nargs="+", choices=contenders, default=list(contenders)[:7])
    options = parser.parse_args()
    warnings.filterwarnings("ignore")

    print_environment()
    known = read(options.lines)
    sets = options.sets or tabular_names(options.data)
    for set_name in sets:
        for split in range(options.splits):
            missing = [name for name in options.contenders if key(options, set_name, split, name) not in known]
            table = load_raw_frame(options.data, set_name, split=split) if missing else None
            for name in missing:
                result = {"set": set_name, "split": split, "contender": name, "version": options.version}
                result |= {"rows": options.rows} | measure(contenders[name], table, split, options.rows)
                with options.lines.open("a") as file:
                    print(json.dumps(result), file=file)
                known[key(options, set_name, split, name)] = result
    print_means(known, sets, options)


def key(options, set_name, split, name):
    return set_name, split, name, options.version, options.rows


def read(path):
    """Results of a file, by what they are of."""
    lines = path.read_text().splitlines() if path.exists() else []
    results = [json.loads(line) for line in lines]
    return {(r["set"], r["split"], r["contender"], r["version"], r.get("rows")): r for r in results}


def measure(make, table, split, n_rows):
    """Score, loss and CPU seconds of one fit; the RMSE is that of the standardised target."""
    X_train, X_test, y_train, y_test = table
    X_train, y_train = X_train[:n_rows], y_train[:n_rows]
    is_classification = not np.issubdtype(y_train.dtype, np.floating)
    estimator: BaseEstimator = make(X_train, is_classification, split)
    start = time.process_time()
    estimator.fit(X_train, y_train)
    seconds = time.process_time() - start
    if is_classifier(estimator):
        loss = log_loss(y_test, estimator.predict_proba(X_test), labels=np.unique(y_train))
    else:
        loss = root_mean_squared_error(y_test, np.ravel(estimator.predict(X_test)))
    return {"score": estimator.score(X_test, y_test), "loss": float(loss), "seconds": seconds}


def print_means(known, sets, options):
    """A row for each set, with score / loss, and the means below."""
    means = {
        (set_name, name): np.mean(
            [
                [known[key(options, set_name, split, name)][figure] for figure in ("score", "loss", "seconds")]
                for split in range(options.splits)
            ],
            axis=0,
        )
        for set_name in sets
        for name in options.contenders
    }
    print(f"| set | {' | '.join(options.contenders)} |")
    print(f"|{'---|' * (1 + len(options.contenders))}")
    for set_name in sets:
        cells = (means[set_name, name] for name in options.contenders)
        print(f"| {set_name} | {' | '.join(f'{cell[0]:.4f} / {cell[1]:.3f}' for cell in cells)} |")
    overall = [np.mean([means[set_name, name] for set_name in sets], axis=0) for name in options.contenders]
    print(f"| **mean** | {' | '.join(f'{cell[0]:.4f} / {cell[1]:.3f}' for cell in overall)} |")
    losses = np.array([[means[set_name, name][1] for name in options.contenders] for set_name in sets])
    ranks = np.mean(np.argsort(np.argsort(losses, axis=1), axis=1) + 1, axis=0)
    print(f"| rank of the loss | {' | '.join(f'{rank:.2f}' for rank in ranks)} |")
    print(f"| CPU seconds of a fit | {' | '.join(f'{cell[2]:.1f}' for cell in overall)} |")


if __name__ == "__main__":
    main()
