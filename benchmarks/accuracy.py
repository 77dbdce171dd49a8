"""Test scores over the tabular sets of a folder: two presets, scikit-learn's MLP and HistGradientBoosting.

Every contender has its defaults and sees the same encoded rows (75/25 splits, at most 7,500 training rows); the number
of the split is its `random_state`. Accuracy for classifications, R2 for regressions, means over the splits.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
from datasets import load_tabular, tabular_names
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from timing import print_environment


def preset(name, metric, seed):
    """The dense network of a named preset."""
    from presets import DNNClassifier, DNNRegressor

    return (DNNClassifier if metric == "accuracy" else DNNRegressor).from_preset(name, random_state=seed)


def mlp(metric, seed):
    return (MLPClassifier if metric == "accuracy" else MLPRegressor)(random_state=seed)


def boosting(metric, seed):
    return (HistGradientBoostingClassifier if metric == "accuracy" else HistGradientBoostingRegressor)(
        random_state=seed
    )


CONTENDERS = {
    "article": partial(preset, "article"),
    "momentum": partial(preset, "momentum"),
    "MLP": mlp,
    "HistGradientBoosting": boosting,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")

    print_environment()
    scores = {name: [] for name in options.contenders}
    seconds = dict.fromkeys(options.contenders, 0.0)
    print(f"| set | training rows | columns | metric | {' | '.join(options.contenders)} |")
    print(f"|{'---|' * (4 + len(options.contenders))}")
    for set_name in options.sets or tabular_names(options.data):
        tables = [load_tabular(options.data, set_name, split=seed) for seed in range(options.splits)]
        for name in options.contenders:
            runs = [fit_and_score(CONTENDERS[name], table, seed) for seed, table in enumerate(tables)]
            score, fit_time = np.mean(runs, axis=0)
            scores[name].append(score)
            seconds[name] += fit_time
        rows, columns = tables[0].X_train.shape
        row = " | ".join(f"{scores[name][-1]:.4f}" for name in options.contenders)
        print(f"| {set_name} | {rows} | {columns} | {tables[0].metric} | {row} |", flush=True)
    print(f"| **mean** | | | | {' | '.join(f'{np.mean(values):.4f}' for values in scores.values())} |")
    print(f"| time of a fit of each, s | | | | {' | '.join(f'{value:.0f}' for value in seconds.values())} |")


def fit_and_score(make, table, seed):
    """Test score and seconds of one fit."""
    estimator = make(table.metric, seed)
    start = time.perf_counter()
    estimator.fit(table.X_train, table.y_train)
    seconds = time.perf_counter() - start
    return estimator.score(table.X_test, table.y_test), seconds


if __name__ == "__main__":
    main()
