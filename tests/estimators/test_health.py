"""What a fit watches beside its history: data, signal, dead units and the loss of a constant prediction."""

import pickle
import warnings

import numpy as np
import pytest
from estimator_list import ESTIMATORS, LABELS, VALUES, X, quick, target

from presets import DNNClassifier, DNNRegressor

QUICK = {"hidden_layer_sizes": (8,), "epochs": 2, "random_state": 0}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_watches(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        network = quick(estimator).fit(X, target(estimator))
    health = network.health_
    assert health.data.alarms == ()
    assert list(health.signal.outputs)
    assert all(0 <= share <= 1 for share in health.dead_units.values())
    assert (health.n_training, health.n_validation, health.batch_size) == (90, 10, 16)
    assert pickle.loads(pickle.dumps(network)).health_.dead_units == health.dead_units


def test_constant_loss_of_classes():
    network = DNNClassifier(**QUICK, validation_fraction=0).fit(X, LABELS)
    shares = np.bincount(LABELS) / len(LABELS)
    training, validation = network.health_.constant_loss
    assert training == pytest.approx(-np.sum(shares * np.log(shares)))
    assert np.isnan(validation)


def test_constant_loss_of_two_classes_and_weights():
    weights = np.where(LABELS > 0, 3.0, 1.0)
    network = DNNClassifier(**QUICK).fit(X, LABELS > 0, sample_weight=weights, X_val=X[:30], y_val=LABELS[:30] > 0)
    share = weights[LABELS > 0].sum() / weights.sum()
    expected = -np.where(LABELS > 0, np.log(share), np.log(1 - share))
    assert network.health_.constant_loss[0] == pytest.approx(np.average(expected, weights=weights), rel=1e-5)
    assert network.health_.constant_loss[1] == pytest.approx(expected[:30].mean(), rel=1e-5)


def test_constant_loss_of_values():
    network = DNNRegressor(**QUICK).fit(X, VALUES, X_val=X[:30], y_val=VALUES[:30])
    expected = np.mean((VALUES[:30] - VALUES.mean()) ** 2) / VALUES.var()
    assert network.health_.constant_loss == pytest.approx((1.0, expected), rel=1e-5)


@pytest.mark.parametrize("parameters", [{"l2": 0.1}, {"loss": "mean_absolute_error"}])
def test_constant_loss_is_unknown_with_penalties_and_other_losses(parameters):
    assert DNNRegressor(**QUICK, **parameters).fit(X, VALUES).health_.constant_loss is None


def test_signal_is_measured_whatever_the_rule():
    for init in ("auto", "normal", "glorot_uniform"):
        network = DNNClassifier(**QUICK, init=init).fit(X, LABELS)
        assert list(network.health_.signal.outputs) == ["hidden_1", "outputs"]
        assert network.health_.signal is network.init_.signal


def test_serious_findings_warn_once():
    with pytest.warns(UserWarning, match=r"root mean square of 3\d\d.*Set standardize=True.*\(A2\)") as caught:
        DNNClassifier(**QUICK, standardize=False).fit(X, LABELS)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_what_is_not_serious_does_not_warn():
    network = DNNClassifier(**QUICK)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        network.fit(X[:30], LABELS[:30])
    assert "few_rows" in network.health_.data.codes


def test_rows_of_weight_zero_are_not_checked():
    doubled, labels = np.r_[X, X], np.r_[LABELS, (LABELS + 1) % 3]
    weights = np.repeat([1.0, 0.0], len(X))
    assert DNNClassifier(**QUICK).fit(doubled, labels, weights).health_.data.codes == []
    with pytest.warns(UserWarning, match=r"100 of 200 rows repeat another.*more than 50\.0%"):
        DNNClassifier(**QUICK).fit(doubled, labels)


def test_partial_fit_keeps_the_first_check():
    network = DNNClassifier(**QUICK).partial_fit(X[:40], LABELS[:40], classes=[0, 1, 2])
    first = network.health_.data
    assert "few_rows" in first.codes
    network.partial_fit(X, LABELS)
    assert network.health_.data is first
    assert network.health_.n_training == 100
