"""What the parameters of a fit do."""

import inspect
import random
import re

import keras
import numpy as np
import pandas as pd
import pytest
from estimator_list import (
    CLASSIFIERS,
    ESTIMATORS,
    LABELS,
    ONE_OF_EACH,
    PLAIN,
    PLAIN_CLASSIFIERS,
    PLAIN_REGRESSORS,
    REGRESSORS,
    VALUES,
    X,
    label,
    outputs,
    quick,
    target,
)
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_sample_weight

from presets import DNNClassifier, DNNRegressor, preset_grid
from presets.estimators.cnn import CNN
from presets.estimators.lstm import LSTM

every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)
one_of_each = pytest.mark.parametrize("estimator", ONE_OF_EACH)
every_classifier = pytest.mark.parametrize("estimator", CLASSIFIERS)
plain_estimator = pytest.mark.parametrize("estimator", PLAIN)
plain_classifier = pytest.mark.parametrize("estimator", PLAIN_CLASSIFIERS)
plain_regressor = pytest.mark.parametrize("estimator", PLAIN_REGRESSORS)

X_TRAIN, X_VAL = X[:70], X[70:]


def parts(estimator):
    """Arguments of a fit with validation data of its own."""
    y = target(estimator)
    return {"X": X_TRAIN, "y": y[:70], "X_val": X_VAL, "y_val": y[70:]}


def fit(estimator, **parameters):
    return quick(estimator, **parameters).fit(X, target(estimator))


def assert_same(first, second, **tolerance):
    np.testing.assert_allclose(outputs(first), outputs(second), **{"rtol": 1e-6, "atol": 1e-7} | tolerance)


class Collector(keras.callbacks.Callback):
    """Puts what it sees into a list that survives the copy made for a fit."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __deepcopy__(self, memo):
        return type(self)(self.seen)


# ---------------------------------------------------------------- presets


@every_estimator
def test_article_is_the_default_preset(estimator):
    assert estimator.list_presets()[0] == "article"
    assert estimator.from_preset("article").get_params() == estimator().get_params()


@every_estimator
def test_a_line_about_every_preset(estimator):
    lines = repr(estimator.list_presets()).splitlines()
    assert [line.partition(": ")[0] for line in lines] == estimator.list_presets()
    assert all(line.partition(": ")[2] for line in lines)


@one_of_each
def test_every_preset_fits_and_takes_overrides(estimator):
    shape = {"image_shape": (2, 2)} if "image_shape" in estimator().get_params() else {}
    for name in estimator.list_presets():
        model = estimator.from_preset(name, epochs=1, random_state=3, **shape)
        assert model.epochs == 1
        assert np.isfinite(outputs(model.fit(X, target(estimator)))).all()


@every_estimator
def test_unknown_preset(estimator):
    with pytest.raises(ValueError, match=r"'deeper' is not a preset of .*article"):
        estimator.from_preset("deeper")
    with pytest.raises(TypeError, match="depth"):
        estimator.from_preset("article", depth=3)


@pytest.mark.parametrize("estimator", [DNNClassifier, DNNRegressor])
def test_presets_of_dense_networks(estimator):
    assert estimator.list_presets() == ["article", "deep", "adaptive", "momentum", "quick", "tuned"]
    deep = estimator.from_preset("deep", dropout=0.3)
    assert (deep.hidden_layer_sizes, deep.init, deep.dropout) == ((256, 256, 256, 256), "scaled", 0.3)
    assert estimator.from_preset("adaptive").optimizer == "rmsprop"
    momentum = estimator.from_preset("momentum")
    assert (momentum.momentum, momentum.nesterov) == (0.9, True)


@plain_estimator
def test_grid_over_presets(estimator):
    name = estimator.__name__.lower()
    pipeline = make_pipeline(StandardScaler(), quick(estimator))
    grid = preset_grid(pipeline[-1], prefix=f"{name}__")
    assert len(grid) == len(estimator.list_presets())
    for preset, parameters in zip(estimator.list_presets(), grid, strict=True):
        chosen = clone(pipeline).set_params(**{key: values[0] for key, values in parameters.items()})[-1]
        expected = estimator.from_preset(preset)
        for parameter in estimator._presets[preset]:
            assert getattr(chosen, parameter) == getattr(expected, parameter)
        assert chosen.epochs == (expected.epochs if "epochs" in estimator._presets[preset] else pipeline[-1].epochs)
    search = GridSearchCV(pipeline, preset_grid(pipeline[-1], "article", prefix=f"{name}__"), cv=2, error_score="raise")
    search.fit(X, target(estimator))


def test_grid_over_presets_can_be_searched():
    grid = preset_grid(quick(DNNClassifier), "article", "adaptive", "momentum")
    search = GridSearchCV(quick(DNNClassifier), grid, cv=2, error_score="raise").fit(X, LABELS)
    assert [row["optimizer"] for row in search.cv_results_["params"]] == ["sgd", "rmsprop", "sgd"]
    with pytest.raises(ValueError, match="'wide' is not a preset"):
        preset_grid(DNNClassifier(), "wide")


# ---------------------------------------------------------------- initial weights


@pytest.mark.parametrize("estimator", [DNNClassifier, DNNRegressor])
@pytest.mark.parametrize(("hidden_layer_sizes", "rule"), [((128, 128), "normal"), ((256,) * 4, "scaled")])
def test_auto_init_changes_for_deep_networks_only(estimator, hidden_layer_sizes, rule):
    model = fit(estimator, hidden_layer_sizes=hidden_layer_sizes, epochs=1)
    assert model.init_.rule == rule
    assert ("vanishes" in model.init_.reason) == (rule == "scaled")


@pytest.mark.parametrize(
    "init", ["normal", "scaled", "glorot_uniform", "zeros", keras.initializers.HeNormal(), "auto"], ids=label
)
def test_init_draws_the_kernels(init):
    model = DNNRegressor(init=init, learning_rate=1e-30, epochs=1, random_state=0, init_stddev=0.5, init_scale=0.1).fit(
        X, VALUES
    )
    kernels = [weights for weights in model.model_.get_weights() if weights.shape == (128, 128)]
    expected = {"normal": 0.5, "auto": 0.5, "scaled": 0.1 / 128**0.5, "glorot_uniform": (2 / 256) ** 0.5, "zeros": 0}
    np.testing.assert_allclose(kernels[0].std(), expected.get(init, (2 / 128) ** 0.5), rtol=0.05)
    if init != "auto":
        assert model.init_.reason == "as given"


# ---------------------------------------------------------------- budget, rate and stop


@one_of_each
@pytest.mark.parametrize("batch_size", [1, 90, 1000])
def test_auto_epochs_count_updates_too(estimator, batch_size):
    class Stop(Collector):
        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(self.params)
            self.model.stop_training = True

    seen = []
    model = fit(estimator, epochs="auto", batch_size=batch_size, callbacks=[Stop(seen)])
    updates = 90 if batch_size == 1 else 1  # 90 of the 100 rows train
    budget = estimator._budget
    assert seen == [{"verbose": 0, "epochs": max(budget.epochs, -(-budget.updates // updates)), "steps": updates}]
    assert (model.n_epochs_, model.stopped_by_) == (1, "callback")


@pytest.mark.parametrize(("batch_size", "patience"), [(1000, 150), (18, 30), (2, 10)])
def test_auto_patience_counts_updates_too(batch_size, patience):
    model = fit(DNNRegressor, epochs=patience + 2, batch_size=batch_size, min_delta=1e6)
    rates = np.array(model.history_["learning_rate"])
    np.testing.assert_allclose(rates, [0.1] * (patience + 1) + [0.05], rtol=1e-6)


@plain_estimator
def test_rate_is_divided_until_it_is_very_small(estimator):
    model = fit(estimator, epochs=100, patience=2, min_delta=1e6, lr_factor=0.2, min_lr_factor=0.03)
    np.testing.assert_allclose(model.history_["learning_rate"], [0.1] * 3 + [0.02] * 2 + [0.004] * 2, rtol=1e-6)
    assert (model.stopped_by_, model.rate_rule_, model.n_epochs_) == ("learning_rate", "plateau", 7)


@plain_estimator
def test_fixed_number_of_epochs(estimator):
    model = fit(estimator, epochs=7, patience=7)
    assert model.n_epochs_ == 7
    assert model.stopped_by_ == "epochs"
    assert {len(values) for values in model.history_.values()} == {7}


@one_of_each
def test_best_epoch_of_a_long_training_is_that_of_the_best_mean(estimator):
    model = quick(estimator, learning_rate=2.0, epochs=400, patience=1000).fit(**parts(estimator))
    n_averaged = 1 if isinstance(model, LSTM | CNN) else 4
    losses = model.history_["val_loss"]
    means = [np.mean(losses[max(end - n_averaged, 0) : end]) for end in range(1, len(losses) + 1)]
    assert model.best_epoch_ == int(np.argmin(means))


@plain_estimator
def test_best_weights_are_restored(estimator):
    given = parts(estimator)
    wild = {"learning_rate": 5.0, "epochs": 12, "patience": 100}  # so that the last epoch is not the best
    best, last = (quick(estimator, **wild, restore_best_weights=restore).fit(**given) for restore in (True, False))
    losses = best.history_["val_loss"]
    assert losses == last.history_["val_loss"]
    assert best.best_epoch_ == last.best_epoch_ == int(np.argmin(losses)) < 11
    for model, epoch in ((best, best.best_epoch_), (last, 11)):
        if estimator in CLASSIFIERS:
            found = log_loss(given["y_val"], model.predict_proba(X_VAL), labels=model.classes_)
        else:
            found = np.mean((given["y_val"] - model.predict(X_VAL)) ** 2) / given["y"].var()
        np.testing.assert_allclose(found, losses[epoch], rtol=1e-3)


# ---------------------------------------------------------------- weights of rows and classes


@plain_classifier
def test_class_weights_are_sample_weights(estimator):
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    by_class = fit(estimator, class_weight=class_weight)
    by_row = quick(estimator).fit(X, LABELS, sample_weight=np.array([1.0, 3.0, 0.5])[LABELS])
    assert_same(by_class, by_row)
    assert by_class.history_["val_loss"] == by_row.history_["val_loss"]


@plain_classifier
@pytest.mark.parametrize("y", [LABELS, np.array(["x", "y", "z"])[LABELS]], ids=["numbers", "strings"])
def test_balanced_class_weights(estimator, y):
    balanced = quick(estimator, class_weight="balanced").fit(X, y)
    assert_same(balanced, quick(estimator).fit(X, y, sample_weight=compute_sample_weight("balanced", y)))


@plain_classifier
def test_class_and_sample_weights_are_multiplied(estimator):
    weights = np.linspace(0.5, 2.0, len(X))
    class_weight = {0: 1.0, 1: 3.0, 2: 0.5}
    both = quick(estimator, class_weight=class_weight).fit(X, LABELS, sample_weight=weights)
    assert_same(both, quick(estimator).fit(X, LABELS, sample_weight=weights * np.array([1.0, 3.0, 0.5])[LABELS]))


@plain_estimator
def test_equal_weights_change_nothing(estimator):
    weighted = quick(estimator).fit(X, target(estimator), sample_weight=np.full(len(X), 2.0))
    assert_same(weighted, fit(estimator), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_rows_without_weight_are_left_out(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 4 != 0
    weights = kept * 1.0
    poisoned = np.where(kept[:, None], X, 1e6)
    assert_same(
        quick(estimator).fit(poisoned, y, sample_weight=weights),
        quick(estimator).fit(X[kept], y[kept], sample_weight=weights[kept]),
    )


# ---------------------------------------------------------------- going on


@one_of_each
def test_warm_start_goes_on_from_the_present_weights(estimator):
    model = fit(estimator, warm_start=True, epochs=30)
    before = outputs(model)
    model.set_params(learning_rate=1e-12, epochs=2).fit(X, target(estimator))
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)
    assert model.n_epochs_ == 2
    model.set_params(warm_start=False).fit(X, target(estimator))
    assert np.abs(outputs(model) - before).max() > 1e-3


@plain_estimator
def test_warm_start_keeps_the_statistics_of_the_first_fit(estimator):
    model = fit(estimator, warm_start=True, epochs=30)
    before = outputs(model)
    y = target(estimator)
    model.set_params(learning_rate=1e-12, epochs=1).fit(
        X[:40] + 1000, y[:40] if estimator in CLASSIFIERS else y[:40] * 10
    )
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)


@plain_classifier
def test_warm_start_with_fewer_classes(estimator):
    model = fit(estimator, warm_start=True)
    model.fit(X[LABELS > 0], LABELS[LABELS > 0])
    assert list(model.classes_) == [0, 1, 2]


@plain_estimator
def test_warm_start_before_any_fit(estimator):
    assert_same(fit(estimator, warm_start=True), fit(estimator))


@one_of_each
def test_partial_fit_is_one_epoch(estimator):
    model = quick(estimator, init="scaled")
    y = target(estimator)
    for call in range(1, 6):
        assert model.partial_fit(X, y) is model
        assert model.n_epochs_ == call
        assert {len(values) for values in model.history_.values()} == {call}
    assert "val_loss" not in model.history_
    assert model.history_["learning_rate"] == [pytest.approx(0.1)] * 5
    for _ in range(40):
        model.partial_fit(X, y)
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    assert estimator not in PLAIN or model.score(X, y) > 0.7


@plain_estimator
def test_partial_fit_keeps_the_statistics_of_the_first_call(estimator):
    y = target(estimator)
    model = quick(estimator, learning_rate=1e-12).partial_fit(X, y)
    before = outputs(model)
    model.partial_fit(X + 1000, y)
    np.testing.assert_allclose(outputs(model), before, rtol=1e-4)


@plain_estimator
def test_partial_fit_takes_weights(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 2 == 0
    weighted = quick(estimator).partial_fit(X, y, sample_weight=kept * 1.0)
    assert_same(weighted, quick(estimator).partial_fit(X[kept], y[kept], sample_weight=np.ones(kept.sum())))


@plain_classifier
def test_partial_fit_knows_all_classes_from_the_first_call(estimator):
    two = LABELS < 2
    model = quick(estimator).partial_fit(X[two], LABELS[two], classes=[2, 1, 0])
    model.partial_fit(X, LABELS)
    assert list(model.classes_) == [0, 1, 2]
    assert model.predict_proba(X).shape == (len(X), 3)


@plain_estimator
def test_partial_fit_goes_on_with_the_optimizer(estimator):
    y = target(estimator)
    parameters = {
        "momentum": 0.9,
        "dropout": 0.0,
        "validation_fraction": 0,
        "shuffle": False,
        "init": "scaled",
        "batch_size": 50,
    }
    parameters |= {"restore_best_weights": False}
    model = quick(estimator, **parameters)
    for _ in range(3):
        model.partial_fit(X, y)
    assert_same(model, fit(estimator, **parameters, epochs=3), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_partial_fit_goes_on_after_fit(estimator):
    model = fit(estimator, epochs=4)
    losses = model.history_["loss"]
    model.partial_fit(X, target(estimator))
    assert model.n_epochs_ == 5
    assert model.history_["loss"][:4] == losses


# ---------------------------------------------------------------- callbacks


@one_of_each
def test_callbacks_are_copied_for_each_fit(estimator):
    stop = keras.callbacks.EarlyStopping(patience=1, min_delta=1e6)
    before = dict(vars(stop))
    model = quick(estimator, callbacks=[stop], epochs=20)
    first = model.fit(X, target(estimator)).history_
    assert model.stopped_by_ == "callback"
    assert model.n_epochs_ < 20
    assert model.fit(X, target(estimator)).history_ == first
    assert model.callbacks[0] is stop
    assert vars(stop) == before


@plain_estimator
def test_single_callback_needs_no_list(estimator):
    model = fit(estimator, callbacks=keras.callbacks.EarlyStopping(patience=1, min_delta=1e6), epochs=20)
    assert model.stopped_by_ == "callback"


# ---------------------------------------------------------------- randomness


@one_of_each
def test_random_state_gives_the_same_numbers(estimator):
    first = fit(estimator)
    assert_same(fit(estimator), first, rtol=0, atol=0)
    assert_same(clone(first).fit(X, target(estimator)), first, rtol=0, atol=0)
    assert_same(first.fit(X, target(estimator)), fit(estimator), rtol=0, atol=0)
    assert fit(estimator).history_ == first.history_


@plain_estimator
def test_random_state_gives_the_same_numbers_in_a_worker(estimator):
    here = fit(estimator)
    (there,) = Parallel(n_jobs=2)([delayed(fit)(estimator)])
    np.testing.assert_allclose(outputs(there), outputs(here), rtol=1e-5, atol=1e-6)


@one_of_each
def test_other_random_states_give_other_numbers(estimator):
    models = [fit(estimator, random_state=seed) for seed in (0, 1, None, None)]
    for i in range(4):
        for j in range(i):
            assert np.abs(outputs(models[i]) - outputs(models[j])).max() > 1e-5


@plain_estimator
def test_random_state_objects_are_drawn_from(estimator):
    state = np.random.RandomState(0)
    first, second = fit(estimator, random_state=state), fit(estimator, random_state=state)
    assert np.abs(outputs(first) - outputs(second)).max() > 1e-5
    assert_same(fit(estimator, random_state=np.random.RandomState(0)), first)


def draw_from_global_generators():
    """Something from each generator that belongs to the caller."""
    return random.random(), np.random.random(), float(keras.random.uniform(()))


@one_of_each
@pytest.mark.parametrize("random_state", [0, None])
@pytest.mark.parametrize("init", ["auto", "he_normal", "orthogonal", keras.initializers.GlorotNormal()], ids=label)
def test_global_generators_are_left_alone(estimator, random_state, init):
    keras.utils.set_random_seed(7)
    expected = draw_from_global_generators()
    keras.utils.set_random_seed(7)
    python, numpy = random.getstate(), np.random.get_state()[1:3]
    model = fit(estimator, random_state=random_state, init=init)
    outputs(model)
    model.model_  # noqa: B018
    clone(model)
    assert random.getstate() == python
    np.testing.assert_array_equal(np.random.get_state()[1], numpy[0])
    assert np.random.get_state()[2] == numpy[1]
    assert draw_from_global_generators() == expected


@plain_estimator
def test_global_settings_are_left_alone(estimator):
    def settings():
        return (
            keras.config.floatx(),
            keras.config.dtype_policy().name,
            keras.config.image_data_format(),
            keras.config.epsilon(),
        )

    before = settings()
    fit(estimator, dtype="float64")
    fit(estimator, dtype="mixed_bfloat16")
    assert settings() == before


@plain_estimator
def test_caller_s_global_seed_changes_nothing(estimator):
    keras.utils.set_random_seed(1)
    first = fit(estimator)
    keras.utils.set_random_seed(2)
    assert_same(fit(estimator), first, rtol=0, atol=0)


@plain_estimator
def test_rows_are_seen_in_order_without_shuffle(estimator):
    fixed = {"shuffle": False, "dropout": 0.0, "validation_fraction": 0, "init": "zeros", "epochs": 1}
    assert_same(fit(estimator, **fixed, random_state=1), fit(estimator, **fixed, random_state=2), rtol=0, atol=0)


# ---------------------------------------------------------------- validation


@one_of_each
def test_no_validation(estimator):
    model = fit(estimator, validation_fraction=0)
    assert not [name for name in model.history_ if name.startswith("val_")]
    assert model.best_epoch_ == int(np.argmin(model.history_["loss"]))


@one_of_each
def test_validation_data_are_not_trained_on(estimator):
    given = parts(estimator)
    y_val = given["y_val"][::-1].copy()
    first, second = quick(estimator).fit(**given), quick(estimator).fit(**given | {"y_val": y_val})
    np.testing.assert_allclose(first.history_["loss"], second.history_["loss"])
    assert first.history_["val_loss"] != second.history_["val_loss"]


@plain_estimator
def test_validation_data_leave_all_rows_to_training(estimator):
    class Count(Collector):
        def on_train_begin(self, logs=None):
            self.seen.append(self.params["steps"])

    seen = []
    quick(estimator, batch_size=1, epochs=1, callbacks=[Count(seen)]).fit(**parts(estimator))
    fit(estimator, batch_size=1, epochs=1, callbacks=[Count(seen)], validation_fraction=0.25)
    assert seen == [70, 75]


@plain_regressor
@pytest.mark.parametrize("n_rows", range(1, 31))
@pytest.mark.filterwarnings("ignore:validation_fraction")
def test_few_rows_for_a_regressor(estimator, n_rows):
    model = quick(estimator).fit(X[:n_rows], VALUES[:n_rows])
    assert np.isfinite(model.predict(X)).all()
    assert ("val_loss" in model.history_) == (n_rows >= 10)


@plain_classifier
@pytest.mark.parametrize("n_rows", range(2, 31))
@pytest.mark.filterwarnings("ignore:validation_fraction")
def test_few_rows_for_a_classifier(estimator, n_rows):
    y = np.arange(n_rows) % 2
    model = quick(estimator).fit(X[:n_rows], y)
    assert np.isfinite(model.predict_proba(X)).all()
    assert ("val_loss" in model.history_) == (n_rows >= 10)
    y[2:] = 0  # a class of a single row stays in the training part
    quick(estimator).fit(X[:n_rows], y)


# ---------------------------------------------------------------- losses, metrics, monitor


@keras.saving.register_keras_serializable("tests")
def absolute_error(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


@plain_regressor
@pytest.mark.parametrize("loss", ["mae", "huber", "log_cosh", keras.losses.Huber(0.5), absolute_error], ids=label)
def test_losses_of_values(estimator, loss):
    assert fit(estimator, loss=loss, epochs=40).score(X, VALUES) > 0.7


@plain_regressor
def test_losses_by_name_object_and_function_are_the_same(estimator):
    losses = ["mae", keras.losses.MeanAbsoluteError(), absolute_error]
    first, *others = (fit(estimator, loss=loss).history_["val_loss"] for loss in losses)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-5)


LOSSES = {
    "binary": (
        LABELS > 0,
        ["binary_crossentropy", "binary_focal_crossentropy", keras.losses.BinaryCrossentropy(label_smoothing=0.1)],
    ),
    "multiclass": (
        LABELS,
        [
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
            "categorical_focal_crossentropy",
            keras.losses.SparseCategoricalCrossentropy(),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        ],
    ),
    "multilabel": (
        np.column_stack([LABELS > 0, LABELS > 1]).astype(int),
        ["binary_crossentropy", "binary_focal_crossentropy"],
    ),
}


@plain_classifier
@pytest.mark.parametrize(("kind", "loss"), [(kind, loss) for kind in LOSSES for loss in LOSSES[kind][1]], ids=label)
def test_losses_of_classes(estimator, kind, loss):
    y = LOSSES[kind][0]
    assert quick(estimator, loss=loss, epochs=60).fit(X, y).score(X, y) > 0.6


@plain_classifier
@pytest.mark.parametrize(
    ("kind", "loss"),
    [
        ("binary", "binary_crossentropy"),
        ("binary", keras.losses.BinaryCrossentropy()),
        ("multiclass", "sparse_categorical_crossentropy"),
        ("multiclass", "categorical_crossentropy"),
        ("multiclass", keras.losses.CategoricalCrossentropy()),
        ("multilabel", "binary_crossentropy"),
    ],
    ids=label,
)
def test_auto_loss_of_classes_is_cross_entropy(estimator, kind, loss):
    y = LOSSES[kind][0]
    automatic, named = (quick(estimator, loss=name).fit(X, y).history_["val_loss"] for name in ("auto", loss))
    np.testing.assert_allclose(named, automatic, rtol=1e-4)


@plain_classifier
def test_metrics_of_two_classes(estimator):
    y = LABELS > 0
    metrics = ["accuracy", "AUC", keras.metrics.Precision(name="exactness")]
    model = quick(estimator, metrics=metrics, epochs=40, restore_best_weights=False).fit(
        X_TRAIN, y[:70], X_val=X_VAL, y_val=y[70:]
    )
    assert {"accuracy", "AUC", "exactness", "val_accuracy", "val_AUC", "val_exactness"} <= model.history_.keys()
    assert model.history_["val_accuracy"][-1] == pytest.approx(model.score(X_VAL, y[70:]))
    assert model.history_["val_AUC"][-1] == pytest.approx(
        roc_auc_score(y[70:], model.predict_proba(X_VAL)[:, 1]), abs=0.02
    )


@plain_classifier
@pytest.mark.parametrize("metric", ["accuracy", "acc", "sparse_categorical_accuracy", "categorical_accuracy"])
def test_accuracy_of_several_classes(estimator, metric):
    model = quick(estimator, metrics=[metric], epochs=5, restore_best_weights=False).fit(**parts(estimator))
    assert model.history_[f"val_{metric}"][-1] == pytest.approx(accuracy_score(LABELS[70:], model.predict(X_VAL)))


@plain_regressor
@pytest.mark.parametrize("metric", ["mae", keras.metrics.MeanAbsoluteError(name="mae"), absolute_error], ids=label)
def test_metrics_of_values_are_in_their_unit(estimator, metric):
    model = quick(estimator, metrics=[metric], restore_best_weights=False).fit(**parts(estimator))
    name = "absolute_error" if metric is absolute_error else "mae"
    expected = mean_absolute_error(VALUES[70:], model.predict(X_VAL))
    assert model.history_[f"val_{name}"][-1] == pytest.approx(expected, rel=1e-4)


@plain_estimator
def test_metrics_are_weighted(estimator):
    y = target(estimator)
    kept = np.arange(len(X)) % 2 == 0
    name = "accuracy" if estimator in CLASSIFIERS else "mae"
    both = (
        quick(estimator, metrics=[name], validation_fraction=0).fit(X, y, sample_weight=kept * 1.0),
        quick(estimator, metrics=[name], validation_fraction=0).fit(X[kept], y[kept]),
    )
    np.testing.assert_allclose(both[0].history_[name], both[1].history_[name], rtol=1e-4)


@plain_estimator
@pytest.mark.parametrize("place", ["training", "validation"])
def test_monitor_knows_which_direction_is_better(estimator, place):
    metric, best = ("accuracy", np.argmax) if estimator in CLASSIFIERS else ("mae", np.argmin)
    metrics = [metric] if estimator in CLASSIFIERS else [metric, keras.metrics.R2Score(name="r2")]
    prefix = "val_" if place == "validation" else ""
    wild = {"metrics": metrics, "epochs": 15, "learning_rate": 0.5, "patience": 100}
    model = quick(estimator, **wild, monitor=f"{prefix}{metric}").fit(**parts(estimator))
    assert model.best_epoch_ == int(best(model.history_[f"{prefix}{metric}"]))
    if estimator in REGRESSORS:
        model = quick(estimator, **wild, monitor=f"{prefix}r2").fit(**parts(estimator))
        assert model.best_epoch_ == int(np.argmax(model.history_[f"{prefix}r2"]))


@plain_classifier
def test_monitor_on_a_metric_object(estimator):
    y = LABELS > 0
    model = quick(
        estimator,
        metrics=[keras.metrics.AUC(name="area")],
        monitor="val_area",
        epochs=15,
        learning_rate=0.5,
        patience=100,
    ).fit(X_TRAIN, y[:70], X_val=X_VAL, y_val=y[70:])
    assert model.best_epoch_ == int(np.argmax(model.history_["val_area"]))


@one_of_each
def test_history(estimator):
    history = fit(estimator, epochs=4, learning_rate=0.05).history_
    assert {"loss", "val_loss", "learning_rate", "update_ratio", "clipped"} <= history.keys()
    for name, values in history.items():
        assert len(values) == 4, name
        assert all(isinstance(value, float) for value in values), name
    assert all(0 <= share <= 1 for share in history["clipped"])
    assert all(ratio > 0 for ratio in history["update_ratio"])


# ---------------------------------------------------------------- the screen


@plain_estimator
def test_silent_by_default(estimator, capfd):
    fit(estimator, verbose=0)
    assert capfd.readouterr().out == ""


@plain_estimator
@pytest.mark.parametrize("verbose", [1, 2, True, "auto"])
def test_verbose_shows_the_epochs(estimator, verbose, capsys):
    fit(estimator, verbose=verbose, epochs=3)
    shown = capsys.readouterr().out
    assert len(re.findall(r"Epoch \d/3", shown)) == 3
    assert len(re.findall(r"val_loss: \d\.\d+", shown)) >= 3


# ---------------------------------------------------------------- ways to compute


@one_of_each
@pytest.mark.parametrize(
    "parameters", [{}, {"optimizer": "adam", "l2": 0.01}, {"momentum": 0.9, "clipnorm": 0.1}], ids=label
)
def test_step_by_step_gives_the_same_numbers(estimator, parameters):
    parameters = {name: value for name, value in parameters.items() if name in estimator().get_params()}
    compiled, stepwise = fit(estimator, **parameters), fit(estimator, steps_per_execution=1, **parameters)
    assert_same(stepwise, compiled, rtol=1e-4, atol=1e-5)
    for name, values in compiled.history_.items():
        np.testing.assert_allclose(stepwise.history_[name], values, rtol=1e-3, err_msg=name)


@plain_estimator
def test_standardized_data_need_no_scaling(estimator):
    scaled = X * np.array([64.0, 0.25, 8.0, 1.0]) + np.array([0.0, 512.0, -64.0, 8.0])
    np.testing.assert_allclose(
        outputs(quick(estimator).fit(scaled, target(estimator)), scaled), outputs(fit(estimator)), rtol=1e-4, atol=1e-5
    )


@plain_estimator
def test_data_may_come_standardized(estimator):
    scaled = StandardScaler().fit_transform(X)
    plain = quick(estimator, standardize=False, validation_fraction=0).fit(scaled, target(estimator))
    inside = fit(estimator, validation_fraction=0)
    np.testing.assert_allclose(outputs(plain, scaled), outputs(inside), rtol=1e-4, atol=1e-5)


@plain_estimator
def test_statistics_are_those_of_the_training_part(estimator):
    given = parts(estimator)
    moved = given | {"X_val": X_VAL + 1e6}
    for validation in (given, moved):
        model = quick(estimator, epochs=1).fit(**validation)
        normalization = next(layer for layer in model.model_.layers if isinstance(layer, keras.layers.Normalization))
        np.testing.assert_allclose(np.ravel(normalization.mean), X_TRAIN.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(np.ravel(normalization.variance), X_TRAIN.var(axis=0), rtol=1e-5)


@every_estimator
@pytest.mark.parametrize(
    ("dtype", "probability_dtype"),
    [("float64", "float64"), ("mixed_float16", "float32"), ("mixed_bfloat16", "float32")],
)
def test_types_of_the_network(estimator, dtype, probability_dtype):
    model = fit(estimator, dtype=dtype, epochs=40 if estimator in PLAIN else 2)
    assert outputs(model).dtype == (probability_dtype if estimator in CLASSIFIERS else "float64")
    assert estimator not in PLAIN or model.score(X, target(estimator)) > 0.7
    if estimator in CLASSIFIERS:
        np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, atol=1e-3)


@plain_estimator
@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        ("sgd", 0.1),
        ("adam", 0.01),
        ("RMSprop", 0.01),
        ("adagrad", 0.1),
        ("nadam", 0.01),
        ("adamw", 0.01),
        (keras.optimizers.Adam(0.02), 0.02),
        (keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0), 0.05),
        (keras.optimizers.SGD(0.05, weight_decay=1e-4, global_clipnorm=15.0), 0.05),
    ],
    ids=label,
)
def test_optimizers(estimator, optimizer, rate):
    parameters = {"learning_rate": rate} if isinstance(optimizer, str) else {}
    model = fit(estimator, optimizer=optimizer, epochs=30, **parameters)
    assert model.history_["learning_rate"][0] == pytest.approx(rate)
    assert model.score(X, target(estimator)) > 0.6
    if not isinstance(optimizer, str):
        assert not optimizer.built


@plain_estimator
def test_optimizer_object_equals_its_name(estimator):
    named = fit(estimator, momentum=0.9, nesterov=True, clipnorm=0.5, learning_rate=0.05)
    given = fit(estimator, optimizer=keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=0.5))
    assert_same(given, named)


@plain_estimator
def test_clipping_is_counted(estimator):
    assert set(fit(estimator, clipnorm=1e-6).history_["clipped"]) == {1.0}
    assert set(fit(estimator, clipnorm=None, global_clipnorm=1e-6).history_["clipped"]) == {1.0}
    assert set(fit(estimator, clipnorm=1e6).history_["clipped"]) == {0.0}
    assert set(fit(estimator, clipnorm=None).history_["clipped"]) == {0.0}


@plain_estimator
@pytest.mark.parametrize("parameter", ["l1", "l2"])
def test_penalties_shrink_the_weights(estimator, parameter):
    def size(model):
        return sum(np.square(weights).sum() for weights in model.model_.get_weights() if weights.ndim == 2)

    assert size(fit(estimator, **{parameter: 0.05}, epochs=30)) < size(fit(estimator, epochs=30))


@plain_estimator
@pytest.mark.parametrize("activation", ["tanh", "elu", keras.activations.gelu], ids=label)
def test_activations(estimator, activation):
    if "activation" not in estimator().get_params():
        pytest.skip(f"{estimator.__name__} has no activation")
    assert fit(estimator, activation=activation, epochs=40).score(X, target(estimator)) > 0.7


# ---------------------------------------------------------------- the complete model

COMPLETE = {
    "binary": (PLAIN_CLASSIFIERS, LABELS > 0),
    "multiclass": (CLASSIFIERS, LABELS),
    "multilabel": (PLAIN_CLASSIFIERS, np.column_stack([LABELS > 0, LABELS > 1]).astype(int)),
    "values": (REGRESSORS, VALUES),
    "two columns of values": (PLAIN_REGRESSORS, np.column_stack([VALUES, 1000 - VALUES])),
}


@pytest.mark.parametrize(
    ("estimator", "kind"), [(estimator, kind) for kind, (estimators, _) in COMPLETE.items() for estimator in estimators]
)
def test_complete_model_predicts_the_same_also_from_its_file(estimator, kind, tmp_path):
    model = quick(estimator, epochs=10).fit(X, COMPLETE[kind][1])
    expected = outputs(model)[:, 1:] if kind == "binary" else outputs(model).reshape(len(X), -1)
    assert isinstance(model.model_, keras.Model)
    assert model.model_ is model.model_
    model.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for complete in (model.model_, loaded):
        found = complete.predict(X.astype("float32"), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@one_of_each
def test_complete_model_holds_only_layers_of_keras(estimator):
    model = fit(estimator).model_
    for layer in model._flatten_layers():
        assert type(layer).__module__.startswith("keras."), layer


@plain_estimator
def test_complete_model_follows_the_last_fit(estimator):
    model = fit(estimator)
    model.model_  # noqa: B018
    model.set_params(random_state=5).fit(X, target(estimator))
    expected = fit(estimator, random_state=5).model_.predict(X.astype("float32"), verbose=0)
    np.testing.assert_allclose(model.model_.predict(X.astype("float32"), verbose=0), expected, rtol=1e-6)


@plain_estimator
def test_training_the_complete_model_further_leaves_the_estimator_alone(estimator):
    model = fit(estimator)
    before = outputs(model)
    model.model_.set_weights([weights * 0 for weights in model.model_.get_weights()])
    np.testing.assert_array_equal(outputs(model), before)


# ---------------------------------------------------------------- documentation


@every_estimator
def test_documented_defaults_are_those_of_the_signature(estimator):
    section = inspect.getdoc(estimator).split("Attributes\n")[0]
    documented = dict(re.findall(r"^(\w+) : .*, default=(.*)$", section, flags=re.MULTILINE))
    signature = inspect.signature(estimator).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    assert documented == {name: getattr(value, "__name__", repr(value)) for name, value in defaults.items()}


@every_estimator
def test_documented_attributes_exist_after_fit(estimator):
    section = inspect.getdoc(estimator).split("Attributes\n")[1]
    model = quick(estimator).fit(pd.DataFrame(X, columns=list("abcd")), target(estimator))
    names = re.findall(r"^(\w+) : ", section, flags=re.MULTILINE)
    assert {"model_", "history_", "n_epochs_", "init_"} <= set(names)
    for name in names:
        assert hasattr(model, name), name


@plain_estimator
def test_nothing_is_written_to_the_working_directory(estimator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit(estimator)
    assert list(tmp_path.iterdir()) == []
