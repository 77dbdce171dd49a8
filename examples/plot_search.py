"""
=============================================
A search by Keras Tuner's oracles, in seconds
=============================================

`TunerSearchCV` is used like `GridSearchCV`, but an oracle of Keras Tuner proposes the candidates: here a Gaussian
process, over a part of the article's search space, with a budget of seconds. The data are measurements of three wines
that come with scikit-learn.
"""

# %%
# The space
# ---------
# Each family has a search space from the checklist. You can print it, make it smaller, or extend it.

import matplotlib.pyplot as plt
import quiet_start  # noqa: F401  TensorFlow without its start-up lines
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PowerTransformer

from presets import DNNClassifier, TunerSearchCV
from presets.search import Choice, dnn_space

space = dnn_space().only("learning_rate", "optimizer", "dropout", "clipnorm") | {"batch_size": Choice(32, 64)}
print(space)

# %%
# The search
# ----------
# The first trial uses the parameters of the estimator itself. Parameters of the network need no prefix. A trial ends
# early if its scores are worse than those of the best trial on the same folds, by more than chance explains. Networks
# with 80 epochs or more are also screened after a sixteenth of their epochs; these networks have 60.

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

search = TunerSearchCV(
    make_pipeline(PowerTransformer(), DNNClassifier(hidden_layer_sizes=(32,), epochs=60, random_state=0)),
    space=space,
    oracle="bayesian",
    n_trials=20,
    timeout=12,
    cv=4,
    scoring="neg_log_loss",
    random_state=0,
    verbose=1,
)
print("A search by a Gaussian process: 20 trials, 4 folds of 133 wines, at most 12 seconds.")
search.fit(X_train, y_train)

# %%
# The results
# -----------

print(search.search_report())
print(f"Accuracy on the test rows: {search.best_estimator_.score(X_test, y_test):.3f}")

ax = search.plot()
ax.set(title="Trials of the search", ylabel="minus the log loss")
ax.figure.savefig("plot_search.png")
print("Picture of the scores: plot_search.png")
plt.show()
