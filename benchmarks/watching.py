"""What watching costs: fits with the data check, signal, dead units, update ratios and clipped steps, and without.

`presets` always watches. The contender without it is the same code with these functions replaced by empty ones, before
anything is traced, and with programs of its own: an epoch is then Keras's `train_step` and nothing else. "fit" is a
whole warm fit; "epoch" is what further epochs cost, the time of a long fit less that of a short one, over the
difference in epochs. `init="normal"`, since "auto" measures the signal for itself.
"""

import argparse
import contextlib
import importlib
import statistics
from functools import partial
from unittest import mock

import keras
from datasets import digits, synthetic
from timing import interleave, print_environment

from presets import DNNClassifier
from presets.data.report import Report
from presets.training.optimizers import ClipCounter
from presets.training.pool import ProgramPool
from presets.training.probe import Signal

DATA = {"digits": digits, "20000 x 64": partial(synthetic, 20_000, (64,))}
SHORT, LONG = 30, 130


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    options = parser.parse_args()

    print_environment()
    print(f"| data | fit of {SHORT} epochs, ms | not watched | more | epoch, ms | not watched | more |")
    print(f"|{'---|' * 7}")
    for name in options.data:
        compare(name, *DATA[name](), options.rounds)


def compare(name, X, y, rounds):
    """Time both contenders on one set of data and print the row."""
    without = unwatched()
    contenders = {
        f"{who} {epochs}": partial(fit, X, y, epochs, context)
        for who, context in {"watched": contextlib.nullcontext, "not watched": without}.items()
        for epochs in (SHORT, LONG)
    }
    for contender in contenders.values():  # compiled once
        contender()
    seconds, _ = interleave(contenders, rounds)
    fits = [statistics.median(seconds[f"{who} {SHORT}"]) for who in ("watched", "not watched")]
    epochs = [
        statistics.median(
            (long - short) / (LONG - SHORT)
            for short, long in zip(seconds[f"{who} {SHORT}"], seconds[f"{who} {LONG}"], strict=True)
        )
        for who in ("watched", "not watched")
    ]
    cells = [f"{1e3 * on:.2f} | {1e3 * off:.2f} | {on / off - 1:+.1%}" for on, off in (fits, epochs)]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def fit(X, y, epochs, context):
    """A fit whose epochs all have the same rate."""
    with context():
        DNNClassifier(epochs=epochs, init="normal", patience=10**6, random_state=0).fit(X, y)


def unwatched():
    """A context without watching; the programs compiled in it are kept for its next use."""
    pool = ProgramPool()
    one_fit = importlib.import_module("presets.estimators.fit")
    probe = importlib.import_module("presets.training.probe")
    backend = importlib.import_module(f"presets.training.{keras.backend.backend()}")

    @contextlib.contextmanager
    def context():
        with contextlib.ExitStack() as stack:
            for owner, function, replacement in (
                (one_fit, "POOL", pool),
                (one_fit, "check_rows", lambda *_, **__: Report("Data check", [])),
                (one_fit, "measure_dead_units", lambda *_: {}),
                (one_fit, "constant_loss", lambda *_: None),
                (probe, "measure_signal", lambda *_: Signal({}, {})),
                (backend, "_squares", lambda arrays: keras.ops.ones(len(arrays), dtype="float32")),
                (ClipCounter, "_clip_gradients", keras.optimizers.Optimizer._clip_gradients),
            ):
                stack.enter_context(mock.patch.object(owner, function, replacement))
            yield

    return context


if __name__ == "__main__":
    main()
