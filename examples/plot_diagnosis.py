"""
===============================================
Why does this network not learn?
===============================================

The checklist is a list of reasons why a network does not learn. `check_data` looks for reasons in the data. `diagnose`
looks for reasons in the records of a fit: it names the likely cause, its figure and the parameter to change. The data
are the digits that come with scikit-learn.
"""

# %%
# The data first
# --------------
# We make a tenth of the labels wrong. `check_data` finds equal rows, or columns that determine the target, without any
# fit. To find wrong labels, it uses a quick classifier: labels with a low predicted probability are probably wrong.

import matplotlib.pyplot as plt
import numpy as np
import quiet_start  # noqa: F401  TensorFlow without its start-up lines
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import (
    DNNClassifier,
    RepeatedRunsDisplay,
    TrainingCurveDisplay,
    UpdateRatioDisplay,
    check_data,
    diagnose,
    likely_wrong_labels,
    repeated_runs,
)

X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
wrong = rng.choice(len(y), len(y) // 10, replace=False)
noisy = y.copy()
noisy[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10

linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
print("A tenth of the labels of 1,797 digits is wrong. Findings of check_data:")
print(check_data(X, noisy, classifier=linear))

found = likely_wrong_labels(linear, X, noisy)
print(f"\nIt found {len(found)} labels. {np.isin(found, wrong).sum()} of them are wrong, of {len(wrong)} wrong labels.")

# %%
# Three fits that go wrong
# ------------------------
# A learning rate that is a hundred times too large, one that is a thousand times too small, and eight layers with
# initial weights of 0.02 * randn.

faults = {
    "rate 10": DNNClassifier(learning_rate=10.0, epochs=40, random_state=0),
    "rate 0.0001": DNNClassifier(learning_rate=1e-4, epochs=40, random_state=0),
    "8 layers at 0.02": DNNClassifier(hidden_layer_sizes=(64,) * 8, init="normal", epochs=40, random_state=0),
}
for name, network in faults.items():
    print(f"\n{name}: {diagnose(network.fit(X, y))[0]}")

# %%
# A fit without faults
# --------------------

well = DNNClassifier(epochs=200, random_state=0).fit(X, y)
print(f"\n{diagnose(well)}")

# %%
# Plots
# -----
# Losses and update ratios of the good fit, update ratios of the fit with the small learning rate, and the spread of the
# score over seeds.

figure, axes = plt.subplots(2, 2, figsize=(11, 8), layout="constrained")
TrainingCurveDisplay.from_estimator(well, ax=axes[0, 0]).ax_.set(title="Rate 0.1, and the plateau rule", yscale="log")
UpdateRatioDisplay.from_estimator(well, ax=axes[0, 1]).ax_.set_title("Rate 0.1: through the band")
UpdateRatioDisplay.from_estimator(faults["rate 0.0001"], ax=axes[1, 0]).ax_.set_title("Rate 0.0001: far below it")

runs = {
    f"dropout {dropout}": repeated_runs(DNNClassifier(dropout=dropout, epochs=40), X, y, n_repeats=4, cv=3)
    for dropout in (0.2, 0.5)
}
print(f"\ndropout 0.2: {runs['dropout 0.2']}")
print(f"dropout 0.2 less 0.5: {runs['dropout 0.2'].compare(runs['dropout 0.5'])}")
RepeatedRunsDisplay.from_runs(runs, ax=axes[1, 1])

figure.savefig("plot_diagnosis.png")
print("\nPicture: plot_diagnosis.png")
plt.show()
