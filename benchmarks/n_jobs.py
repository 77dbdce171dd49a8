"""The same grid search with n_jobs=1 and n_jobs=2: 2 rates x 3 folds of fits that last some seconds.

Everything is warm: before the first round a short search here and one in the joblib workers (loky) have imported the
package and compiled. scikit-learn's MLP runs beside it to show what a second worker is worth on this machine.
"""

import argparse
import statistics
import warnings
from functools import partial

import peers
from datasets import synthetic
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from timing import interleave, print_environment, print_ratios

RATES = [0.1, 0.05]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")

    from presets import DNNClassifier

    print_environment()
    X, y = synthetic(options.rows, (64,))
    network = DNNClassifier(epochs=options.epochs, patience=options.epochs, random_state=0)
    mlp = peers.sklearn_classifier(epochs=options.epochs)
    contenders = {}
    for n_jobs in (1, 2):
        contenders[f"presets, n_jobs={n_jobs}"] = partial(search(network, "learning_rate", n_jobs).fit, X, y)
        mlp_search = search(mlp, "learning_rate_init", n_jobs)
        contenders[f"MLP, n_jobs={n_jobs}"] = partial(peers.on_one_blas_thread, mlp_search.fit, X, y)
    for n_jobs in (1, 2):
        search(clone(network).set_params(epochs=1), "learning_rate", n_jobs).fit(X, y)
    seconds, _ = interleave(contenders, options.rounds)
    print_ratios(seconds, "presets, n_jobs=2")
    for name in ("presets", "MLP"):
        alone, two = (statistics.median(seconds[f"{name}, n_jobs={n_jobs}"]) for n_jobs in (1, 2))
        print(f"{name}: n_jobs=2 is {alone / two:.2f} times as fast as n_jobs=1")


def search(estimator, parameter, n_jobs):
    return GridSearchCV(
        estimator, {parameter: RATES}, cv=StratifiedKFold(3), refit=False, n_jobs=n_jobs, error_score="raise"
    )


if __name__ == "__main__":
    main()
