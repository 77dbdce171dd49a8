"""Images with default parameters: test accuracies, and what augmentation costs an epoch.

digits: scikit-learn's as 8x8 images, mean of five folds. sign_digits and fashion_mnist: the test parts of a folder with
a MANIFEST.json. Augmentation: seconds an epoch of 10,000 images of fashion_mnist with each set of layers, compiled
before, interleaved.
"""

import argparse
import statistics
import time

from datasets import load_arrays
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold, cross_val_score
from timing import interleave, print_environment, print_ratios

TARGETS = {"digits": 0.985, "sign_digits": 0.85, "fashion_mnist": 0.91}
N_IMAGES, N_EPOCHS, ROUNDS = 10_000, 2, 3


def score_digits(options):
    from presets import CNNClassifier

    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    return statistics.mean(cross_val_score(CNNClassifier(random_state=0), X.reshape(-1, 8, 8), y, cv=folds))


def score_test_part(options, name):
    from presets import CNNClassifier

    X_train, y_train, X_test, y_test = load_arrays(options.data, name)
    model = CNNClassifier(random_state=0, epochs=options.epochs, verbose=options.verbose).fit(X_train, y_train)
    return model.score(X_test, y_test)


SCORES = {
    "digits": score_digits,
    "sign_digits": lambda options: score_test_part(options, "sign_digits"),
    "fashion_mnist": lambda options: score_test_part(options, "fashion_mnist"),
}


def print_scores(names, options):
    print("| set | accuracy | target | s |\n|---|---|---|---|")
    for name in names:
        start = time.perf_counter()
        score = SCORES[name](options)
        print(f"| {name} | {score:.4f} | {TARGETS[name]} | {time.perf_counter() - start:.0f} |", flush=True)
    print()


def print_augmentation(options):
    from presets import CNNClassifier

    X, y, _, _ = load_arrays(options.data, "fashion_mnist")
    X, y = X[:: len(X) // N_IMAGES], y[:: len(y) // N_IMAGES]

    models = {
        kind or "none": CNNClassifier(augmentation=kind, epochs=N_EPOCHS, random_state=0)
        for kind in (None, "article", "flip", "strong")
    }
    for model in models.values():
        model.fit(X, y)  # compiles
    seconds, _ = interleave({name: lambda model=model: model.fit(X, y) for name, model in models.items()}, ROUNDS)
    print(f"{N_EPOCHS} epochs of {len(X)} images of 28x28, with validation:\n")
    print_ratios(seconds, "none")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--sets", nargs="*", choices=[*SCORES], default=[*SCORES])
    parser.add_argument("--epochs", type=lambda text: text if text == "auto" else int(text), default="auto")
    parser.add_argument("--verbose", type=int, default=0)
    parser.add_argument("--no-augmentation", action="store_true", help="leave out what augmentation costs")
    options = parser.parse_args()
    print_environment()
    if options.sets:
        print_scores(options.sets, options)
    if not options.no_augmentation:
        print_augmentation(options)


if __name__ == "__main__":
    main()
