"""Callbacks as a parameter of an estimator."""

import keras
from estimator_list import (
    X,
    quick,
    target,
)
from fits import (
    fit,
    one_of_each,
    plain_estimator,
)


@one_of_each
def test_callbacks_are_used_as_given_in_each_fit(estimator):
    stop = keras.callbacks.EarlyStopping(patience=1, min_delta=1e6)
    model = quick(estimator, callbacks=[stop], epochs=20)
    first = model.fit(X, target(estimator)).history_
    assert model.stopped_by_ == "callback"
    assert model.n_epochs_ < 20
    assert model.fit(X, target(estimator)).history_ == first
    assert model.callbacks[0] is stop
    assert stop.stopped_epoch == model.n_epochs_ - 1
    assert stop._model is None


@plain_estimator
def test_single_callback_needs_no_list(estimator):
    model = fit(estimator, callbacks=keras.callbacks.EarlyStopping(patience=1, min_delta=1e6), epochs=20)
    assert model.stopped_by_ == "callback"
