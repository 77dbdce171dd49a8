"""Resident memory of a process along a search of 200 trials over the article's whole space, on few rows and epochs.

Most trials have an architecture or an optimizer of their own, so that the pool of compiled programs is full after some
twenty, and every further trial drops one.
"""

import argparse

import numpy as np
from sklearn.metrics import accuracy_score
from timing import print_environment


def resident_mib():
    """Resident memory in MiB."""
    with open("/proc/self/status") as lines:
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


class Watching:
    """A scorer that prints the memory now and then."""

    def __init__(self, folds, every):
        self.folds, self.every, self.n_fits = folds, every, 0

    def __call__(self, estimator, X, y):
        from presets.training.pool import POOL

        self.n_fits += 1
        n_trials, fold = divmod(self.n_fits, self.folds)
        if fold == 0 and n_trials % self.every == 0:
            print(f"| {n_trials} | {len(POOL)} | {resident_mib():.0f} |", flush=True)
        return accuracy_score(y, estimator.predict(X))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--every", type=int, default=20)
    options = parser.parse_args()

    from presets import DNNClassifier, TunerSearchCV

    print_environment()
    print("| trials | programs kept | resident memory, MiB |")
    print("|---|---|---|")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 10))
    TunerSearchCV(
        DNNClassifier(epochs=2, random_state=0),
        oracle="random",
        n_trials=options.trials,
        cv=2,
        prune=False,
        scoring=Watching(folds=2, every=options.every),
        refit=False,
        random_state=0,
    ).fit(X, X[:, 0] > 0)


if __name__ == "__main__":
    main()
