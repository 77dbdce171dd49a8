"""One fit of AutoGluon in its own environment, for automl.py: reads a pickle of data and writes predictions there."""

import pickle
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from autogluon.tabular import TabularPredictor


def frame(columns):
    found = {
        name: pd.Series(values, dtype="float64" if kind == "number" else "category")
        for name, (kind, values) in columns.items()
    }
    return pd.DataFrame(found)


file = Path(sys.argv[1])
given = pickle.loads(file.read_bytes())
if given["clock"] == "cpu":  # as automl.py counts for the others
    start = time.time()
    time.monotonic = time.perf_counter = time.process_time
    time.time = lambda: start + time.process_time()
metric = "log_loss" if given["is_classification"] else "root_mean_squared_error"
kind = None if given["is_classification"] else "regression"
train, new = frame(given["X_train"]).assign(__y__=given["y_train"]), frame(given["X"])
with tempfile.TemporaryDirectory() as folder:
    begin = time.perf_counter()
    predictor = TabularPredictor(label="__y__", problem_type=kind, eval_metric=metric, path=folder, verbosity=0)
    predictor.fit(train, time_limit=given["seconds"], presets="medium_quality", num_cpus=1)
    seconds = time.perf_counter() - begin
    found = {"seconds": seconds, "predicted": predictor.predict(new).to_numpy()}
    if predictor.problem_type != "regression":
        probabilities = predictor.predict_proba(new)
        found |= {"classes": list(probabilities.columns), "probabilities": probabilities.to_numpy()}
file.write_bytes(pickle.dumps(found))
