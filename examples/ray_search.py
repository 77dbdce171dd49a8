"""
A search over networks on Ray's processes, by its joblib backend.

Run it on one machine with two processes, after ``pip install ray``::

    RAY_AUTH_MODE=disabled python examples/ray_search.py

On a cluster, give ``ray.init`` its address; the data are sent to each machine once. With ``RAY_AUTH_MODE=disabled``,
Ray does not write a token into the home folder. This script is not part of `run_all.py`, because Ray is not a
dependency of this package.
"""

import ray
from joblib import parallel_config
from ray.util.joblib import register_ray
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV

from presets import DNNClassifier, TunerSearchCV
from presets.search import dnn_space

ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def main():
    """Search by scikit-learn and by Keras Tuner's oracle, two trials at a time."""
    X, y = load_digits(return_X_y=True)
    network = DNNClassifier(epochs=100, random_state=0)
    space = dnn_space().only("learning_rate", "dropout")
    ray.init(num_cpus=2, runtime_env={"env_vars": ONE_THREAD}, include_dashboard=False)
    register_ray()
    with parallel_config(backend="ray"):
        # without n_jobs there is only one process
        random = RandomizedSearchCV(network, space.distributions(), n_iter=4, cv=2, n_jobs=2, random_state=0).fit(X, y)
        print(f"RandomizedSearchCV: {random.best_score_:.4f} with {random.best_params_}")
        tuner = TunerSearchCV(network, space=space, n_trials=4, cv=2, n_jobs=2, random_state=0).fit(X, y)
        print(tuner.search_report(1))


if __name__ == "__main__":
    main()
