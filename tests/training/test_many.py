"""Members that train together get what each would get alone (A12)."""

import numpy as np
import pytest
from sklearn.base import clone

from presets import CNNRegressor, DNNClassifier, EnsembleClassifier, EnsembleRegressor, LSTMClassifier
from presets.training.pool import program_class

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=90)
TABLE = RNG.normal(size=(90, 5)) + LABELS[:, None]
SEQUENCES = [RNG.normal(size=(3 + i % 4, 2)) + LABELS[i] for i in range(90)]
IMAGES = RNG.normal(size=(90, 8, 8)) + LABELS[:, None, None]
RULES = {"epochs": 9, "patience": 2, "min_lr_factor": 0.1, "batch_size": 32}
CASES = {
    "table": (DNNClassifier(hidden_layer_sizes=(8,), l2=1e-3, momentum=0.5, init="scaled", **RULES), TABLE, LABELS),
    "no validation": (DNNClassifier(hidden_layer_sizes=(8,), validation_fraction=0, **RULES), TABLE, LABELS),
    "last weights": (DNNClassifier(hidden_layer_sizes=(8,), restore_best_weights=False, **RULES), TABLE, LABELS),
    "curves": (
        DNNClassifier(
            hidden_layer_sizes=(8,),
            dropout_schedule="cosine",
            weight_decay=0.1,
            weight_decay_schedule="cosine",
            **RULES,
        ),
        TABLE,
        LABELS,
    ),
    "sequences": (LSTMClassifier(units=(4,), **RULES), SEQUENCES, LABELS),
    "images": (CNNRegressor(filters=(2,), dense_units=4, metrics=["mae"], **RULES), IMAGES, TABLE),
}


def ensemble(network, n_members=3):
    kind = EnsembleClassifier if hasattr(network, "predict_proba") else EnsembleRegressor
    return kind(network, n_members=n_members, random_state=0)


@pytest.mark.parametrize("case", CASES)
def test_members_equal_networks_fitted_alone(case):
    network, X, y = CASES[case]
    for member in ensemble(network).fit(X, y).members_:
        alone = clone(member).fit(X, y)
        assert (member.n_epochs_, member.best_epoch_) == (alone.n_epochs_, alone.best_epoch_)
        assert (member.stopped_by_, member.rate_rule_) == (alone.stopped_by_, alone.rate_rule_)
        assert member.history_.keys() == alone.history_.keys()
        for name, values in alone.history_.items():
            np.testing.assert_allclose(member.history_[name], values, rtol=2e-3, atol=1e-5, err_msg=name)
        for ours, theirs in zip(member._fitted.weights, alone._fitted.weights, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-4)


@pytest.mark.skipif(not program_class().members_epochs, reason="this backend trains one member after the other")
def test_members_share_their_calls(monkeypatch):
    sizes = []
    train_many = program_class().train_many

    def counted(program, states, rates, *rest):
        sizes.append(len(rates))
        return train_many(program, states, rates, *rest)

    monkeypatch.setattr(program_class(), "train_many", counted)
    network, X, y = CASES["table"]
    ends = {member.n_epochs_ for member in ensemble(network).fit(X, y).members_}
    assert set(sizes) == {3}
    assert len(sizes) <= max(ends)


def test_members_with_validation_parts_of_their_own_sizes_are_fitted_one_by_one():
    network, X, y = CASES["sequences"]
    groups = np.repeat(np.arange(9), [2, 3, 5, 7, 9, 11, 13, 17, 23])
    members = ensemble(network, n_members=2).fit(X, y, groups=groups).members_
    for member in members:
        np.testing.assert_array_equal(clone(member).fit(X, y, groups=groups).history_["loss"], member.history_["loss"])
