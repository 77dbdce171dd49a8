"""Test scores over the tabular sets of a folder: two presets, scikit-learn's MLP and HistGradientBoosting.

Every contender has its defaults and `random_state=0`, and sees the same encoded rows (one 75/25 split, at most 7,500
training rows). Accuracy for classifications, R2 for regressions.
"""

import argparse
import statistics
import time
import warnings

from datasets import load_tabular, tabular_names
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from timing import print_environment


def preset(name, metric):
    """The dense network of a named preset."""
    from presets import DNNClassifier, DNNRegressor

    return (DNNClassifier if metric == "accuracy" else DNNRegressor).from_preset(name, random_state=0)


def mlp(metric):
    return (MLPClassifier if metric == "accuracy" else MLPRegressor)(random_state=0)


def boosting(metric):
    return (HistGradientBoostingClassifier if metric == "accuracy" else HistGradientBoostingRegressor)(random_state=0)


CONTENDERS = {
    "article": lambda metric: preset("article", metric),
    "momentum": lambda metric: preset("momentum", metric),
    "MLP": mlp,
    "HistGradientBoosting": boosting,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")

    print_environment()
    scores = {name: [] for name in options.contenders}
    seconds = dict.fromkeys(options.contenders, 0.0)
    print(f"| set | training rows | columns | metric | {' | '.join(options.contenders)} |")
    print(f"|{'---|' * (4 + len(options.contenders))}")
    for set_name in options.sets or tabular_names(options.data):
        table = load_tabular(options.data, set_name)
        for name in options.contenders:
            estimator = CONTENDERS[name](table.metric)
            start = time.perf_counter()
            estimator.fit(table.X_train, table.y_train)
            seconds[name] += time.perf_counter() - start
            scores[name].append(estimator.score(table.X_test, table.y_test))
        row = " | ".join(f"{scores[name][-1]:.4f}" for name in options.contenders)
        print(f"| {set_name} | {len(table.X_train)} | {table.X_train.shape[1]} | {table.metric} | {row} |", flush=True)
    print(f"| **mean** | | | | {' | '.join(f'{statistics.mean(values):.4f}' for values in scores.values())} |")
    print(f"| fit time, s | | | | {' | '.join(f'{value:.0f}' for value in seconds.values())} |")


if __name__ == "__main__":
    main()
