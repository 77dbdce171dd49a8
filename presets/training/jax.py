"""Compiled epochs on JAX: Keras's own stateless `train_step` in a device loop over rows gathered on the device.

XLA compiles for fixed shapes. Arrays are padded with rows that no index touches, up to one of few sizes (`_bucket`), so
that folds and splits share a program; the short last batch of an epoch is a step of its own.
"""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
from keras import tree

from presets.training.program import EpochResult, Program


class JaxProgram(Program):
    """A program whose epoch is one call of a jitted function, two if the last batch is short."""

    def __init__(self, recipe, sample):
        super().__init__(recipe, sample)
        self._step = jax.jit(self._trace_step)
        self._epoch = jax.jit(self._trace_epoch, static_argnames="batch_size")
        self._test = jax.jit(self._trace_test, static_argnames="batch_size")
        self._test_rest = jax.jit(self._trace_test_rest)
        self._predict = jax.jit(self._trace_predict)
        self._gradients = jax.jit(self._trace_gradients)

    @staticmethod
    def scope(recipe):
        """Context in which a program is built and used: JAX turns float64 into float32 outside of it."""
        return jax.enable_x64(True) if recipe.dtype == "float64" else contextlib.nullcontext()

    def put(self, data):
        """Put arrays on the device, padded to a bucket of rows."""
        return tree.map_structure(lambda values: jnp.asarray(_pad(values)), data)

    def train_epoch(self, data, order, batch_size, *, first=True):
        """Make an update for each batch of the rows in `order`; metrics start over at the first part of an epoch."""
        if first:
            self.core.reset_metrics()
        n_full, n_rest = divmod(len(order), batch_size)
        padded = _pad(order[: n_full * batch_size])
        logs, squares, state = self._epoch(self._state(), data, padded, n_full, batch_size=batch_size)
        if n_rest:
            logs, state = self._step(state, data, order[-n_rest:])
        self._set_state(state)
        update_squares, weight_squares = np.asarray(squares)
        return EpochResult(_floats(logs), update_squares, weight_squares, self.n_clipped())

    def train_step(self, data, rows):
        """Make one update with these rows."""
        logs, state = self._step(self._state(), data, rows)
        self._set_state(state)
        return _floats(logs)

    def test_epoch(self, data, order, batch_size, *, first=True):
        """Loss and metrics over the rows in `order`; they start over if this is the first part."""
        if first:
            self.core.reset_metrics()
        n_full, n_rest = divmod(len(order), batch_size)
        trainable, others, _, metrics = self._state()
        state = (trainable, others, metrics)
        logs = {}
        if n_full:
            logs, state = self._test(state, data, _pad(order[: n_full * batch_size]), n_full, batch_size=batch_size)
        if n_rest:
            logs, state = self._test_rest(state, data, order[-n_rest:])
        _assign(self.core.metrics_variables, state[-1])
        return _floats(logs)

    def predict(self, x):
        """Outputs of the core for one chunk of rows, as an array."""
        n_rows = len(tree.flatten(x)[0])
        trainable, others, *_ = self._state()
        return np.asarray(self._predict((trainable, others), tree.map_structure(_pad, x)))[:n_rows]

    def gradients(self, data):
        """Gradients of the loss, without dropout, for every trainable variable."""
        trainable, others, _, metrics = self._state()
        return [np.asarray(g) for g in self._gradients(trainable, others, metrics, data)]

    def _state(self):
        core = self.core
        lists = core.trainable_variables, core.non_trainable_variables, self.optimizer.variables, core.metrics_variables
        return tuple([v.value for v in variables] for variables in lists)

    def _set_state(self, state):
        core = self.core
        lists = core.trainable_variables, core.non_trainable_variables, self.optimizer.variables, core.metrics_variables
        for variables, values in zip(lists, state, strict=True):
            _assign(variables, values)

    def _trace_step(self, state, data, rows):
        self.n_traces += 1
        return self.core.train_step(state, _gather(data, rows))

    def _trace_epoch(self, state, data, order, n_full, *, batch_size):
        self.n_traces += 1

        def step(number, state):
            rows = jax.lax.dynamic_slice(order, (number * batch_size,), (batch_size,))
            return self.core.train_step(state, _gather(data, rows))

        state = jax.lax.fori_loop(0, n_full - 1, lambda number, state: step(number, state)[1], state)
        before = state[0]
        logs, state = step(n_full - 1, state)
        updates = [b - a for a, b in zip(before, state[0], strict=True)]
        return logs, jnp.stack([_squares(updates), _squares(before)]), state

    def _trace_test(self, state, data, order, n_full, *, batch_size):
        self.n_traces += 1

        def step(number, state):
            rows = jax.lax.dynamic_slice(order, (number * batch_size,), (batch_size,))
            return self.core.test_step(state, _gather(data, rows))

        state = jax.lax.fori_loop(0, n_full - 1, lambda number, state: step(number, state)[1], state)
        return step(n_full - 1, state)

    def _trace_test_rest(self, state, data, rows):
        self.n_traces += 1
        return self.core.test_step(state, _gather(data, rows))

    def _trace_predict(self, state, x):
        self.n_traces += 1
        return self.core.predict_step(state, (x,))[0]

    def _trace_gradients(self, trainable, others, metrics, data):
        self.n_traces += 1
        x, y, *weights = data
        gradients = jax.grad(self.core.compute_loss_and_updates, has_aux=True)
        return gradients(trainable, others, metrics, x, y, *weights or [None], training=False)[0]


def _bucket(n_rows):
    """The next size of at least `n_rows` with four significant bits: at most an eighth more."""
    step = 1 << max(n_rows.bit_length() - 4, 0)
    return -(-n_rows // step) * step


def _pad(values):
    missing = _bucket(len(values)) - len(values)
    return np.pad(values, [(0, missing)] + [(0, 0)] * (values.ndim - 1)) if missing else values


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _gather(data, rows):
    return tree.map_structure(lambda values: jnp.take(values, rows, axis=0), data)


def _squares(arrays):
    return jnp.stack([jnp.sum(jnp.square(array.astype("float32"))) for array in arrays])


def _floats(logs):
    return {name: float(value) for name, value in logs.items()}
