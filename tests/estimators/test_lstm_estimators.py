"""Sequences of equal and unequal length, in every form, under scikit-learn's contract."""

import copy
import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.model_selection import GridSearchCV, check_cv, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from presets import LSTMClassifier, LSTMRegressor, article, make_windows
from presets.estimators.base import design_of
from presets.estimators.fit import Fit
from presets.training.pool import POOL

RNG = np.random.default_rng(0)
N_STEPS = RNG.integers(3, 9, 48)
RAGGED = [RNG.normal(size=(n, 2)) * [1, 50] + [0, 300] for n in N_STEPS]
PADDED = np.full((48, 8, 2), np.nan)
for padded, sequence in zip(PADDED, RAGGED, strict=True):
    padded[: len(sequence)] = sequence
EQUAL = np.stack([sequence[:3] for sequence in RAGGED])
LABELS = np.array([sequence[-1, 0] > 0 for sequence in RAGGED]).astype(int)
VALUES = np.array([3 * sequence[-1, 0] + 40 for sequence in RAGGED])
TARGETS = {LSTMClassifier: LABELS, LSTMRegressor: VALUES}
LITE = {"units": (), "convolutions": (4, 4), "convolution_block": "lite"}
INCEPTION = {"units": (), "convolutions": (4, 4, 4), "convolution_block": "inception"}

both = pytest.mark.parametrize("estimator", [LSTMClassifier, LSTMRegressor])
one = pytest.mark.parametrize(
    "estimator", [LSTMClassifier]
)  # enough for code that both share: how X is read and fitted


def quick(estimator, **parameters):
    return estimator(**{"units": (4,), "epochs": 2, "batch_size": 16, "random_state": 0, **parameters})


def fit(estimator, X, **parameters):
    return quick(estimator, **parameters).fit(X, TARGETS[estimator])


def outputs(model, X):
    return model.predict_proba(X) if is_classifier(model) else model.predict(X)


def reverse(X):
    """A function for a transformer, which a worker can import."""
    return [sequence[::-1] for sequence in X]


# ---------------------------------------------------------------- forms of X


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        (LSTMClassifier, {}),
        (LSTMRegressor, {"bidirectional": True}),
        (LSTMClassifier, {"pooling": "mean"}),
        (LSTMRegressor, {"convolutions": (4,)}),
        (LSTMClassifier, LITE),
        (LSTMRegressor, INCEPTION),
    ],
)
def test_unequal_lengths_equal_padded_arrays(estimator, parameters):
    ragged, padded = fit(estimator, RAGGED, **parameters), fit(estimator, PADDED, **parameters)
    np.testing.assert_allclose(outputs(padded, PADDED), outputs(ragged, RAGGED), rtol=1e-5)
    assert padded.history_ == ragged.history_
    assert ragged.n_features_in_ == 2
    assert not hasattr(ragged, "feature_names_in_")


@both
def test_forms_of_unequal_lengths(estimator):
    expected = outputs(fit(estimator, RAGGED), RAGGED)
    objects = np.empty(48, dtype=object)
    objects[:] = RAGGED
    first = [sequence.T for sequence in RAGGED]
    for X, parameters in [
        (tuple(RAGGED), {}),
        (objects, {}),
        ([sequence.tolist() for sequence in RAGGED], {}),
        (np.pad(PADDED, [(0, 0), (0, 5), (0, 0)], constant_values=np.nan), {}),
        (first, {"data_format": "channels_first"}),
        (PADDED.swapaxes(1, 2), {"data_format": "channels_first"}),
    ]:
        np.testing.assert_allclose(outputs(fit(estimator, X, **parameters), X), expected, rtol=1e-5)


@one
def test_one_feature_may_have_no_axis(estimator):
    column = [sequence[:, 0] for sequence in RAGGED]
    expected = outputs(fit(estimator, PADDED[:, :, :1]), PADDED[:, :, :1])
    model = fit(estimator, column)
    np.testing.assert_allclose(outputs(model, column), expected, rtol=1e-5)
    np.testing.assert_allclose(outputs(model, [steps.tolist() for steps in column]), expected, rtol=1e-5)
    equal = [steps[:3] for steps in column]
    np.testing.assert_allclose(outputs(model, equal), outputs(model, EQUAL[:, :, :1]), rtol=1e-5)


@one
def test_table_has_one_feature_per_step(estimator):
    table, array = fit(estimator, EQUAL[:, :, 0]), fit(estimator, EQUAL[:, :, :1])
    np.testing.assert_allclose(outputs(table, EQUAL[:, :, 0]), outputs(array, EQUAL[:, :, :1]), rtol=1e-5)
    assert (table.n_features_in_, array.n_features_in_) == (3, 1)
    with pytest.raises(ValueError, match="expecting 3 features"):
        table.predict(EQUAL[:, :2, 0])


@one
def test_longer_and_shorter_sequences_at_predict(estimator):
    """Padding changes no result, so each sequence is predicted as it is alone."""
    model = fit(estimator, EQUAL)
    for X in (RAGGED, PADDED, [sequence[:2] for sequence in RAGGED], np.tile(EQUAL, (1, 4, 1))):
        alone = np.concatenate([outputs(model, [np.asarray(x)[~np.isnan(x).any(axis=1)]]) for x in X[:6]])
        np.testing.assert_allclose(outputs(model, X)[:6], alone, rtol=1e-4)


@one
def test_validation_may_be_padded_where_training_is_not(estimator):
    y = TARGETS[estimator]
    model = quick(estimator).fit(EQUAL, y, X_val=RAGGED[:20], y_val=y[:20])
    assert np.isfinite(model.history_["val_loss"]).all()
    assert np.isfinite(outputs(model, RAGGED)).all()


@one
def test_statistics_are_those_of_the_valid_steps(estimator):
    standardizer = fit(estimator, RAGGED, validation_fraction=0)._fitted.encoder.standardizer
    steps = np.concatenate(RAGGED)
    np.testing.assert_allclose(standardizer.mean, steps.mean(axis=0))
    np.testing.assert_allclose(standardizer.scale, steps.std(axis=0))


@one
def test_weights_are_repetitions_of_sequences(estimator):
    y, exact = TARGETS[estimator], {"dtype": "float64", "dropout": 0, "validation_fraction": 0, "batch_size": 200}
    weights = RNG.integers(0, 3, len(y))
    weighted = quick(estimator, **exact).fit(RAGGED, y, sample_weight=weights)
    repeated = [x for x, n in zip(RAGGED, weights, strict=True) for _ in range(n)]
    plain = quick(estimator, **exact).fit(repeated, np.repeat(y, weights))
    np.testing.assert_allclose(outputs(weighted, RAGGED), outputs(plain, RAGGED), rtol=1e-7)


# ---------------------------------------------------------------- scikit-learn's contract


@one
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))], ids=["deepcopy", "pickle"]
)
def test_fitted_estimators_are_copied_whole(estimator, duplicate):
    model = fit(estimator, RAGGED)
    copied = duplicate(model)
    np.testing.assert_array_equal(outputs(copied, RAGGED), outputs(model, RAGGED))
    np.testing.assert_array_equal(outputs(copied.fit(RAGGED, TARGETS[estimator]), RAGGED), outputs(model, RAGGED))


@one
def test_clone_fits_to_the_same_numbers(estimator):
    model = fit(estimator, RAGGED, bidirectional=True, pooling="max")
    again = clone(model).fit(RAGGED, TARGETS[estimator])
    np.testing.assert_array_equal(outputs(again, RAGGED), outputs(model, RAGGED))


@one
def test_cross_validation_with_a_list(estimator):
    y = TARGETS[estimator]
    scores = cross_val_score(quick(estimator), RAGGED, y, cv=2, error_score="raise")
    by_hand = [
        quick(estimator).fit([RAGGED[i] for i in train], y[train]).score([RAGGED[i] for i in test], y[test])
        for train, test in check_cv(2, y, classifier=is_classifier(estimator())).split(RAGGED, y)
    ]
    np.testing.assert_allclose(scores, by_hand, rtol=1e-4)


@both
def test_pipeline_with_a_function_transformer(estimator):
    pipeline = make_pipeline(FunctionTransformer(reverse), quick(estimator))
    search = GridSearchCV(
        pipeline, {f"{estimator.__name__.lower()}__learning_rate": [0.1, 0.05]}, cv=2, error_score="raise"
    )
    search.fit(RAGGED, TARGETS[estimator])
    reversed_by_hand = search.best_estimator_[-1].predict(reverse(RAGGED))
    np.testing.assert_array_equal(search.predict(RAGGED), reversed_by_hand)


@both
def test_partial_fit_and_warm_start_take_other_lengths(estimator):
    y = TARGETS[estimator]
    model = quick(estimator).partial_fit(EQUAL, y).partial_fit(RAGGED, y)
    assert model.n_epochs_ == 2
    model.set_params(warm_start=True).fit(RAGGED, y)
    assert np.isfinite(outputs(model, RAGGED)).all()


def test_multi_step_forecast():
    series = np.sin(np.arange(60) / 3)
    X, y = make_windows(series, window=8, horizon=3)
    model = quick(LSTMRegressor, validation_split="last").fit(X, y)
    assert model.predict(X).shape == (len(X), 3)


@one
def test_lengths_share_a_program(estimator):
    POOL.clear()
    fit(estimator, EQUAL)
    fit(estimator, EQUAL[:, :2])
    assert len(POOL) == 1


# ---------------------------------------------------------------- the network


def start(**parameters):
    """The rule that a fit starts with, and its first weights. Nothing is trained, so little is compiled."""
    model = quick(LSTMClassifier, **parameters)
    begun = Fit(design_of(model), EQUAL, TARGETS[LSTMClassifier])
    with POOL.borrow(begun.recipe, begun.sample) as program:
        begun.load(program)
        return begun.init.rule, program.weights()


def forget_biases(weights, width):
    return [w[width : 2 * width] for w in weights if w.shape == (4 * width,)]


@pytest.mark.parametrize("forget_bias", [article.FORGET_BIAS, 5.0])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_forget_bias_is_drawn(forget_bias, bidirectional):
    _, weights = start(forget_bias=forget_bias, bidirectional=bidirectional)
    found = forget_biases(weights, 4)
    assert len(found) == 1 + bidirectional
    np.testing.assert_allclose(found, forget_bias, atol=1e-6)


@pytest.mark.parametrize(("recurrent_init", "product"), [("orthogonal", 1), ("zeros", 0), ("identity", 1)])
def test_recurrent_kernels_are_orthogonal_unless_asked_otherwise(recurrent_init, product):
    _, weights = start(recurrent_init=recurrent_init)
    kernel = next(w for w in weights if w.shape == (4, 16))
    np.testing.assert_allclose(kernel @ kernel.T, product * np.eye(4), atol=1e-5)


def test_auto_may_choose_the_second_rule():
    rule, _ = start(init="auto", units=(8, 8, 8, 8))
    assert rule == "scaled"


@both
def test_fcn_preset(estimator):
    assert estimator.from_preset("fcn").convolutions == article.FCN_CONVOLUTIONS
    model = estimator.from_preset("fcn", convolutions=(4, 4), units=(4,), epochs=2, random_state=0)
    model.fit(RAGGED, TARGETS[estimator])
    assert any("convolution_2" in layer.name for layer in model.model_._flatten_layers())


@pytest.mark.parametrize(
    ("estimator", "form", "parameters"),
    [
        (LSTMClassifier, "table", {}),
        (LSTMRegressor, "equal", {"bidirectional": True}),
        (LSTMClassifier, "ragged", {"bidirectional": True}),
        (LSTMRegressor, "ragged", {"convolutions": (4,)}),
        (LSTMRegressor, "channels_first", {}),
    ],
)
def test_complete_model_predicts_the_same_also_from_its_file(estimator, form, parameters, tmp_path):
    X, raw = {
        "table": (EQUAL[:, :, 0], EQUAL[:, :, 0]),
        "equal": (EQUAL, PADDED),
        "ragged": (RAGGED, PADDED),
        "channels_first": ([x.T for x in RAGGED], PADDED.swapaxes(1, 2)),
    }[form]
    data_format = "channels_first" if form == "channels_first" else "channels_last"
    model = fit(estimator, X, data_format=data_format, **parameters)
    expected = outputs(model, raw)
    expected = expected[:, 1] if is_classifier(model) else expected
    model.model_.save(tmp_path / "model.keras")
    for complete in (model.model_, keras.models.load_model(tmp_path / "model.keras")):
        found = complete.predict(raw.astype("float32"), verbose=0)
        np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-5)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.model_._flatten_layers())


@pytest.mark.parametrize("parameters", [LITE, INCEPTION], ids=["lite", "inception"])
def test_convolutions_alone_are_stored_with_their_model(parameters, tmp_path):
    model = fit(LSTMClassifier, RAGGED, **parameters)
    expected = model.predict_proba(RAGGED)[:, 1]
    model.model_.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(PADDED.astype("float32"), verbose=0)[:, 0], expected, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(RAGGED)[:, 1], expected)


# ---------------------------------------------------------------- the split


def validation_rows(model, **arguments):
    """Rows that the internal split sets apart."""
    return Fit(design_of(model), RAGGED, TARGETS[type(model)], **arguments).plan.validation_rows


@both
def test_last_split(estimator):
    model = quick(estimator, validation_split="last", validation_fraction=0.25)
    assert list(validation_rows(model)) == list(range(36, 48))


@both
@pytest.mark.parametrize("validation_split", ["random", "last"])
def test_groups_stay_whole(estimator, validation_split):
    groups = np.array(list("abcdefgh")).repeat(6)
    model = quick(estimator, validation_split=validation_split, validation_fraction=0.25)
    validation = validation_rows(model, groups=groups)
    assert len(validation) == 12
    assert not set(groups[validation]) & set(np.delete(groups, validation))
    if validation_split == "last":
        assert set(groups[validation]) == {"g", "h"}


@both
def test_groups_that_cannot_be_split(estimator, no_training):
    with pytest.raises(ValueError, match="groups has only one group"):
        quick(estimator).fit(RAGGED, TARGETS[estimator], groups=np.zeros(48))
    with pytest.raises(ValueError, match="inconsistent"):
        quick(estimator).fit(RAGGED, TARGETS[estimator], groups=np.zeros(47))


# ---------------------------------------------------------------- bad input


def put(X, number, value):
    X = list(X)
    X[number] = value
    return X


GAP = RAGGED[5].copy()
GAP[1, 0] = np.nan
INFINITE = PADDED.copy()
INFINITE[4, 0, 1] = np.inf
EMPTY = PADDED.copy()
EMPTY[7] = np.nan

BAD_X = {
    "a gap": (put(RAGGED, 5, GAP), r"X\[5\] contains NaN at step 1"),
    "an infinity": (INFINITE, r"X\[4\] contains infinity"),
    "an empty sequence": (put(RAGGED, 5, RAGGED[5][:0]), r"X\[5\] is an empty sequence"),
    "nothing but padding": (EMPTY, r"X\[7\] is an empty sequence"),
    "other features": (put(RAGGED, 5, np.ones((3, 4))), r"X\[5\] has 4 features per step, X\[0\] has 2"),
    "strings": (put(RAGGED, 5, [["a", "b"]]), r"X\[5\] must hold numbers"),
    "complex numbers": (EQUAL * 1j, "Complex data"),
    "four dimensions": (EQUAL[..., None], r"X must have shape"),
    "no sequences": (EQUAL[:0], "at least one sequence"),
    "no features": (EQUAL[:, :, :0], "one feature"),
    "NaN in a table": (PADDED[:, :, 0], "NaN"),
}


@both
@pytest.mark.parametrize("kind", BAD_X)
def test_bad_x(estimator, kind, no_training):
    X, message = BAD_X[kind]
    with pytest.raises(ValueError, match=message):
        quick(estimator).fit(X, TARGETS[estimator][: len(X)] if len(X) else [])


@both
def test_bad_x_at_predict(estimator):
    model = fit(estimator, RAGGED)
    for kind, (X, message) in BAD_X.items():
        if kind != "NaN in a table":
            with pytest.raises(ValueError, match=message):
                model.predict(X)
    with pytest.raises(ValueError, match=r"shape \(None, 1\).*expecting \(None, 2\)"):
        model.predict(EQUAL[:, :, :1])


@both
def test_fewer_sequences_than_targets(estimator, no_training):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        quick(estimator).fit(RAGGED[:-1], TARGETS[estimator])


@both
@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("units", ()),
        ("units", (0,)),
        ("units", 8),
        ("pooling", "first"),
        ("recurrent_init", "no such rule"),
        ("recurrent_init", None),
        ("forget_bias", np.nan),
        ("convolutions", (4, -1)),
        ("convolution_block", "resnet"),
        ("data_format", "last"),
        ("validation_split", "first"),
        ("bidirectional", "yes"),
    ],
)
def test_bad_parameters(estimator, parameter, value, no_training):
    with pytest.raises(ValueError, match=parameter):
        fit(estimator, RAGGED, **{parameter: value})
