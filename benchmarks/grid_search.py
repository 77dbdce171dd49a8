"""A grid search: 4 learning rates x 3 folds of a 128-128 network on scikit-learn's digits, 30 epochs, n_jobs=1.

Everyone trains the same network with plain SGD, batches of 128, no dropout, no validation and no early end, behind
the same StandardScaler, in the same process, in interleaved rounds. "presets" begins every round with an empty pool
of compiled programs, as a fresh process does; "presets, programs kept" is the second search of a process; "presets,
defaults" is the package as it comes: dropout, validation split, clipping, and the article's budget of 8000 updates
instead of 30 epochs.
"""

import argparse
import warnings
from functools import partial

import peers
from datasets import digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from timing import interleave, print_environment, print_ratios

RATES = [0.2, 0.1, 0.05, 0.02]
PEERS = ("scikeras", "keras.wrappers", "scikit-learn MLP", "skorch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, metavar="PEER", help=", ".join(PEERS))
    parser.add_argument(
        "--defaults-rounds", type=int, default=1, help="rounds of the package's full defaults, afterwards"
    )
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")

    print_environment()
    X, y = digits()
    all_contenders = contenders(X, y, options.epochs, options.peers)
    from presets import DNNClassifier, clear_programs

    seconds, searches = interleave(all_contenders, options.rounds, prepare={"presets": clear_programs})
    if options.defaults_rounds:
        defaults = {"presets, defaults": partial(search, DNNClassifier(random_state=0), "learning_rate", RATES, X, y)}
        for total, part in zip((seconds, searches), interleave(defaults, options.defaults_rounds), strict=True):
            total.update(part)
    scores = {name: f"best mean accuracy {search.best_score_:.4f}" for name, search in searches.items()}
    print_ratios(seconds, "presets", scores)


def contenders(X, y, epochs, chosen_peers):
    """Searches by name; every library is imported here, before the clock runs."""
    import presets

    bare = presets.DNNClassifier(
        epochs=epochs,
        patience=epochs,
        validation_fraction=0,
        restore_best_weights=False,
        dropout=0.0,
        clipnorm=None,
        init="glorot_uniform",
        standardize=False,
        random_state=0,
    )

    ours = partial(search, bare, "learning_rate", RATES, X, y)
    return {"presets": ours, "presets, programs kept": ours} | {
        name: peer_search(name, X, y, epochs) for name in chosen_peers
    }


def peer_search(name, X, y, epochs):
    if name == "keras.wrappers":
        networks = [{"hidden_layer_sizes": (128, 128), "learning_rate": rate} for rate in RATES]
        fit_arguments = {"epochs": epochs, "batch_size": 128, "verbose": 0}
        return partial(search, peers.keras_wrappers_classifier(), "model_kwargs", networks, X, y, **fit_arguments)
    if name == "scikit-learn MLP":
        mlp = peers.sklearn_classifier(epochs=epochs)
        return partial(peers.on_one_blas_thread, search, mlp, "learning_rate_init", RATES, X, y)
    make, rate = {
        "scikeras": (partial(peers.scikeras_classifier, learning_rate=0.1), "learning_rate"),
        "skorch": (peers.skorch_classifier, "lr"),
    }[name]
    return partial(search, make(epochs=epochs), rate, RATES, X, y)


def search(estimator, parameter, values, X, y, **fit_arguments):
    """Cross-validate `estimator` behind a StandardScaler with each of `values`."""
    pipeline = make_pipeline(StandardScaler(), estimator)
    step = pipeline.steps[-1][0]
    grid = GridSearchCV(
        pipeline, {f"{step}__{parameter}": values}, cv=StratifiedKFold(3), refit=False, n_jobs=1, error_score="raise"
    )
    return grid.fit(X, y, **{f"{step}__{name}": value for name, value in fit_arguments.items()})


if __name__ == "__main__":
    main()
