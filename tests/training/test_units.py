"""Regressions in the unit of y on every backend: what a program loads is no constant of it."""

import keras
import numpy as np
import pytest
from keras import ops

from presets import DNNRegressor, EnsembleRegressor
from presets.training.objectives import make_loss
from presets.training.units import gradient_factor, is_scale_free, required_activation

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
COUNTS = RNG.poisson(np.exp(0.8 * X[:, 0] + 1)).astype(float)


def squares(y, p):
    return ops.mean(ops.square(y - p), axis=-1)


def cosine(y, p):
    return -ops.sum(y * p, axis=-1) / ops.sqrt(ops.sum(y * y, axis=-1) * ops.sum(p * p, axis=-1))


@pytest.mark.parametrize("loss", ["poisson", squares], ids=["poisson", "squares"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_borrowed_program_knows_the_unit_of_each_fit(loss, dtype):
    """Equal, but for the scale, in every unit; whatever program was compiled in whatever unit."""
    settings = {"loss": loss, "epochs": 12, "batch_size": 32, "hidden_layer_sizes": (16,), "random_state": 0}
    settings |= {"dtype": dtype, "metrics": ["mae"]}
    first = DNNRegressor(**settings).fit(X, COUNTS)
    second = DNNRegressor(**settings).fit(X, 256 * COUNTS)
    np.testing.assert_allclose(second.predict(X) / 256, first.predict(X), rtol=0.02, atol=0.02)
    np.testing.assert_allclose(np.divide(second.history_["mae"], 256), first.history_["mae"], rtol=0.02)
    again = DNNRegressor(**settings).fit(X, COUNTS)
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


def test_members_that_train_together_have_their_unit():
    settings = {"loss": "poisson", "epochs": 20, "batch_size": 32, "hidden_layer_sizes": (16,)}
    ensemble = EnsembleRegressor(DNNRegressor(**settings), n_members=2, random_state=0).fit(X, COUNTS)
    for member in ensemble.members_:
        assert (member.predict(X) > 0).all()
        assert np.corrcoef(member.predict(X), COUNTS)[0, 1] > 0.6


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_factor_makes_a_loss_as_steep_as_the_squared_error(n_outputs):
    """The squared error in a unit a thousand times smaller is a million times steeper."""
    y = RNG.normal(size=(500, n_outputs)) * 1000 + 5
    unit = {"scale": np.full(n_outputs, 1000.0), "offset": np.full(n_outputs, 5.0)}
    loss = make_loss(squares, "linear", n_outputs, "float32")
    assert gradient_factor(loss, unit, y, None) == pytest.approx(1e-6, rel=0.1)
    flat = make_loss(lambda y, p: 0.0 * ops.sum(p, axis=-1), "linear", n_outputs, "float32")
    assert gradient_factor(flat, unit, y, None) == 1.0


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("poisson", "softplus"),
        (keras.losses.MeanSquaredLogarithmicError(), "softplus"),
        ("cosine_similarity", "linear"),
        (cosine, "linear"),
        (squares, "linear"),
        (lambda y, p: ops.square(ops.log1p(p) - ops.log1p(y)), "softplus"),
        (lambda y, p: ops.square(ops.log(ops.maximum(p, 1e-7)) - ops.log1p(y)), "softplus"),
        (lambda y, p: p - y * ops.log(p), "softplus"),
        (lambda y, p: ops.sqrt(p) * y + p, "softplus"),
        (lambda y, p: ops.maximum(0.9 * (y - p), -0.1 * (y - p)), "linear"),
        (lambda y, p: ops.mean(p - y * ops.log(p)), "softplus"),
    ],
)
def test_what_a_loss_takes_as_predictions(loss, expected):
    assert required_activation(loss, np.column_stack([COUNTS, COUNTS[::-1]])) == expected
    assert not is_scale_free(loss)
