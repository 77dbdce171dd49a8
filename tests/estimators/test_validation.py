"""The validation part, and validation data of the user's."""

import numpy as np
import pytest
from estimator_list import (
    VALUES,
    X,
    quick,
    target,
)
from fits import Collector, fit, one_of_each, parts, plain_classifier, plain_estimator, plain_regressor


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


@one_of_each
def test_weights_of_validation_rows(estimator):
    """They weigh `val_loss` and the metrics: a row of weight zero is as if it were not there."""
    data = parts(estimator)
    weights = np.where(np.arange(30) % 3, 1.0, 0.0)
    weighted = quick(estimator, metrics=["mae"]).fit(**data, sample_weight_val=weights)
    fewer = data | {"X_val": data["X_val"][weights > 0], "y_val": data["y_val"][weights > 0]}
    expected = quick(estimator, metrics=["mae"]).fit(**fewer)
    for name in ("loss", "val_loss", "val_mae"):
        assert weighted.history_[name] == pytest.approx(expected.history_[name], rel=1e-4)
    assert weighted.history_["val_loss"] != pytest.approx(quick(estimator).fit(**data).history_["val_loss"], rel=1e-4)


@plain_estimator
def test_weights_of_validation_rows_are_checked(estimator):
    data = parts(estimator)
    with pytest.raises(ValueError, match="sample_weight_val has the weights of X_val"):
        quick(estimator).fit(X, target(estimator), sample_weight_val=np.ones(len(X)))
    with pytest.raises(ValueError, match=r"In X_val, y_val: .*(NaN|sample_weight)"):
        quick(estimator).fit(**data, sample_weight_val=np.full(30, np.nan))
    with pytest.raises(ValueError, match=r"In X_val, y_val: .*sample_weight.shape"):
        quick(estimator).fit(**data, sample_weight_val=np.ones(5))
