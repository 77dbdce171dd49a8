"""The order of AutoML's candidates for tables: what each gains for its seconds, over many sets.

`measure` fits every candidate of the catalogue once on each set and keeps its predictions for two parts of the rows.
`order` reads them, and takes greedily the candidate that lowers the loss of the ensemble most for its CPU seconds. It
prints the table that stands in presets/automl/portfolio.py. The weights of an ensemble come from one part of the rows,
its loss from the other. What is measured already is not run again.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
from datasets import load_frame
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split
from timing import print_environment

SETS = {
    "classification": ["german_credit", "vehicle", "yeast", "splice_dna", "satimage", "phoneme", "coil2000"],
    "regression": ["mpg", "geo_music", "wine_quality_white", "abalone", "taxis", "california_housing"],
}
MAX_ROWS = 3000  # of a fit
ORDERED_ROWS = 1500  # of each part, by which the order is found
COMPILING = 3.0  # CPU seconds of a network's fit, which a bag of five folds pays once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["measure", "order"])
    parser.add_argument("--data", help="folder with MANIFEST.json, to measure")
    parser.add_argument("--folder", type=Path, default=Path("portfolio"), help="of the predictions")
    parser.add_argument("--sets", nargs="+", help="to measure; all of them if not given")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.command == "measure":
        print_environment()
        options.folder.mkdir(exist_ok=True)
        for name in options.sets or [name for names in SETS.values() for name in names]:
            measure(options, name)
    else:
        for task, names in SETS.items():
            print_order(task, {name: read(options.folder, name) for name in names})


def measure(options, set_name):
    """Fit the candidates that are not in the folder yet, and keep what they predict."""
    from presets.automl.inputs import check_labels
    from presets.automl.portfolio import Task, catalogue
    from presets.automl.tables import coded_categories
    from presets.evaluation.folds import predictions_of
    from presets.evaluation.seeds import seeded

    table = load_frame(options.data, set_name)
    y = table.y_train
    rows = np.arange(len(y))
    fitted, chosen = train_test_split(
        rows, train_size=min(MAX_ROWS, len(y) * 4 // 5), random_state=0, stratify=y if table.is_classification else None
    )
    classes = check_labels(y)[1] if table.is_classification else None
    task = Task(
        kind="table",
        is_classification=table.is_classification,
        n_rows=len(fitted),
        n_rarest=int(np.unique(y[fitted], return_counts=True)[1].min()) if table.is_classification else 0,
        categories=coded_categories(table.X_train),
    )
    for candidate in catalogue(task):
        file = options.folder / f"{set_name}.{candidate.name}.npz"
        if file.exists():
            continue
        start = time.process_time()
        try:
            model = seeded(candidate.estimator, 0, replaces=False).fit(table.X_train.iloc[fitted], y[fitted])
        except Exception as error:
            print(set_name, candidate.name, repr(error), flush=True)
            continue
        seconds = time.process_time() - start
        parts = {
            "chosen": predictions_of(model, table.X_train.iloc[chosen], classes),
            "tested": predictions_of(model, table.X_test, classes),
        }
        np.savez(file, y_chosen=y[chosen], y_tested=table.y_test, seconds=seconds, **parts)
        print(json.dumps([set_name, candidate.name, round(loss(table.y_test, parts["tested"]), 4), round(seconds, 2)]))


def loss(y, predictions):
    if predictions.ndim == 1:
        return root_mean_squared_error(y, predictions)
    codes = np.unique(y, return_inverse=True)[1]
    return -np.mean(np.log(np.clip(predictions[np.arange(len(y)), codes], 1e-15, 1)))


def read(folder, set_name):
    """What is known of a set: a dict of arrays by the name of the candidate."""
    found = {}
    for file in sorted(folder.glob(f"{set_name}.*.npz")):
        arrays = dict(np.load(file))
        found[file.name.split(".")[1]] = {name: a[:ORDERED_ROWS] if a.ndim else a for name, a in arrays.items()}
    return found


def mixed_loss(found, names):
    """Loss of the ensemble of some candidates on rows that took no part."""
    from presets.ensembles.selection import greedy_selection

    y = found[names[0]]["y_chosen"]
    weights = greedy_selection([found[name]["chosen"] for name in names], y, lambda y, p, _: loss(y, p), n_steps=10)
    mixture = sum(weight * found[name]["tested"] for weight, name in zip(weights, names, strict=True))
    return loss(found[names[0]]["y_tested"], mixture)


def print_order(task, sets):
    """Take the candidates one after the other, the cheapest first."""
    known = set.intersection(*(set(found) for found in sets.values()))
    seconds = {name: np.mean([found[name]["seconds"] for found in sets.values()]) for name in known}
    seconds |= {name: s - COMPILING * 4 / 5 for name, s in seconds.items() if name.startswith("network")}
    alone = {name: [mixed_loss(found, [name]) for found in sets.values()] for name in known}
    best = np.min(list(alone.values()), axis=0)
    order, before = [], None
    print(f"\n{task}, {len(sets)} sets\n\n| candidate | seconds | alone, % behind the best | gain, % | % a second |")
    print("|---|---|---|---|---|")
    while left := known - set(order):
        losses = {name: [mixed_loss(found, [*order, name]) for found in sets.values()] for name in left}
        if order:
            gains = {name: 100 * float(np.mean(np.log(before) - np.log(losses[name]))) for name in left}
            name = max(left, key=lambda name: gains[name] / seconds[name] if gains[name] > 0 else gains[name])
        else:
            gains, name = dict.fromkeys(left, np.nan), min(left, key=lambda name: seconds[name])
        order.append(name)
        before = losses[name]
        behind = 100 * float(np.mean(np.log(alone[name]) - np.log(best)))
        rate = gains[name] / seconds[name]
        print(f"| {name} | {seconds[name]:.1f} | {behind:.1f} | {gains[name]:.2f} | {rate:.3f} |", flush=True)


if __name__ == "__main__":
    main()
