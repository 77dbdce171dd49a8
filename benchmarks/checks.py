"""How many of scikit-learn's `check_estimator` checks pass: `presets`, SciKeras, keras.wrappers.

Which checks are run depends on what an estimator says it is, so totals differ. Our networks train few epochs, else
some checks would last minutes. The rows "exact" are float64 without what draws by row (dropout, validation split):
this is what `check_sample_weight_equivalence_*` needs. Every estimator is checked in a process of its own (SciKeras
leaves TensorFlow's determinism switched on), and SciKeras is given a seed, without which it fails seven checks more.
Images have no checks, which make tables; `tests/estimators/test_sklearn_checks.py` runs them on images of one column.
"""

import argparse
import contextlib
import io
import multiprocessing
import warnings

import peers
from sklearn.utils.estimator_checks import check_estimator
from timing import print_environment

EPOCHS = 300
OURS = ("DNNClassifier", "DNNRegressor", "LSTMClassifier", "LSTMRegressor", "KerasClassifier", "KerasRegressor")
EXACT = {"dtype": "float64", "dropout": 0.0, "validation_fraction": 0}
PEERS = {
    "SciKeras": lambda: peers.scikeras_classifier(EPOCHS, random_state=0),
    "keras.wrappers": lambda: peers.keras_wrappers_classifier((16,)),
}


def main():
    ours = [name + variant for name in OURS for variant in ("", " exact")]
    names = [*ours, *PEERS]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimators", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    options = parser.parse_args()

    print_environment()
    print("| estimator | passed | failed | skipped | failing checks |\n|---|---|---|---|---|")
    for name in options.estimators:
        with multiprocessing.get_context("spawn").Pool(1) as process:
            results = process.apply(check, (name,))
        statuses = [status for _, status, _ in results]
        failing = [f"`{check}` ({error})" for check, status, error in results if status == "failed"]
        counts = " | ".join(str(statuses.count(status)) for status in ("passed", "failed", "skipped"))
        print(f"| {name} | {counts} | {', '.join(failing)} |", flush=True)


def check(name):
    """Check name, status and error type of every check of the estimator `name`."""
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):  # keras.wrappers shows progress bars
        results = check_estimator(make(name), on_skip=None, on_fail=None)
    return [(result["check_name"], result["status"], type(result["exception"]).__name__) for result in results]


def make(name):
    """The estimator `name`; ours as it comes, or "exact", with few epochs."""
    if name in PEERS:
        return PEERS[name]()
    import presets

    estimator = getattr(presets, name.removesuffix(" exact"))(epochs=EPOCHS)
    exact = EXACT.items() if name.endswith(" exact") else ()
    return estimator.set_params(**{parameter: value for parameter, value in exact if hasattr(estimator, parameter)})


if __name__ == "__main__":
    main()
