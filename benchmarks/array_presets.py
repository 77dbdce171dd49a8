"""Test accuracy, log loss and CPU seconds of the presets for sequences and images, and of AutoML beside them.

Each (set, seed, contender, version) is a line of a file; what is there is not run again. Digits are scikit-learn's as
8x8 images, where the seed is also that of a split into four fifths and one; other sets bring a test part of their own.
With AutoML as a contender, all clocks of the process count CPU seconds, so that other programs do not shorten its time.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from automl import count_cpu_seconds
from datasets import load_arrays
from recipes import key, measure, print_means, read
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from timing import print_environment

IMAGES = "digits", "sign_digits", "fashion_mnist"
SEQUENCES = "SyntheticControl", "GunPoint", "ECG200", "SwedishLeaf", "MedicalImages", "ArrowHead", "JapaneseVowels"


def preset(name, set_name, seed):
    """The network of a named preset."""
    from presets import CNNClassifier, LSTMClassifier

    return (CNNClassifier if set_name in IMAGES else LSTMClassifier).from_preset(name, random_state=seed)


def averaged(name, set_name, seed):
    """Five averaged networks of a named preset."""
    from presets import EnsembleClassifier

    return EnsembleClassifier(preset(name, set_name, None), n_members=5, random_state=seed)


def automl(seconds, set_name, seed):
    """AutoML with a time limit."""
    from presets import AutoClassifier

    return AutoClassifier(time_limit=seconds, random_state=seed)


CONTENDERS = {
    "article": partial(preset, "article"),
    "quick": partial(preset, "quick"),
    "tuned": partial(preset, "tuned"),
    "five tuned": partial(averaged, "tuned"),
    "AutoML": automl,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--lines", type=Path, default=Path("array_presets.jsonl"), help="file of the results")
    parser.add_argument("--version", default="1", help="raise it where a contender has changed")
    parser.add_argument("--sets", nargs="+", choices=[*SEQUENCES, *IMAGES], default=list(SEQUENCES))
    parser.add_argument("--seeds", dest="splits", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=["quick", "tuned"])
    parser.add_argument("--seconds", type=float, default=300.0, help="time limit of AutoML")
    options = parser.parse_args()
    options.rows = None  # all

    print_environment()
    contenders = CONTENDERS | {"AutoML": partial(automl, options.seconds)}
    if "AutoML" in options.contenders:
        count_cpu_seconds()
    known = read(options.lines)
    for seed in range(options.splits):
        for set_name in options.sets:
            for name in options.contenders:
                place = key(options, set_name, seed, name)
                if place not in known:
                    known[place] = {"set": set_name, "split": seed, "contender": name, "version": options.version}
                    estimator, parts = contenders[name](set_name, seed), load(options.data, set_name, seed)
                    known[place] |= measure(lambda *_, estimator=estimator: estimator, parts, seed, None)
                    with options.lines.open("a") as file:
                        print(json.dumps(known[place]), file=file)
    print_means(known, options.sets, options)


def load(folder, name, seed):
    """X_train, X_test, y_train and y_test of a set."""
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return train_test_split(X.reshape(-1, 8, 8, 1), y, test_size=0.2, random_state=seed, stratify=y)
    X_train, y_train, X_test, y_test = load_arrays(folder, name)
    return X_train, X_test, y_train, y_test


if __name__ == "__main__":
    main()
