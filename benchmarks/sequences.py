"""Sequences of a folder: test accuracy of the defaults and of the preset `fcn`, and forecasts against simple baselines.

Every figure is a mean over seeds; nothing else varies. Forecasts: the next day of the passengers of New York's taxis,
from one day of half hours with the time of day and week, in windows later than those of the training; errors are means
of absolute values, in passengers.
"""

import argparse
import statistics
import time

import numpy as np
from datasets import load_arrays, load_series
from timing import print_environment

CLASSIFICATIONS = {  # targets of issue 6; None is only printed
    "SyntheticControl": {"article": 0.97, "fcn": 0.985},
    "JapaneseVowels": {"article": 0.97, "fcn": 0.98},
    "MovementAAL": {"article": None, "fcn": None},
}
DAY, WEEK = 48, 336  # in half hours
TEST_SHARE = 0.2


def print_classifications(folder, names, presets, seeds):
    from presets import LSTMClassifier

    print("| set | preset | accuracy of each seed | mean | target | mean s a fit | mean epochs |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        X_train, y_train, X_test, y_test = load_arrays(folder, name)
        for preset in presets:
            scores, seconds, epochs = [], [], []
            for seed in range(seeds):
                model = LSTMClassifier.from_preset(preset, random_state=seed)
                start = time.perf_counter()
                model.fit(X_train, y_train)
                seconds.append(time.perf_counter() - start)
                scores.append(model.score(X_test, y_test))
                epochs.append(model.n_epochs_)
            each = ", ".join(f"{score:.3f}" for score in scores)
            target = CLASSIFICATIONS[name][preset] or ""
            print(
                f"| {name} | {preset} | {each} | {statistics.mean(scores):.4f} | {target} "
                f"| {statistics.mean(seconds):.0f} | {statistics.mean(epochs):.0f} |",
                flush=True,
            )
    print()


def print_forecasts(folder, seeds):
    from presets import LSTMRegressor, make_windows

    passengers = load_series(folder, "nyc_taxi_30min")
    steps = np.arange(len(passengers))
    times = [wave(2 * np.pi * steps / period) for period in (DAY, WEEK) for wave in (np.sin, np.cos)]
    series = np.column_stack([passengers, *times])
    n_train = int((1 - TEST_SHARE) * len(series))
    X_train, y_train = make_windows(series[:n_train], window=DAY, horizon=DAY, step=2)
    later, y_test = make_windows(series[n_train - WEEK :], window=WEEK, horizon=DAY, step=2)

    errors = {
        "last value": error(np.repeat(later[:, -1:, 0], DAY, axis=1), y_test),
        "same time yesterday": error(later[:, -DAY:, 0], y_test),
        "same time last week": error(later[:, :DAY, 0], y_test),
    }
    found = []
    for seed in range(seeds):
        model = LSTMRegressor(validation_split="last", random_state=seed).fit(X_train, y_train)
        found.append(error(model.predict(later[:, -DAY:]), y_test))
    errors["LSTMRegressor"] = statistics.mean(found)
    print("| forecast of a day, New York's taxis | mean absolute error |\n|---|---|")
    for name, value in errors.items():
        print(f"| {name} | {value:.0f} |")


def error(forecast, y):
    return float(np.abs(forecast - y).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--sets", nargs="*", choices=[*CLASSIFICATIONS], default=[*CLASSIFICATIONS])
    parser.add_argument("--presets", nargs="+", choices=["article", "fcn"], default=["article", "fcn"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-forecasts", action="store_true")
    options = parser.parse_args()
    print_environment()
    if options.sets:
        print_classifications(options.data, options.sets, options.presets, options.seeds)
    if not options.no_forecasts:
        print_forecasts(options.data, options.seeds)


if __name__ == "__main__":
    main()
