"""Keras Tuner's own tuners drive the hypermodels unchanged."""

import keras
import keras_tuner
import numpy as np
import pytest

from presets import DNNClassifier
from presets.search import Choice, CNNHyperModel, DNNHyperModel, LogUniform, LSTMHyperModel, dnn_space

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
y = np.digitize(X[:, 0], [-0.5, 0.5])
SPACE = {"learning_rate": LogUniform(0.01, 0.3), "hidden_layer_sizes": Choice((8,), (16,))}
TUNERS = {
    "RandomSearch": {"max_trials": 2},
    "BayesianOptimization": {"max_trials": 3, "num_initial_points": 2},
    "GridSearch": {"max_trials": 2},
    "Hyperband": {"max_epochs": 2, "factor": 2},
}


@pytest.mark.parametrize("name", TUNERS)
def test_tuners(name, tmp_path):
    hypermodel = DNNHyperModel((4,), 3, space=SPACE, random_state=0, hidden_layer_sizes=(8,))
    tuner = getattr(keras_tuner, name)(
        hypermodel,
        objective=keras_tuner.Objective("val_loss", "min"),
        seed=1,
        directory=tmp_path,
        project_name="search",
        max_consecutive_failed_trials=1,
        **TUNERS[name],
    )
    tuner.search(X, y, verbose=0, **({} if name == "Hyperband" else {"epochs": 2}))
    best = tuner.get_best_hyperparameters()[0]
    assert best["hidden_layer_sizes"] in ("(8,)", "(16,)")
    assert tuner.get_best_models()[0].predict(X, verbose=0).shape == (60, 3)
    if name == "Hyperband":
        continued = [t for t in tuner.oracle.trials.values() if t.hyperparameters.values["tuner/initial_epoch"]]
        assert continued
        assert all("tuner/trial_id" in trial.hyperparameters.values for trial in continued)


def test_the_network_is_the_estimators():
    fitted = DNNClassifier(hidden_layer_sizes=(64,), epochs=1, random_state=0).fit(X, y)
    hypermodel = DNNHyperModel((4,), 3, random_state=0, hidden_layer_sizes=(64,))
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    assert [w.shape for w in model.get_weights()] == [w.shape for w in fitted._fitted.weights]
    assert {dimension.name for dimension in hp.space} == set(dnn_space())
    assert float(keras.ops.convert_to_numpy(model.optimizer.learning_rate)) == pytest.approx(0.1)
    assert model.optimizer.clipnorm == 5.0


def test_the_training_follows_the_checklist():
    space = {"lr_factor": Choice(0.5, 0.2)}
    hypermodel = DNNHyperModel((4,), 3, space=space, hidden_layer_sizes=(16,) * 4, patience=1, random_state=0)
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    before = np.std(model.get_weights()[0])
    history = hypermodel.fit(hp, model, X, RNG.integers(0, 3, 60), epochs=60, verbose=0)
    assert before == pytest.approx(0.02, rel=0.5)
    assert np.std(model.get_weights()[0]) > 0.1  # the probe chose the scaled rule for four layers
    assert "val_accuracy" in history.history
    assert len(history.history["loss"]) < 60  # the rate became very small


@pytest.mark.parametrize(
    ("make", "shape", "quick"),
    [
        (LSTMHyperModel, (6, 2), {"space": {"units": Choice((4,), (8,))}, "units": (4,)}),
        (CNNHyperModel, (6, 6, 1), {"space": {"dense_units": Choice(4, 8)}, "filters": (4,), "dense_units": 4}),
    ],
)
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_families(make, shape, quick, task, tmp_path):
    inputs = RNG.normal(size=(40, *shape)).astype("float32")
    target = inputs.reshape(40, -1)[:, 0]
    hypermodel = make(shape, 1, task=task, random_state=0, **quick)
    tuner = keras_tuner.RandomSearch(
        hypermodel,
        objective="val_loss",
        max_trials=1,
        directory=tmp_path,
        project_name="search",
        max_consecutive_failed_trials=1,
    )
    tuner.search(inputs, target > 0 if task == "classification" else target, epochs=1, verbose=0)
    assert np.isfinite(tuner.oracle.get_best_trials()[0].score)


def test_estimators_train_on_after_keras_tuner_cleared_the_session():
    keras.backend.clear_session()
    DNNClassifier(hidden_layer_sizes=(8,), epochs=1).fit(X, y)


def test_curves_that_need_compiled_training_are_refused():
    hypermodel = DNNHyperModel((4,), 3, dropout_schedule="cosine")
    with pytest.raises(ValueError, match=r"dropout_schedule='cosine'.*TunerSearchCV"):
        hypermodel.build(keras_tuner.HyperParameters())


def test_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match="task must be one of classification, regression"):
        DNNHyperModel((4,), 3, task="ranking")
