"""
===============================================
A network in a scikit-learn grid search
===============================================

The main job of this package: a neural network as the last step of a `Pipeline`, tuned by `GridSearchCV` like any other
estimator. The data are the breast cancer measurements that come with scikit-learn: 569 tumours, 30 columns, two
classes.
"""

# %%
# The data and the preprocessing
# ------------------------------
# Measurements of areas and their errors are skewed, so a `ColumnTransformer` takes their logarithm. The network
# standardises its inputs itself, by the statistics of its training part (item A2 of the checklist).

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import quiet_start  # noqa: F401  TensorFlow without its start-up lines
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import classification_report
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from presets import DNNClassifier, article

X, y = load_breast_cancer(as_frame=True, return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

take_logarithm = make_column_transformer(
    (FunctionTransformer(np.log1p), make_column_selector(pattern="area|error")), remainder="passthrough"
)

# %%
# The search
# ----------
# All defaults are numbers of the checklist: batches of 128, a learning rate of 0.1 that is halved on a plateau, dropout
# 0.2, and so on. The grid tries two learning rates and two dropouts. All fits use the same compiled program. With
# ``verbose=3``, each fit is shown with its score.

search = GridSearchCV(
    make_pipeline(take_logarithm, DNNClassifier(metrics=["accuracy"], random_state=0)),
    {"dnnclassifier__learning_rate": [0.1, 0.02], "dnnclassifier__dropout": [0.2, 0.5]},
    cv=3,
    scoring="neg_log_loss",
    verbose=3,
)
print(f"A grid search over a pipeline with a network: 4 candidates, 3 folds of {len(X_train)} tumours.")
search.fit(X_train, y_train)

# %%
# The results
# -----------

columns = [
    "param_dnnclassifier__learning_rate",
    "param_dnnclassifier__dropout",
    "mean_test_score",
    "std_test_score",
    "mean_fit_time",
]
results = pd.DataFrame(search.cv_results_)[columns].sort_values("mean_test_score", ascending=False)
results.columns = ["learning rate", "dropout", "mean score", "std of score", "seconds a fit"]
print(results.to_string(index=False, float_format="{:.3f}".format))

print(f"\nBest parameters: {search.best_params_}")
print(classification_report(y_test, search.predict(X_test), target_names=["malignant", "benign"]))

# %%
# How the best network learned
# ----------------------------
# The history has a value for each epoch: losses, metrics, the learning rate, and the size of the updates relative to
# the weights. By the checklist, this ratio should be near 1e-3 (A5.4).

network = search.best_estimator_[-1]
history = pd.DataFrame(network.history_)
print(f"{network.n_epochs_} epochs, ended by {network.stopped_by_}; best epoch {network.best_epoch_ + 1}.")
print(f"Initial weights {network.init_.rule!r}: {network.init_.reason}.")

figure, (losses, rates) = plt.subplots(2, sharex=True, figsize=(8, 7), layout="constrained", height_ratios=[2, 1])
history.plot(y=["loss", "val_loss"], label=["training", "validation"], ax=losses)
losses.axvline(network.best_epoch_, color="gray", linestyle=":", label="best epoch (its weights are kept)")
losses.set(ylabel="cross-entropy", title="Learning curves of the best network")
losses.legend()
history.plot(
    y=["learning_rate", "update_ratio"], label=["rate", "norm of update / norm of weights"], ax=rates, logy=True
)
rates.axhspan(*article.UPDATE_RATIO_BAND, color="gray", alpha=0.2, label="right ratio by the checklist")
rates.set(xlabel="epoch", ylabel="rate, ratio")
rates.legend()
figure.savefig("plot_grid_search.png")
print("Picture of the learning curves: plot_grid_search.png")
plt.show()
