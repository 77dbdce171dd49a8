"""Rules of training that are off by default: schedules, weight decay, the memory of Adam."""

import keras
import numpy as np
import pytest
from sklearn.datasets import load_iris

from presets import DNNClassifier, KerasClassifier, diagnose

X, Y = load_iris(return_X_y=True)
QUICK = {"epochs": 6, "random_state": 0}


def small(input_shape, n_outputs):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(n_outputs)])


def fitted(**parameters):
    return KerasClassifier(**{"network": small, **QUICK, **parameters}).fit(X, Y)


def weights(estimator):
    return estimator.model_.get_weights()[-2:]


def test_weight_decay_lowers_kernels_alone_by_rate_and_share():
    start = fitted(epochs=1, batch_size=150, learning_rate=1e-12)
    without, decayed = (fitted(epochs=1, batch_size=150, weight_decay=decay) for decay in (0.0, 0.5))
    kernel, bias = weights(decayed)
    np.testing.assert_allclose(kernel, weights(without)[0] - 0.1 * 0.5 * weights(start)[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(bias, weights(without)[1])


def test_weight_decay_is_that_of_adamw():
    ours = fitted(optimizer="adam", weight_decay=0.1, clipnorm=None, learning_rate=0.01)
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    theirs = fitted(optimizer=optimizer, init="network")
    kernel, expected = weights(ours)[0], weights(theirs)[0]
    np.testing.assert_allclose(kernel, expected, rtol=0.05, atol=0.01)  # theirs decays biases as well


def test_beta_2_is_the_optimizers():
    ours = fitted(optimizer="adam", beta_2=0.95, clipnorm=None, learning_rate=0.01)
    theirs = fitted(optimizer=keras.optimizers.Adam(0.01, beta_2=0.95))
    for own, expected in zip(weights(ours), weights(theirs), strict=True):
        np.testing.assert_allclose(own, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"optimizer": keras.optimizers.Adam(), "weight_decay": 0.1}, "weight_decay"),
        ({"optimizer": keras.optimizers.Adam(), "beta_2": 0.9}, "beta_2"),
        ({"beta_2": 0.9}, "beta_2"),
        ({"lr_schedule": "sawtooth"}, "lr_schedule"),
        (
            {"lr_schedule": "cosine", "callbacks": [keras.callbacks.ReduceLROnPlateau()]},
            "lr_schedule.*ReduceLROnPlateau",
        ),
        (
            {
                "lr_schedule": "cosine",
                "optimizer": keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10)),
            },
            "lr_schedule.*schedule in the optimizer",
        ),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_refused(parameters, named):
    with pytest.raises(ValueError, match=named):
        fitted(**parameters)


def test_a_schedule_ends_with_the_epochs_and_is_no_fault():
    network = DNNClassifier(lr_schedule="coslog4", init="scaled", epochs=150, random_state=0).fit(X, Y)
    assert (network.rate_rule_, network.stopped_by_, network.n_epochs_) == ("schedule", "epochs", 150)
    assert not {finding.code for finding in diagnose(network)} & {"too_few_epochs", "rate_too_small", "rate_too_large"}


def test_partial_fit_keeps_the_rate_that_was_given():
    network = DNNClassifier(lr_schedule="cosine", **QUICK).fit(X, Y)
    for _ in range(2):
        network.partial_fit(X, Y)
    assert network.history_["learning_rate"][-2:] == pytest.approx([0.1, 0.1])


def test_rules_survive_clone_and_pickle():
    import pickle

    network = fitted(lr_schedule="one_cycle", weight_decay=0.01)
    copy = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(copy.predict_proba(X), network.predict_proba(X))
