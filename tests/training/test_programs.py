"""Compiled programs are shared, and sharing shows nowhere but in the time."""

import gc
import multiprocessing
import pickle
import threading
import weakref

import keras
import numpy as np
import pytest
from sklearn.datasets import make_classification
from small import make_data, make_recipe, make_rules, run

from presets import DNNClassifier, clear_programs
from presets.training.pool import POOL, ProgramPool

X, Y = make_classification(130, 6, n_informative=4, n_classes=3, random_state=0)


def estimator(**parameters):
    return DNNClassifier(**{"hidden_layer_sizes": (8,), "epochs": 3, "random_state": 0, "batch_size": 32, **parameters})


def count_traces():
    return sum(program.n_traces for program in POOL._idle)


VARIED = {
    "learning_rate": {"learning_rate": 0.01},
    "seed": {"random_state": 5},
    "epochs": {"epochs": 5},
    "patience": {"patience": 2},
    "decay": {"lr_factor": 0.2, "min_lr_factor": 0.1},
    "dropout": {"dropout": 0.4},
    "momentum": {"momentum": 0.5},
    "clip": {"clipnorm": 0.3},
    "l1 and l2": {"l1": 0.01, "l2": 0.02},
    "init": {"init": "glorot_uniform"},
    "batch size": {"batch_size": 16},
    "validation": {"validation_fraction": 0.3},
}


@pytest.mark.parametrize("name", VARIED)
def test_what_a_search_varies_compiles_nothing(name):
    if keras.backend.backend() == "jax" and name in ("batch size", "validation"):
        pytest.skip("XLA compiles for fixed shapes: another short last batch is another step")
    clear_programs()
    base = {"momentum": 0.9, "l1": 1e-3, "l2": 1e-3}
    estimator(**base).fit(X, Y).predict(X)
    before = count_traces()
    assert before > 0
    estimator(**base | VARIED[name]).fit(X, Y).predict(X)
    assert count_traces() == before
    assert len(POOL) == 1


def test_other_rows_folds_and_class_weights_compile_nothing():
    clear_programs()
    weights = np.linspace(0.5, 1.5, len(X))
    estimator().fit(X, Y, sample_weight=weights).predict(X)
    before = count_traces()
    if keras.backend.backend() == "tensorflow":
        estimator().fit(X[:77], Y[:77], sample_weight=weights[:77]).predict(X[:5])
    estimator(class_weight="balanced").fit(X, Y).predict(X)
    estimator(class_weight={0: 2.0, 1: 1.0, 2: 0.5}).fit(X, Y, sample_weight=weights[::-1])
    assert count_traces() == before


def test_another_architecture_gets_a_program_of_its_own():
    clear_programs()
    for parameters in (
        {},
        {"hidden_layer_sizes": (4,)},
        {"optimizer": "adam"},
        {"activation": "tanh"},
        {"dropout": 0.0},
    ):
        estimator(**parameters).fit(X, Y)
    assert len(POOL) == 5


def outcome_of(fitted):
    return [*fitted._fitted.weights, fitted.history_["loss"], fitted.history_["val_loss"], fitted.predict_proba(X)]


def assert_identical(first, second):
    for a, b in zip(outcome_of(first), outcome_of(second), strict=True):
        np.testing.assert_array_equal(a, b)


class Interrupt(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise self.error


def nothing(parameters):
    pass


def other_fit(parameters):
    estimator(**parameters, learning_rate=0.5, random_state=9, epochs=6).fit(X[:90] * 3, Y[:90])


def failed_fit(parameters):
    with pytest.raises(RuntimeError, match="planned"):
        estimator(**parameters, callbacks=[Interrupt(RuntimeError("planned"))], random_state=4).fit(X, Y)


def interrupted_fit(parameters):
    with pytest.raises(KeyboardInterrupt):
        estimator(**parameters, callbacks=[Interrupt(KeyboardInterrupt())], random_state=4).fit(X, Y)


def diverged_fit(parameters):
    with pytest.warns(UserWarning, match="loss became"):
        estimator(**parameters | {"optimizer": "sgd", "clipnorm": None}, learning_rate=1e30).fit(X, Y)


def other_prediction(parameters):
    estimator(**parameters, random_state=7, epochs=1).fit(X, Y).predict(X)


@pytest.mark.parametrize(
    "parameters",
    [{"momentum": 0.9, "metrics": ["accuracy"]}, {"optimizer": "adagrad"}, {"optimizer": "adam", "l2": 0.01}],
    ids=str,
)
def test_borrowed_program_gives_the_numbers_of_a_fresh_one(parameters):
    clear_programs()
    fresh = estimator(**parameters).fit(X, Y)
    clear_programs()
    for before in (other_fit, failed_fit, interrupted_fit, diverged_fit, other_prediction):
        before(parameters)
        assert_identical(estimator(**parameters).fit(X, Y), fresh)


def test_fitted_estimators_do_not_disturb_each_other():
    first = estimator(random_state=1).fit(X, Y)
    expected = first.predict_proba(X)
    second = estimator(random_state=2).fit(X, Y)
    second.predict_proba(X)
    np.testing.assert_array_equal(first.predict_proba(X), expected)


def test_threads_borrow_programs_of_their_own():
    expected = [outcome_of(estimator(random_state=seed).fit(X, Y)) for seed in range(4)]
    results = [None] * 4

    def work(seed):
        results[seed] = outcome_of(estimator(random_state=seed).fit(X, Y))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result, values in zip(results, expected, strict=True):
        for a, b in zip(result, values, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_pool_is_bounded_and_drops_the_longest_unused():
    pool = ProgramPool(max_programs=2)
    dataset = make_data()
    sample = dataset.take(np.arange(1))
    recipes = [make_recipe(optimizer=name) for name in ("sgd", "adam", "adagrad")]
    programs = []
    for recipe in recipes:
        with pool.borrow(recipe, sample) as program:
            programs.append(program)
    assert len(pool) == 2
    with pool.borrow(recipes[2], sample) as program:
        assert program is programs[2]
    with pool.borrow(recipes[0], sample) as program:
        assert program is not programs[0]


def test_clear_programs_empties_the_pool():
    estimator().fit(X, Y)
    assert len(POOL) > 0
    dropped = weakref.ref(POOL._idle[-1])
    clear_programs()
    assert len(POOL) == 0
    assert dropped() is None


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")
def test_dropped_programs_leave_no_graph():
    from tensorflow.python.framework.func_graph import FuncGraph

    clear_programs()
    before = sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())
    estimator(momentum=0.9, metrics=["accuracy"]).fit(X, Y).predict(X)
    estimator(optimizer="adam", dtype="mixed_bfloat16").fit(X, Y)
    clear_programs()
    assert sum(isinstance(thing, FuncGraph) for thing in gc.get_objects()) == before


def test_pickle_carries_no_program():
    fitted = estimator().fit(X, Y)
    assert fitted.model_.built  # but not carried either
    stored = pickle.dumps(fitted)
    assert len(stored) < 30_000
    np.testing.assert_array_equal(pickle.loads(stored).predict_proba(X), fitted.predict_proba(X))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_fork_carries_no_program():
    estimator().fit(X, Y)
    assert len(POOL) > 0
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(len(POOL)))
    child.start()
    assert receiver.recv() == 0
    child.join()


def test_predictions_of_any_number_of_rows_compile_nothing():
    fitted = estimator().fit(X, Y)
    expected = fitted.predict_proba(X)
    before = count_traces()
    for n_rows in (128, 127, 121):
        np.testing.assert_allclose(fitted.predict_proba(X[:n_rows]), expected[:n_rows], rtol=1e-5, atol=1e-6)
    assert count_traces() == before


def test_short_runs_share_the_program_object():
    dataset = make_data()
    recipe = make_recipe()
    first, program = run(recipe, dataset, make_rules())
    again, _ = run(make_recipe(learning_rate=0.1), dataset, make_rules(), program=program)
    for a, b in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(a, b)
