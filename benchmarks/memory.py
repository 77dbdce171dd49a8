"""Growth of resident memory over many fits in one process: fits of one architecture, and fits of as many architectures.

A fit is three epochs on digits and the predictions for its rows, as a search would ask for. Each contender runs in a
process of its own, and garbage is left to Python, as in a user's process. The growth is the slope of the line through
all readings after the first ten fits (imports, thread pools, first traces). Linux only: it reads /proc.
"""

import argparse
import multiprocessing
import statistics
import warnings

from datasets import digits
from timing import print_environment

FIRST = 10
EPOCHS = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fits", type=int, default=100)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    options = parser.parse_args()
    if options.fits <= FIRST:
        parser.error(f"--fits must be more than the {FIRST} that are left out")

    print_environment()
    same, different = [(128, 128)] * options.fits, [(32 + number, 32) for number in range(options.fits)]
    print(f"| {options.fits} fits of | contender | MB at the start | after {FIRST} | at the end | growth, MB a fit |")
    print("|---|---|---|---|---|---|")
    for title, architectures in (("one architecture", same), ("as many architectures", different)):
        for name in options.contenders:
            with multiprocessing.get_context("spawn").Pool(1) as process:
                resident = process.apply(resident_memory_over_fits, (name, architectures))
            later = resident[FIRST:]
            growth = statistics.linear_regression(range(len(later)), later).slope
            print(
                f"| {title} | {name} | {resident[0]:.0f} | {resident[FIRST]:.0f} | {resident[-1]:.0f} | {growth:.2f} |",
                flush=True,
            )


def resident_memory_over_fits(name, architectures):
    """Resident memory in MB before the first fit and after each."""
    warnings.filterwarnings("ignore")
    X, y = digits()
    X = X / X.max()
    resident = [resident_memory()]
    for hidden_layer_sizes in architectures:
        CONTENDERS[name](hidden_layer_sizes).fit(X, y).predict(X)
        resident.append(resident_memory())
    return resident


def resident_memory():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def ours(hidden_layer_sizes):
    from presets import DNNClassifier

    return DNNClassifier(hidden_layer_sizes=hidden_layer_sizes, epochs=EPOCHS, patience=EPOCHS, random_state=0)


def scikeras(hidden_layer_sizes):
    from peers import scikeras_classifier

    return scikeras_classifier(EPOCHS, hidden_layer_sizes=hidden_layer_sizes)


CONTENDERS = {"presets": ours, "scikeras": scikeras}

if __name__ == "__main__":
    main()
