"""On an accelerator, with JAX: epochs against Keras `fit`, a grid search, and predictions on a CPU.

Run with ``KERAS_BACKEND=jax``. Without an accelerator it says so and runs on what there is, which tries the script
itself.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from datasets import digits
from epoch import compare, matrix_product_speed
from grid_search import RATES, search
from timing import interleave, print_environment, print_ratios

PREDICT_ON_CPU = """
import pickle, sys
import numpy as np
estimator, X, expected = pickle.load(open(sys.argv[1], "rb"))
import jax
difference = np.abs(estimator.predict_proba(X) - expected).max()
print(f"unpickled on {jax.default_backend()}: largest difference of a probability {difference:.1e}")
assert difference < 1e-3
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_800, 20_000, 200_000])
    parser.add_argument("--families", nargs="+", default=["DNN"])
    options = parser.parse_args()
    if os.environ.get("KERAS_BACKEND") != "jax":
        parser.error("set KERAS_BACKEND=jax")

    import jax

    from presets import DNNClassifier

    print_environment()
    print(f"Devices: {jax.devices()}\n")
    print("| family | rows | presets ms | Keras fit ms | Keras / presets | arithmetic ms | presets / arithmetic |")
    print("|---|---|---|---|---|---|---|")
    speed = matrix_product_speed()
    for family in options.families:
        for n_rows in options.rows:
            compare(family, n_rows, options.rounds, speed)

    X, y = digits()
    estimator = DNNClassifier(epochs=30, random_state=0)
    seconds, _ = interleave(
        {"grid of 12 fits": partial(search, estimator, "learning_rate", RATES, X, y)}, options.rounds
    )
    print()
    print_ratios(seconds, "grid of 12 fits")
    predict_on_cpu(estimator.fit(X, y), X)


def predict_on_cpu(estimator, X):
    """Unpickle a fitted estimator in a process that has no accelerator, and compare its probabilities."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "fitted.pickle")
        path.write_bytes(pickle.dumps((estimator, X, np.asarray(estimator.predict_proba(X)))))
        environment = os.environ | {"JAX_PLATFORMS": "cpu"}
        subprocess.run([sys.executable, "-c", PREDICT_ON_CPU, str(path)], env=environment, check=True)


if __name__ == "__main__":
    main()
