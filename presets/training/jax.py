"""Compiled epochs on JAX: a device loop calls Keras's own stateless `train_step` on rows gathered on the device.

XLA compiles for fixed shapes. So arrays are padded to one of a few sizes (`_bucket`), and folds and splits share a
program. No index refers to the added rows. The short last batch of an epoch is a separate step.
"""

import contextlib
import functools
import operator

import jax
import jax.numpy as jnp
import keras
import numpy as np
from keras import tree

from presets.training.epochs import EPOCHS_TOGETHER
from presets.training.program import EpochResult, Program


class JaxProgram(Program):
    """A program that runs an epoch with one call of a jitted function, or two if the last batch is short.

    On CPUs, XLA compiles a convolution inside a loop to naive code, 17 times slower than outside (jax-ml/jax#12868). So
    a network with convolutions makes each update with a separate call there.
    """

    epochs_together = EPOCHS_TOGETHER
    members_epochs = 4  # with many members, the learning rate of one of them changes soon

    def __init__(self, recipe, sample):
        super().__init__(recipe, sample)
        has_convolutions = any(hasattr(layer, "kernel_size") for layer in self.core._flatten_layers())
        self._loops = jax.default_backend() != "cpu" or not has_convolutions
        if not self._loops:
            self.epochs_together, self.members_epochs = 1, 0
        core = self.core
        variables = [*core.trainable_variables, *core.non_trainable_variables, *self.optimizer.variables]
        positions = {id(variable): position for position, variable in enumerate(variables)}
        self._weight_positions = [positions[id(variable)] for variable in self.kept_variables]
        self._step = jax.jit(self._trace_step)
        self._epoch = jax.jit(self._trace_epoch, static_argnames="batch_size")
        self._epochs = jax.jit(self._trace_epochs, static_argnames=("batch_size", "test_size"))
        self._many = jax.jit(self._trace_many, static_argnames=("batch_size", "test_size"))
        self._test = jax.jit(self._trace_test, static_argnames="batch_size")
        self._test_step = jax.jit(self._trace_test_step)
        self._predict = jax.jit(self._trace_predict)
        self._gradients = jax.jit(self._trace_gradients)

    @staticmethod
    def scope(recipe):
        """Context in which a program is built and used. Outside of it, JAX converts float64 to float32."""
        return jax.enable_x64(True) if recipe.dtype == "float64" else contextlib.nullcontext()

    def put(self, data):
        """Put arrays on the device, padded to a bucket of rows."""
        return tree.map_structure(lambda values: jnp.asarray(_pad(values)), data)

    def train_epoch(self, data, order, batch_size, *, first=True):
        """Make an update for each batch of the rows in `order`. Metrics start again at the first part of an epoch."""
        if not self._loops:
            return self.train_by_steps(data, order, batch_size, first=first)
        if first:
            self.core.reset_metrics()
        full, n_full, rest = _cut(order, batch_size)
        logs, *squares, state = self._epoch(self.state(), data, full, n_full, batch_size=batch_size)
        if len(rest):
            logs, state = self._step(state, data, rest)
        self._set_state(state)
        return EpochResult(_floats(logs), *map(np.asarray, squares), self.n_clipped(), self.kept_weights)

    def train_epochs(self, data, orders, batch_size, test=()):
        """Make several epochs, with validation on ``test = (data, rows, batch_size)`` after each, in one call."""
        self.core.reset_metrics()
        n_epochs = len(orders)
        orders = np.pad(orders, [(0, self.epochs_together - len(orders)), (0, 0)])
        test_data, test_rows, test_size = test or (None, None, 0)
        kept, state = self._epochs(
            self.state(),
            data,
            _cut(orders, batch_size),
            test and (test_data, *_cut(test_rows, test_size)),
            n_epochs,
            batch_size=batch_size,
            test_size=test_size,
        )
        self._set_state(state)
        *values, weights = kept
        return self._unstack(n_epochs, *values, weights=weights)

    def state(self):
        """All values that training changes, as arrays on the device."""
        core = self.core
        lists = core.trainable_variables, core.non_trainable_variables, self.optimizer.variables, core.metrics_variables
        return tuple([v.value for v in variables] for variables in lists)

    def stack(self, arrays):
        """Stack the states or the data of members."""
        return tree.map_structure(lambda *values: jnp.stack(values), *arrays)

    def train_many(self, states, rates, data, orders, batch_size, test=()):
        """Make epochs of several members, as `train_epochs` does for one. All arguments except the sizes are stacked.

        Returns
        -------
        results : list of list of EpochResult
            One list for each member.
        states
            States for the next epochs.
        """
        position = [v is self.optimizer.learning_rate for v in self.optimizer.variables].index(True)
        optimizers = list(states[2])
        optimizers[position] = jnp.asarray(rates, optimizers[position].dtype)
        n_epochs = orders.shape[1]
        orders = np.pad(orders, [(0, 0), (0, self.members_epochs - n_epochs), (0, 0)])
        test_data, test_rows, test_size = test or (None, None, 0)
        kept, new = self._many(
            (*states[:2], optimizers, states[3]),
            data,
            _cut(orders, batch_size),
            test and (test_data, *_cut(test_rows, test_size)),
            n_epochs,
            batch_size=batch_size,
            test_size=test_size,
        )
        kept = tree.map_structure(np.asarray, kept)
        results = []
        for member in range(len(orders)):
            *values, weights = tree.map_structure(operator.itemgetter(member), kept)
            results.append(self._unstack(n_epochs, *values, weights=weights))
        return results, (*new[:3], states[3])

    def train_step(self, data, rows):
        """Make one update with these rows."""
        logs, state = self._step(self.state(), data, rows)
        self._set_state(state)
        return _floats(logs)

    def test_epoch(self, data, order, batch_size, *, first=True):
        """Loss and metrics on the rows in `order`. They start again at the first part."""
        if first:
            self.core.reset_metrics()
        trainable, others, _, metrics = self.state()
        state = (trainable, others, metrics)
        logs = {}
        if self._loops and len(order) >= batch_size:
            full, n_full, order = _cut(order, batch_size)
            logs, state = self._test(state, data, full, n_full, batch_size=batch_size)
        for start in range(0, len(order), batch_size):
            logs, state = self._test_step(state, data, order[start : start + batch_size])
        _assign(self.core.metrics_variables, state[-1])
        return _floats(logs)

    def predict(self, x):
        """Outputs of the core for one chunk of rows, as an array."""
        n_rows = len(tree.flatten(x)[0])
        trainable, others, *_ = self.state()
        return np.asarray(self._predict((trainable, others), tree.map_structure(_pad, x)))[:n_rows]

    def gradients(self, data):
        """Gradients of the loss, without dropout, for all trainable variables."""
        trainable, others, _, metrics = self.state()
        return [np.asarray(g) for g in self._gradients(trainable, others, metrics, data)]

    def _set_state(self, state):
        core = self.core
        lists = core.trainable_variables, core.non_trainable_variables, self.optimizer.variables, core.metrics_variables
        for variables, values in zip(lists, state, strict=True):
            _assign(variables, values)

    def _train_step(self, state, batch):
        if not self.schedules.keys().isdisjoint(self.tunables):
            state = self._with_scheduled(state)
        return self.core.train_step(state, batch)

    def _with_scheduled(self, state):
        """The state for the next update; see `set_scheduled`."""
        _, others, of_optimizer, _ = state
        variables = self.core.non_trainable_variables, self.optimizer.variables
        pairs = [
            pair for part in zip(variables, (others, of_optimizer), strict=True) for pair in zip(*part, strict=True)
        ]
        with keras.StatelessScope(state_mapping=pairs) as scope:
            self.set_scheduled()
        others, of_optimizer = ([scope.get_current_value(v) for v in part] for part in variables)
        return state[0], others, of_optimizer, state[3]

    def _trace_step(self, state, data, rows):
        self.n_traces += 1
        return self._train_step(state, _gather(data, rows))

    def _trace_epoch(self, state, data, order, n_full, *, batch_size):
        self.n_traces += 1
        return self._update(state, data, order, n_full, batch_size)

    def _trace_epochs(self, state, data, orders, test, n_epochs, *, batch_size, test_size):
        self.n_traces += 1
        full, n_full, rest = orders
        fresh = state[-1]

        def epoch(number, state):
            state = (*state[:-1], fresh)
            logs, *squares, state = self._update(state, data, full[number], n_full, batch_size)
            if rest.shape[-1]:
                logs, state = self._train_step(state, _gather(data, rest[number]))
            if test:
                validated = self._validate((self._averages(state), state[1], fresh), *test, test_size)
                logs = logs | {f"val_{name}": value for name, value in validated.items()}
            weights = [[*state[0], *state[1], *state[2]][position] for position in self._weight_positions]
            return (logs, *squares, self._clipped_steps(state), weights), state

        def keep(number, kept_and_state):
            kept, state = kept_and_state
            values, state = epoch(number, state)
            return tree.map_structure(lambda all, value: all.at[number].set(value), kept, values), state

        values, _ = jax.eval_shape(epoch, 0, state)
        kept = tree.map_structure(lambda value: jnp.zeros((len(full), *value.shape), value.dtype), values)
        return jax.lax.fori_loop(0, n_epochs, keep, (kept, state))

    def _trace_many(self, states, data, orders, test, n_epochs, *, batch_size, test_size):
        epochs = functools.partial(self._trace_epochs, batch_size=batch_size, test_size=test_size)
        numbers_are_shared = (0, None, 0)
        axes = 0, 0, numbers_are_shared, (0, *numbers_are_shared) if test else (), None
        return jax.vmap(epochs, axes)(states, data, orders, test, n_epochs)

    def _averages(self, state):
        """The averaged weights to validate, instead of the trainable variables; see `averaged`."""
        values = [*state[0], *state[1], *state[2]]
        kept = dict(zip(map(id, self.weight_variables), self._weight_positions, strict=True))
        return [
            values[kept[id(variable)]] if id(variable) in kept else value
            for variable, value in zip(self.core.trainable_variables, state[0], strict=True)
        ]

    def _update(self, state, data, order, n_full, batch_size):
        """Make an update for each full batch; return the squares of the last update and of the weights before it."""

        def step(number, state):
            return self._train_step(state, _gather(data, _batch(order, number, batch_size)))

        state = jax.lax.fori_loop(0, n_full - 1, lambda number, state: step(number, state)[1], state)
        before = state[0]
        logs, state = step(n_full - 1, state)
        updates = [b - a for a, b in zip(before, state[0], strict=True)]
        return logs, _squares(updates), _squares(before), state

    def _validate(self, state, data, full, n_full, rest, batch_size):
        logs = {}
        if len(full):
            logs, state = self._test_full(state, data, full, n_full, batch_size)
        if len(rest):
            logs, state = self.core.test_step(state, _gather(data, rest))
        return logs

    def _clipped_steps(self, state):
        counter = getattr(self.optimizer, "n_clipped", None)
        positions = [i for i, v in enumerate(self.optimizer.variables) if v is counter]
        return state[2][positions[0]] if positions else jnp.zeros(())

    def _test_full(self, state, data, order, n_full, batch_size):
        def step(number, state):
            return self.core.test_step(state, _gather(data, _batch(order, number, batch_size)))

        state = jax.lax.fori_loop(0, n_full - 1, lambda number, state: step(number, state)[1], state)
        return step(n_full - 1, state)

    def _trace_test(self, state, data, order, n_full, *, batch_size):
        self.n_traces += 1
        return self._test_full(state, data, order, n_full, batch_size)

    def _trace_test_step(self, state, data, rows):
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
    """The smallest size of at least `n_rows` with four significant bits. It is at most an eighth larger."""
    step = 1 << max(n_rows.bit_length() - 4, 0)
    return -(-n_rows // step) * step


def _pad(values, axis=0):
    missing = _bucket(values.shape[axis]) - values.shape[axis]
    if not missing:
        return values
    widths = [(0, 0)] * values.ndim
    widths[axis] = (0, missing)
    return np.pad(values, widths)


def _cut(order, batch_size):
    """Rows of the full batches, padded to a bucket; the number of these batches; the rows of the short one."""
    n_full = order.shape[-1] // batch_size
    return _pad(order[..., : n_full * batch_size], axis=-1), n_full, order[..., n_full * batch_size :]


def _batch(order, number, batch_size):
    return jax.lax.dynamic_slice(order, (number * batch_size,), (batch_size,))


def _assign(variables, values):
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _gather(data, rows):
    return tree.map_structure(lambda values: _share_out(jnp.take(values, rows, axis=0)), data)


def _share_out(batch):
    """Give each device of a `keras.distribution.DataParallel` its part of a batch, if all parts are equal."""
    distribution = keras.distribution.distribution()
    if not isinstance(distribution, keras.distribution.DataParallel):
        return batch
    layout = distribution.get_data_layout(batch.shape)
    if len(batch) % layout.device_mesh.devices.size:
        return batch  # each device gets the whole batch
    return keras.distribution.distribute_tensor(batch, layout)


def _squares(arrays):
    return jnp.stack([jnp.sum(jnp.square(array.astype("float32"))) for array in arrays])


def _floats(logs):
    return {name: float(value) for name, value in logs.items()}
