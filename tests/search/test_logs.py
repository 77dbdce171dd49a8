"""Every trial of a search logs in a folder of its own, with its name and parameters."""

import csv

import keras
import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from presets import DNNClassifier, TunerSearchCV
from presets.search import Choice

X = np.random.default_rng(0).normal(size=(60, 3))
Y = np.arange(60) % 2
PARTS = ["screening", "fold_0", "fold_1"]


def search(callbacks, network=None, **parameters):
    rules = {"hidden_layer_sizes": (4,), "epochs": 80, "init": "scaled", "random_state": 0, "callbacks": callbacks}
    return TunerSearchCV(
        make_pipeline(StandardScaler(), DNNClassifier(**rules)),
        space={"dropout": Choice(0.2, 0.5), "clipnorm": Choice(5.0, None)},
        oracle="random",
        n_trials=2,
        cv=2,
        random_state=1,
        refit=False,
        **parameters,
    ).fit(X, Y)


def hparams(directory):
    """Name of the trial and its parameters, as TensorBoard reads them."""
    for path in directory.glob("events.*"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "hparams":
                    start = HParamsPluginData.FromString(value.metadata.plugin_data.content).session_start_info
                    return start.group_name, {name: _plain(held) for name, held in start.hparams.items()}
    return None


def _plain(held):
    return getattr(held, held.WhichOneof("kind"))


def test_csv_loggers_and_stopped_folds(tmp_path):
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=0, baseline=-1.0)
    result = search([keras.callbacks.CSVLogger(str(tmp_path / "log.csv")), stop], prune=False)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.csv"))
    assert files == [f"trial_{trial:05d}/fold_{fold}/log.csv" for trial in range(2) for fold in range(2)]
    with open(tmp_path / files[0]) as file:
        assert {"loss", "learning_rate", "update_ratio", "clipped"} <= set(next(csv.DictReader(file)))
    assert result.cv_results_["status"].tolist() == ["completed"] * 2


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="Keras's TensorBoard callback needs TensorFlow")
def test_tensorboard_has_a_folder_a_trial_with_its_parameters(tmp_path):
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=0, baseline=-1.0)
    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False)
    result = search([board, stop])
    assert board.log_dir == str(tmp_path)
    for number, params in enumerate(result.cv_results_["params"]):
        expected = {name: value if isinstance(value, float) else repr(value) for name, value in params.items()}
        for part in ["screening", "fold_0"]:
            directory = tmp_path / f"trial_{number:05d}" / part
            if directory.exists():
                assert hparams(directory) == (f"trial {number}", expected)
                assert list(directory.rglob("train/events.*"))
        assert (tmp_path / f"trial_{number:05d}").is_dir()
    assert sorted(path.name for path in (tmp_path / "trial_00000").iterdir()) == sorted(PARTS)
