"""Draw the picture at the top of the README: ``python docs/make_overview.py``."""

from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from presets import DNNClassifier, TrainingCurveDisplay

# Medians of benchmarks/grid_search.py, as benchmarks/README.md prints them
SECONDS = {
    "SciKeras": 11.10,
    "keras.wrappers": 11.10,
    "skorch": 2.63,
    "scikit-learn MLP": 1.63,
    "presets": 1.04,
    "presets, again": 0.66,
}


def main():
    """Draw it."""
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (bars, curves) = plt.subplots(1, 2, figsize=(9, 2.9), layout="constrained")
    colours = ["C0" if name.startswith("presets") else "lightgray" for name in SECONDS]
    bars.bar_label(bars.barh(list(SECONDS), list(SECONDS.values()), color=colours), fmt="%.2f", padding=3)
    bars.tick_params(length=0)
    bars.set(xlabel="seconds", xlim=(0, 12.5), title="One grid search: 12 fits on two cores")
    network = DNNClassifier(epochs=200, random_state=0).fit(*load_digits(return_X_y=True))
    TrainingCurveDisplay.from_estimator(network, ax=curves)
    curves.set(yscale="log", ylabel="cross-entropy", title="A fit: the rate is lowered on plateaus")
    curves.legend(fontsize=7)
    path = Path(__file__).parent / "_static" / "overview.png"
    figure.savefig(path, dpi=100)
    print(path)


if __name__ == "__main__":
    main()
