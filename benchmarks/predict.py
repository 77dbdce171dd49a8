"""Time of `predict_proba` for 1, 1,000 and 100,000 rows: `presets`, its own `model_.predict`, and scikit-learn's MLP.

All are 128-128 networks fitted to the same 64 standard normal columns with 10 classes. `model_.predict` is Keras's,
with its default batch of 32 and with a batch of 4096.
"""

import argparse
import warnings
from functools import partial

from datasets import synthetic
from peers import sklearn_classifier
from timing import interleave, print_environment, print_ratios

FIT_ROWS = 2_000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 1_000, 100_000])
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")

    from presets import DNNClassifier

    print_environment()
    X, y = synthetic(max(FIT_ROWS, *options.rows), (64,))
    network = DNNClassifier(epochs=1, random_state=0).fit(X[:FIT_ROWS], y[:FIT_ROWS])
    model = network.model_
    mlp = sklearn_classifier(epochs=1).fit(X[:FIT_ROWS], y[:FIT_ROWS])
    for n_rows in options.rows:
        rows = X[:n_rows]
        contenders = {
            "presets": partial(network.predict_proba, rows),
            "model_.predict": partial(model.predict, rows, verbose=0),
            "model_.predict, batch 4096": partial(model.predict, rows, batch_size=4096, verbose=0),
            "scikit-learn MLP": partial(mlp.predict_proba, rows),
        }
        for contender in contenders.values():
            contender()  # traces
        seconds, _ = interleave(contenders, options.rounds)
        print(f"{n_rows} rows\n")
        print_ratios(seconds, "presets")


if __name__ == "__main__":
    main()
