"""Ensembles: the time of 5 and 20 members against one, and the gain in score over one member on tabular sets.

Times are of whole fits on digits, with compiled programs kept: members are fitted one after the other with the same
program on TensorFlow, together in one program on JAX. Scores: every set is fitted once with the largest number of
members; the score of n members is that of their average, the score of one the mean over all members. Accuracy for
classifications, R2 for regressions.
"""

import argparse
import statistics
from functools import partial

import numpy as np
from datasets import digits, load_tabular, tabular_names
from sklearn.metrics import accuracy_score, r2_score
from timing import interleave, print_environment, print_ratios

from presets import DNNClassifier, DNNRegressor, EnsembleClassifier, EnsembleRegressor

SIZES = (5, 20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder with MANIFEST.json; without it, only times")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--preset", default="article")
    parser.add_argument("--members", type=int, default=5, help="of the scores")
    parser.add_argument("--epochs", type=int, default=100, help="of the times")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    print_environment()
    time_members(options.epochs, options.rounds)
    if options.data:
        compare_scores(options.data, options.sets or tabular_names(options.data), options.preset, options.members)


def time_members(epochs, rounds):
    """Time one network, and ensembles of it."""
    X, y = digits()
    network = DNNClassifier(epochs=epochs, patience=10**6, random_state=0)
    contenders = {"1 network": partial(network.fit, X, y)}
    for size in SIZES:
        contenders[f"{size} members"] = partial(EnsembleClassifier(network, n_members=size, random_state=0).fit, X, y)
    for contender in contenders.values():  # compiled once
        contender()
    seconds, _ = interleave(contenders, rounds)
    print_ratios(seconds, "1 network")


def compare_scores(folder, names, preset, n_members):
    """Print the scores of one member and of the average, set by set."""
    print(f"| set | metric | one member | spread | {n_members} averaged | gain |\n|---|---|---|---|---|---|")
    gains = []
    for name in names:
        table = load_tabular(folder, name)
        single, average = scores(table, preset, n_members)
        gains.append(average - np.mean(single))
        row = f"{np.mean(single):.4f} | {np.std(single, ddof=1):.4f} | {average:.4f} | {gains[-1]:+.4f}"
        print(f"| {name} | {table.metric} | {row} |", flush=True)
    print(f"| **mean** | | | | | {statistics.mean(gains):+.4f} |")


def scores(table, preset, n_members):
    """Scores of the single members, and of their average."""
    classifies = table.metric == "accuracy"
    network = (DNNClassifier if classifies else DNNRegressor).from_preset(preset)
    kind = EnsembleClassifier if classifies else EnsembleRegressor
    ensemble = kind(network, n_members=n_members, random_state=0).fit(table.X_train, table.y_train)
    score = accuracy_score if classifies else r2_score
    single = [score(table.y_test, member.predict(table.X_test)) for member in ensemble.members_]
    return single, score(table.y_test, ensemble.predict(table.X_test))


if __name__ == "__main__":
    main()
