"""Test scores, log loss or RMSE, and CPU seconds of the presets over the tabular sets of a folder.

Every contender sees the same encoded rows as in accuracy.py. Each (set, split, contender, version) is a line of a file;
what is there is not run again, so that unchanged contenders run once. CPU seconds are those of all threads and include
compiling.
"""

import argparse
import json
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
from accuracy import boosting, preset
from datasets import load_tabular, tabular_names
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, root_mean_squared_error
from timing import print_environment


def averaged(name, metric, seed):
    """Five averaged networks of a named preset."""
    from presets import EnsembleClassifier, EnsembleRegressor

    kind = EnsembleClassifier if metric == "accuracy" else EnsembleRegressor
    return kind(preset(name, metric, None), n_members=5, random_state=seed)


CONTENDERS = {
    "article": partial(preset, "article"),
    "momentum": partial(preset, "momentum"),
    "quick": partial(preset, "quick"),
    "tuned": partial(preset, "tuned"),
    "five tuned": partial(averaged, "tuned"),
    "HistGradientBoosting": boosting,
}


def main(contenders=CONTENDERS):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with MANIFEST.json")
    parser.add_argument("--lines", type=Path, default=Path("recipes.jsonl"), help="file of the results")
    parser.add_argument("--version", default="1", help="raise it where a contender has changed")
    parser.add_argument("--sets", nargs="+", help="names of sets; all tabular ones if not given")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--contenders", nargs="+", choices=contenders, default=list(contenders))
    options = parser.parse_args()
    warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn")

    print_environment()
    known = read(options.lines)
    sets = options.sets or tabular_names(options.data)
    for set_name in sets:
        for split in range(options.splits):
            missing = [name for name in options.contenders if (set_name, split, name, options.version) not in known]
            table = load_tabular(options.data, set_name, split=split) if missing else None
            for name in missing:
                result = {"set": set_name, "split": split, "contender": name, "version": options.version}
                result |= measure(contenders[name](table.metric, split), table)
                with options.lines.open("a") as file:
                    print(json.dumps(result), file=file)
                known[set_name, split, name, options.version] = result
    print_means(known, sets, options)


def read(path):
    """Results of a file, by what they are of."""
    lines = path.read_text().splitlines() if path.exists() else []
    results = [json.loads(line) for line in lines]
    return {(r["set"], r["split"], r["contender"], r["version"]): r for r in results}


def measure(estimator, table):
    """Score, loss and CPU seconds of one fit; the RMSE is that of the standardised target."""
    start = time.process_time()
    estimator.fit(table.X_train, table.y_train)
    seconds = time.process_time() - start
    if table.metric == "accuracy":
        loss = log_loss(table.y_test, estimator.predict_proba(table.X_test), labels=estimator.classes_)
    else:
        loss = root_mean_squared_error(table.y_test, estimator.predict(table.X_test))
    return {"score": estimator.score(table.X_test, table.y_test), "loss": loss, "seconds": seconds}


def print_means(known, sets, options):
    """A row for each set, with score / loss, and the means below."""
    means = {
        (set_name, name): np.mean(
            [
                [known[set_name, split, name, options.version][figure] for figure in ("score", "loss", "seconds")]
                for split in range(options.splits)
            ],
            axis=0,
        )
        for set_name in sets
        for name in options.contenders
    }
    print(f"| set | {' | '.join(options.contenders)} |")
    print(f"|{'---|' * (1 + len(options.contenders))}")
    for set_name in sets:
        cells = (means[set_name, name] for name in options.contenders)
        print(f"| {set_name} | {' | '.join(f'{cell[0]:.4f} / {cell[1]:.3f}' for cell in cells)} |")
    overall = [np.mean([means[set_name, name] for set_name in sets], axis=0) for name in options.contenders]
    print(f"| **mean** | {' | '.join(f'{cell[0]:.4f} / {cell[1]:.3f}' for cell in overall)} |")
    print(f"| CPU seconds of a fit | {' | '.join(f'{cell[2]:.1f}' for cell in overall)} |")


if __name__ == "__main__":
    main()
