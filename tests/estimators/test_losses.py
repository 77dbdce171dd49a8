"""Losses of regressors: in which unit they see y, what they take as predictions, and how steep they are."""

import functools

import keras
import numpy as np
import pytest
from estimator_list import VALUES, X, quick
from fits import every_regressor
from keras import ops

from presets import DNNRegressor
from presets.training.pool import POOL

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(400, 3))
RATE = np.exp(0.8 * FEATURES[:, 0] + 1)
COUNTS = RNG.poisson(RATE).astype(float)
PRICES = 1e5 * RNG.gamma(5.0, RATE / 5)
SHARES = 1 / (1 + np.exp(-FEATURES[:, 0] - 0.3 * RNG.normal(size=400)))


def squares(y, p):
    return ops.mean(ops.square(y - p), axis=-1)


def mean_of_squares(y, p):
    return ops.mean(ops.square(y - p))


def gamma(y, p):
    return ops.mean(y / p + ops.log(p), axis=-1)


def own_poisson(y, p):
    return ops.mean(p - y * ops.log(p), axis=-1)


def own_cross_entropy(y, p):
    return -ops.mean(y * ops.log(p) + (1 - y) * ops.log(1 - p), axis=-1)


class Pinball(keras.losses.Loss):
    def call(self, y, p):
        return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)), axis=-1)


def fit(loss, y, **parameters):
    parameters = {"epochs": 60, "batch_size": 32, "hidden_layer_sizes": (32,), "random_state": 0, **parameters}
    return DNNRegressor(loss=loss, **parameters).fit(FEATURES, y)


def value_of(loss, y, predicted):
    found = keras.losses.get(loss)
    function = found.call if isinstance(found, keras.losses.Loss) else found
    return float(np.mean(ops.convert_to_numpy(function(y[:, None].astype("float32"), predicted[:, None]))))


def name_of(loss):
    return loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)


CASES = [
    ("poisson", COUNTS, "softplus"),
    (own_poisson, COUNTS, "softplus"),
    ("mean_squared_logarithmic_error", COUNTS, "softplus"),
    ("mean_squared_logarithmic_error", PRICES, "softplus"),
    (gamma, PRICES, "softplus"),
    ("mean_absolute_percentage_error", COUNTS + 1, "softplus"),
    ("binary_crossentropy", SHARES, "sigmoid"),
    (own_cross_entropy, SHARES, "sigmoid"),
    (squares, PRICES, "linear"),
    (Pinball(), PRICES, "linear"),
    (keras.losses.Huber(delta=1e4), PRICES, "linear"),
    (keras.losses.LogCosh(), COUNTS, "linear"),
]


@pytest.mark.parametrize(("loss", "y", "activation"), CASES, ids=lambda value: name_of(value)[:20])
def test_losses_see_the_unit_of_y(loss, y, activation):
    """Much better than the best constant, by the loss itself; and `history_` shows that loss, as plain Keras does."""
    model = DNNRegressor(loss=loss, epochs=60, batch_size=32, hidden_layer_sizes=(32,), random_state=0)
    model.fit(FEATURES[:300], y[:300], X_val=FEATURES[300:], y_val=y[300:])
    assert model.output_activation_ == activation
    predicted = model.predict(FEATURES[300:]).astype("float32")
    shown = model.history_["val_loss"][model.best_epoch_]
    assert value_of(loss, y[300:], predicted) == pytest.approx(shown, rel=1e-3, abs=1e-6)
    constants = np.quantile(y[:300], np.linspace(0.02, 0.98, 25))
    best = np.nanmin([value_of(loss, y[300:], np.full(100, constant, "float32")) for constant in constants])
    bayes = value_of(loss, y[300:], y[300:].astype("float32").clip(1e-3, None if y.max() > 1 else 1 - 1e-3))
    assert shown - bayes < 0.8 * (best - bayes)
    if activation != "linear":
        assert (predicted > 0).all()
    complete = model.model_.predict(FEATURES, verbose=0)[:, 0]
    np.testing.assert_allclose(complete, model.predict(FEATURES), rtol=1e-4, atol=1e-5 * y.std())


@pytest.mark.parametrize(("loss", "difference"), [(squares, 0.02), (mean_of_squares, 2.0)])
@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-6, 0.0), (1e5, 3e5)])
def test_a_loss_of_ones_own_trains_as_the_same_loss_by_name(loss, difference, scale, offset):
    """Whatever the unit of y: the gradient is brought to the size that the default rate fits."""
    y = scale * COUNTS + offset
    expected, found = fit("mean_squared_error", y, epochs=5), fit(loss, y, epochs=5)
    np.testing.assert_allclose(found.predict(FEATURES), expected.predict(FEATURES), atol=difference * scale)
    assert found.history_["loss"][0] == pytest.approx(scale**2 * COUNTS.var(), rel=0.2)


def test_names_of_scale_free_losses_stay_in_standardised_units():
    for loss in ("auto", "mse", "mae", "huber", "log_cosh", keras.losses.MeanAbsoluteError()):
        assert fit(loss, PRICES, epochs=1).history_["loss"][0] < 10


def test_huber_has_its_delta_in_the_unit_of_y():
    """With a delta far below the unit it is the absolute error, far above it the squared error."""
    spread = PRICES.std()
    absolute, squared = fit("mae", PRICES), fit("mse", PRICES)
    for delta, reference in ((1e-3 * spread, absolute), (1e3 * spread, squared)):
        found = fit(functools.partial(keras.losses.huber, delta=delta), PRICES)
        assert np.abs(found.predict(FEATURES) - reference.predict(FEATURES)).mean() < 0.15 * spread


def test_quantiles_have_their_share_below():
    model = fit(Pinball(), PRICES, epochs=100)
    assert (model.predict(FEATURES) >= PRICES).mean() == pytest.approx(0.9, abs=0.1)


def test_shares_by_a_loss_that_takes_logits():
    expected = fit("binary_crossentropy", SHARES, epochs=5).predict(FEATURES)
    found = fit(keras.losses.BinaryCrossentropy(from_logits=True), SHARES, epochs=5).predict(FEATURES)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@every_regressor
def test_every_family_learns_counts(estimator):
    y = np.random.default_rng(0).poisson(np.exp((VALUES - VALUES.mean()) / VALUES.std())).astype(float)
    model = quick(estimator, loss="poisson", epochs=30, init="scaled").fit(X, y)
    assert (model.predict(X) > 0).all()
    assert model.output_activation_ == "softplus"
    assert model.history_["loss"][-1] < model.history_["loss"][0]
    np.testing.assert_allclose(
        np.reshape(model.model_.predict(X.reshape(model.model_.input_shape[0] or -1, *_raw(model)), verbose=0), -1),
        model.predict(X),
        rtol=1e-4,
    )


def _raw(model):
    return [size or X.shape[1] for size in model.model_.input_shape[1:]]


def test_several_columns():
    y = np.column_stack([COUNTS, 1000 * COUNTS])
    predicted = fit("poisson", y).predict(FEATURES)
    assert predicted.shape == y.shape
    for column in range(2):
        assert np.corrcoef(predicted[:, column], RATE)[0, 1] > 0.8


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", -COUNTS, r"loss='poisson' is for values that are not negative, but y is -\d+.0 in row \d+"),
        ("msle", COUNTS - 1, "not negative, but y is"),
        ("binary_crossentropy", COUNTS, "shares between 0 and 1"),
        ("categorical_crossentropy", COUNTS, "is for classes"),
        (keras.losses.SparseCategoricalCrossentropy(), COUNTS, "is for classes"),
    ],
    ids=lambda value: name_of(value)[:20],
)
def test_values_that_a_loss_does_not_take_are_refused(loss, y, message):
    with pytest.raises(ValueError, match=message):
        fit(loss, y)


def test_another_unit_uses_the_same_program():
    fit("poisson", COUNTS, epochs=1)
    n_programs = len(POOL)
    scaled = fit("poisson", 1000 * COUNTS)
    assert len(POOL) == n_programs
    assert np.corrcoef(scaled.predict(FEATURES), RATE)[0, 1] > 0.8


def test_partial_fit_keeps_the_unit_and_follows_another_loss():
    model = DNNRegressor(loss="poisson", hidden_layer_sizes=(32,), batch_size=32, random_state=0)
    for _ in range(30):
        model.partial_fit(FEATURES, COUNTS)
    assert np.corrcoef(model.predict(FEATURES), RATE)[0, 1] > 0.8
    model.set_params(loss="mse").partial_fit(FEATURES, COUNTS)
    assert model.output_activation_ == "linear"
    model.set_params(loss=squares, warm_start=True, epochs=5).fit(FEATURES, COUNTS)
    assert model.history_["loss"][-1] < COUNTS.var()


def test_metrics_are_in_the_unit_of_y_with_every_loss():
    for loss in ("mse", squares, "poisson"):
        model = DNNRegressor(loss=loss, metrics=["mae"], epochs=3, random_state=0)
        model.fit(FEATURES[:300], COUNTS[:300], X_val=FEATURES[300:], y_val=COUNTS[300:])
        found = np.abs(model.predict(FEATURES[300:]) - COUNTS[300:]).mean()
        assert model.history_["val_mae"][model.best_epoch_] == pytest.approx(found, rel=1e-4)


def test_weights_count_in_every_unit():
    weights = np.where(FEATURES[:, 0] > 0, 1.0, 0.01)
    model = DNNRegressor(loss="poisson", epochs=30, batch_size=32, random_state=0)
    model.fit(FEATURES, COUNTS, sample_weight=weights)
    assert np.corrcoef(model.predict(FEATURES)[weights == 1], RATE[weights == 1])[0, 1] > 0.8
