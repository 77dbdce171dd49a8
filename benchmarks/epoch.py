"""Seconds an epoch: `presets` against Keras `fit` on the same model and data, and against the bare arithmetic.

The Keras model is a clone of the estimator's `model_`, so it has the same layers, dropout included. Both train with
SGD, rate 0.1, `clipnorm=5`, batches of 128, no validation. An epoch is what further epochs cost: the time of a long
fit less that of a short one, over the difference in epochs, so that building, tracing and copying data do not count.
The arithmetic is the time that one large matrix product of as many floating-point operations takes on the same
backend: three times (forward, and the gradients of weights and inputs) two operations per weight and position.
"""

import argparse
import statistics
import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from datasets import synthetic
from timing import interleave, print_environment

import presets


@dataclass(frozen=True)
class Family:
    estimator: str
    input_shape: tuple


FAMILIES = {
    "DNN": Family("DNNClassifier", (64,)),
    "LSTM": Family("LSTMClassifier", (20, 8)),
    "CNN": Family("CNNClassifier", (16, 16, 1)),
}
LONG_FIT_ROWS = 90_000  # a long fit sees about that many rows, at least three epochs
SHORT_FIT = 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_800, 20_000, 200_000])
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    options = parser.parse_args()

    print_environment()
    flops_per_second = matrix_product_speed()
    print(f"One large matrix product: {flops_per_second / 1e9:.0f} GFLOP/s\n")
    print("| family | rows | presets ms | Keras fit ms | Keras / presets | arithmetic ms | presets / arithmetic |")
    print("|---|---|---|---|---|---|---|")
    for name in options.families:
        for n_rows in options.rows:
            compare(name, n_rows, options.rounds, flops_per_second)


def compare(name, n_rows, rounds, flops_per_second):
    """Time one family at one size and print its row."""
    family = FAMILIES[name]
    X, y = synthetic(n_rows, family.input_shape)
    estimator = partial(
        getattr(presets, family.estimator),
        patience=10**6,
        validation_fraction=0,
        restore_best_weights=False,
        random_state=0,
    )
    model = keras_twin(estimator(epochs=1).fit(X, y).model_)
    long_fit = SHORT_FIT + max(2, LONG_FIT_ROWS // n_rows)
    fit_ours = {f"presets {epochs}": partial(estimator(epochs=epochs).fit, X, y) for epochs in (SHORT_FIT, long_fit)}
    fit_keras = {
        f"Keras {epochs}": partial(model.fit, X, y, batch_size=128, epochs=epochs, verbose=0)
        for epochs in (SHORT_FIT, long_fit)
    }
    model.fit(X, y, batch_size=128, epochs=1, verbose=0)  # traced once, as ours was above
    seconds, _ = interleave(fit_ours | fit_keras, rounds)
    ours, theirs = (
        statistics.median(
            (long - short) / (long_fit - SHORT_FIT)
            for short, long in zip(seconds[f"{who} {SHORT_FIT}"], seconds[f"{who} {long_fit}"], strict=True)
        )
        for who in ("presets", "Keras")
    )
    arithmetic = n_rows * training_flops_per_row(model, family.input_shape) / flops_per_second
    cells = [
        f"{ours * 1e3:.1f}",
        f"{theirs * 1e3:.1f}",
        f"{theirs / ours:.1f}",
        f"{arithmetic * 1e3:.1f}",
        f"{ours / arithmetic:.1f}",
    ]
    print(f"| {name} | {n_rows} | {' | '.join(cells)} |", flush=True)


def keras_twin(model):
    """A compiled copy of a complete model: raw inputs to probabilities."""
    import keras

    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    optimizer = keras.optimizers.SGD(0.1, clipnorm=5.0)
    twin.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return twin


def training_flops_per_row(model, input_shape):
    """Operations of one training step per row: three passes, two operations for each weight at each position."""
    return 6 * sum(n_positions(layer, input_shape) * n_kernel_weights(layer) for layer in leaves(model))


def leaves(layer):
    """The layers of a model and of the models in it."""
    children = getattr(layer, "layers", None)
    return [leaf for child in children for leaf in leaves(child)] if children else [layer]


def n_kernel_weights(layer):
    return sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights if len(weight.shape) > 1)


def n_positions(layer, input_shape):
    """How often a layer applies its kernel to one row: at each step of a sequence, at each place of an image."""
    import keras

    if isinstance(layer, keras.layers.RNN):
        return input_shape[0]
    if "Conv" in type(layer).__name__:
        return int(np.prod(layer.output.shape[1:-1]))
    return 1


def matrix_product_speed(size=2048, rounds=7):
    """Floating-point operations per second of a float32 matrix product on the backend's device."""
    from keras import ops

    matrix = ops.convert_to_tensor(np.random.default_rng(0).standard_normal((size, size), dtype=np.float32))
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        np.asarray(ops.convert_to_numpy(ops.sum(ops.matmul(matrix, matrix))))
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / statistics.median(seconds)


if __name__ == "__main__":
    main()
