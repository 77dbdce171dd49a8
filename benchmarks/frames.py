"""Raw frames, with categories and gaps: the network as it is, behind encoders, and gradient boosting.

Every contender has its defaults and the same 75/25 splits, of at most 10,000 rows; the number of the split is its
`random_state`. Accuracy for classifications, R2 for regressions, and CPU seconds of a fit; means over the splits.
CatBoost takes part where it is installed.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np
import pandas as pd
from datasets import load_raw_frame
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from timing import print_environment

SETS = (
    "adult",
    "german_credit",
    "horse_colic",
    "penguins",
    "california_housing",
    "mpg",
    "taxis",
    "abalone",
    "auto_imports",
    "splice_dna",
)
MANY_LEVELS = 100_000


def native(frame, is_classification, seed):
    """The network, given the frame."""
    from presets import DNNClassifier, DNNRegressor

    return (DNNClassifier if is_classification else DNNRegressor)(random_state=seed)


def piped(frame, is_classification, seed):
    """The same network behind one-hot encoding and imputation."""
    encode = make_column_transformer(
        (SimpleImputer(add_indicator=True), make_column_selector(dtype_include="number")),
        (
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="missing"),
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            ),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    return make_pipeline(encode, native(frame, is_classification, seed))


def boosted(frame, is_classification, seed):
    """HistGradientBoosting, which takes at most 255 levels for categories and the rest as codes."""
    estimator = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    return _WithCategories(estimator(categorical_features="from_dtype", random_state=seed))


def catboosted(frame, is_classification, seed):
    """CatBoost, in one thread."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    estimator = CatBoostClassifier if is_classification else CatBoostRegressor
    categories = list(frame.select_dtypes(exclude="number"))
    return _WithStrings(
        estimator(cat_features=categories, random_seed=seed, verbose=0, thread_count=1, allow_writing_files=False)
    )


CONTENDERS = {"native": native, "pipeline": piped, "HistGradientBoosting": boosted, "CatBoost": catboosted}


class _Converted:
    """An estimator that wants another type of its categories."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        self.levels = {name: X[name].value_counts().index[:254] for name in X.select_dtypes(exclude="number")}
        self.estimator.fit(self.converted(X), y)
        return self

    def score(self, X, y):
        return self.estimator.score(self.converted(X), y)


class _WithCategories(_Converted):
    def converted(self, X):
        return X.assign(**{n: pd.Categorical(X[n], categories=levels) for n, levels in self.levels.items()})


class _WithStrings(_Converted):
    def converted(self, X):
        return X.assign(**{name: X[name].astype(object).fillna("missing").astype(str) for name in self.levels})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    print_environment()
    names = [name for name in options.contenders if name != "CatBoost" or _has_catboost()]
    print(f"| set | rows | columns | {' | '.join(f'{name} | s' for name in names)} |")
    print(f"|{'---|' * (3 + 2 * len(names))}")
    scores = []
    for set_name in options.sets:
        splits = [load_raw_frame(options.data, set_name, split=seed) for seed in range(options.splits)]
        means = [
            np.mean([fit_and_score(CONTENDERS[name], *split, seed) for seed, split in enumerate(splits)], axis=0)
            for name in names
        ]
        scores.append(means)
        shape = splits[0][0].shape
        cells = " | ".join(f"{score:.4f} | {seconds:.1f}" for score, seconds in means)
        print(f"| {set_name} | {shape[0]} | {shape[1]} | {cells} |", flush=True)
    cells = " | ".join(f"{score:.4f} | {seconds:.1f}" for score, seconds in np.mean(scores, axis=0))
    print(f"| **mean** | | | {cells} |")
    print_memory()


def fit_and_score(make, X_train, X_test, y_train, y_test, seed):
    """Test score and CPU seconds of one fit."""
    estimator = make(X_train, y_train.dtype.kind not in "f", seed)
    start = time.process_time()
    estimator.fit(X_train, y_train)
    seconds = time.process_time() - start
    return estimator.score(X_test, y_test), seconds


def print_memory():
    """What a column of 100,000 levels costs."""
    frame = pd.DataFrame({"key": np.arange(MANY_LEVELS).repeat(2).astype(str), "number": np.arange(2.0 * MANY_LEVELS)})
    network = native(frame, False, 0).set_params(epochs=1)
    tracemalloc.start()
    network.fit(frame, frame["number"].to_numpy())
    peak = tracemalloc.get_traced_memory()[1]
    vectors = network.embeddings_["key"].vectors
    print(
        f"\nA column of {MANY_LEVELS} levels in {len(frame)} rows: {len(vectors)} levels kept, "
        f"{vectors.nbytes / 2**20:.2f} MiB of embeddings, {peak / 2**20:.0f} MiB of numpy and Python at the peak."
    )


def _has_catboost():
    try:
        import catboost  # noqa: F401
    except ImportError:
        return False
    return True


if __name__ == "__main__":
    main()
