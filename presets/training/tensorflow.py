"""Compiled epochs on TensorFlow: a graph loop calls Keras's own `train_step` on rows gathered on the device."""

import tensorflow as tf
from keras import tree
from tensorflow.python.eager import context

from presets.training.epochs import EPOCHS_TOGETHER
from presets.training.program import EpochResult, Program


class Compiled:
    """A function that is traced once, at its first call, for tensors of these specs.

    A `tf.function` would check its arguments at each call, and would warn of retracing when many programs trace the
    same method.
    """

    def __init__(self, function, *specs):
        self._function, self._specs = function, specs
        self._concrete = None

    def __call__(self, *arguments):
        """Run the graph."""
        return self._traced()(*tree.map_structure(tf.convert_to_tensor, arguments))

    @property
    def outputs(self):
        """Specs of the function's results."""
        return tree.map_structure(tf.TensorSpec.from_tensor, self._traced().structured_outputs)

    def _traced(self):
        if self._concrete is None:
            self._concrete = tf.function(self._function, self._specs, autograph=False).get_concrete_function()
        return self._concrete


class TensorFlowProgram(Program):
    """A program that runs an epoch with one call of a `tf.function`, for any number of rows and steps."""

    epochs_together = EPOCHS_TOGETHER

    def __init__(self, recipe, sample):
        super().__init__(recipe, sample)
        n_clipped = getattr(self.optimizer, "n_clipped", None)
        self._n_clipped = tf.constant(0.0) if n_clipped is None else n_clipped.value
        self._data_spec = self._specs(sample)
        rows, number, flag = tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.bool)
        self._step = Compiled(self._trace_step, self._data_spec, rows)
        self._test_step = Compiled(self._trace_test_step, self._data_spec, rows)
        self._epoch = Compiled(self._trace_epoch, self._data_spec, rows, number, flag)
        self._test = Compiled(self._trace_test, self._data_spec, rows, number, flag)
        orders, test = tf.TensorSpec([None, None], tf.int32), (self._data_spec, rows, number)
        self._whole_epochs, self._epochs = {}, {}
        for spec in ((), test):
            self._whole_epochs[bool(spec)] = Compiled(self._trace_whole_epoch, self._data_spec, rows, number, *spec)
            self._epochs[bool(spec)] = Compiled(self._trace_epochs, self._data_spec, orders, number, *spec)
        self._predict = Compiled(self._trace_predict, self._data_spec[0])
        self._gradients = Compiled(self._trace_gradients, self._data_spec)
        self._layer_outputs = Compiled(self._trace_layer_outputs, self._data_spec[0])

    @staticmethod
    def release_memory():
        """Release the kernels of dropped functions, as Keras's `clear_session` does."""
        context.context().clear_kernel_cache()

    def _specs(self, sample):
        """Specs for any number of rows. The core decides which dimensions of a row are free."""
        inputs = getattr(self.core, "inputs", None)
        specs = tree.map_structure(lambda values: tf.TensorSpec([None, *values.shape[1:]], values.dtype), sample)
        if inputs and len(tree.flatten(sample[0])) == 1:
            specs = (tf.TensorSpec(inputs[0].shape, sample[0].dtype), *specs[1:])
        return specs

    def to_host(self, variable):
        """Copy a variable to the host."""
        return variable.value.numpy().copy()

    def put(self, data):
        """Put arrays on the device."""
        return tree.map_structure(tf.convert_to_tensor, data)

    def train_epoch(self, data, order, batch_size, *, first=True):
        """Make an update for each batch of the rows in `order`. Metrics start again at the first part of an epoch."""
        logs, *squares, n_clipped = self._epoch(data, order, batch_size, first)
        return EpochResult(_floats(logs), *(s.numpy() for s in squares), float(n_clipped), self.kept_weights)

    def train_epochs(self, data, orders, batch_size, test=()):
        """Make several epochs, with validation on ``test = (data, rows, batch_size)`` after each, in one call."""
        *values, weights = self._epochs[bool(test)](data, orders, batch_size, *test)
        return self._unstack(len(orders), *values, weights=weights)

    def train_step(self, data, rows):
        """Make one update with these rows."""
        return _floats(self._step(data, rows))

    def test_epoch(self, data, order, batch_size, *, first=True):
        """Loss and metrics on the rows in `order`. They start again at the first part."""
        return _floats(self._test(data, order, batch_size, first))

    def predict(self, x):
        """Outputs of the core for one chunk of rows, as an array."""
        return self._predict(x).numpy()

    def gradients(self, data):
        """Gradients of the loss, without dropout, for all trainable variables."""
        return [gradient.numpy() for gradient in self._gradients(data)]

    def layer_outputs(self, x):
        """Outputs of the layers with kernels, as arrays."""
        return [values.numpy() for values in self._layer_outputs(x)]

    def _reset_metrics_if(self, first):
        def reset():
            self.core.reset_metrics()
            return tf.no_op()

        tf.cond(first, reset, tf.no_op)

    def _trace_step(self, data, rows):
        self.n_traces += 1
        self.set_scheduled()
        return self.core.train_step(_gather(data, rows))

    def _trace_test_step(self, data, rows):
        self.n_traces += 1
        return self.core.test_step(_gather(data, rows))

    def _trace_epoch(self, data, order, batch_size, first):
        self._reset_metrics_if(first)
        return self._trace_updates(data, order, batch_size)

    def _trace_updates(self, data, order, batch_size):
        """Two loops: one up to the last full batch, and one over that batch and the rest, which measures.

        TensorFlow compiles a copy of the step for each place that calls it. A third place, for the rest alone, would
        add to the time of a first fit.
        """
        self.n_traces += 1
        last = (tf.size(order) // batch_size - 1) * batch_size
        tf.while_loop(
            lambda start: start < last,
            lambda start: _after(self._step(data, order[start : start + batch_size]), start + batch_size),
            [0],
            parallel_iterations=1,
        )
        variables = [v.value for v in self.core.trainable_variables]

        def measured_step(start, _, *squares):
            before = [tf.identity(v) for v in variables]
            logs = tree.map_structure(_scalar, self._step(data, order[start : start + batch_size]))
            found = _squares([v - b for v, b in zip(variables, before, strict=True)]), _squares(before)
            return (
                start + batch_size,
                logs,
                *(tf.where(start == last, f, s) for f, s in zip(found, squares, strict=True)),
            )

        no_logs = tree.map_structure(lambda spec: tf.zeros([], spec.dtype), self._step.outputs)
        _, logs, *squares = tf.while_loop(
            lambda start, *_: start < tf.size(order),
            measured_step,
            [last, no_logs, *[tf.zeros(len(variables))] * 2],
            parallel_iterations=1,
        )
        return logs, *squares, tf.identity(self._n_clipped)

    def _trace_whole_epoch(self, data, order, batch_size, *test):
        self.core.reset_metrics()
        logs, *measured = self._trace_updates(data, order, batch_size)
        if test:
            with self.averaged():
                self.core.reset_metrics()
                validated = self._trace_batches(*test)
            logs = logs | {f"val_{name}": value for name, value in validated.items()}
        return logs, *measured, [tf.identity(v.value) for v in self.kept_variables]

    def _trace_epochs(self, data, orders, batch_size, *test):
        epoch = self._whole_epochs[bool(test)]
        return tf.map_fn(
            lambda order: epoch(data, order, batch_size, *test),
            orders,
            fn_output_signature=epoch.outputs,
            parallel_iterations=1,
        )

    def _trace_test(self, data, order, batch_size, first):
        self._reset_metrics_if(first)
        return self._trace_batches(data, order, batch_size)

    def _trace_batches(self, data, order, batch_size):
        self.n_traces += 1
        last = (tf.size(order) - 1) // batch_size * batch_size
        tf.while_loop(
            lambda start: start < last,
            lambda start: _after(self._test_step(data, order[start : start + batch_size]), start + batch_size),
            [0],
            parallel_iterations=1,
        )
        return self._test_step(data, order[last:])

    def _trace_predict(self, x):
        self.n_traces += 1
        return self.core.predict_step((x,))

    def _trace_gradients(self, data):
        self.n_traces += 1
        x, y, *weights = data
        with tf.GradientTape() as tape:
            loss = self.core.compute_loss(x, y, self.core(x, training=False), *weights, training=False)
        variables = [v.value for v in self.core.trainable_variables]
        gradients = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(gradient) for gradient in gradients]  # gradients of embeddings are sparse


def _gather(data, rows):
    return tree.map_structure(lambda values: tf.gather(values, rows), data)


def _squares(tensors):
    return tf.stack([2.0 * tf.cast(tf.nn.l2_loss(t), tf.float32) for t in tensors])


def _scalar(value):
    """The same number, also if its shape is not known before the graph runs."""
    return tf.ensure_shape(value, [])


def _after(logs, value):
    """The next value of the loop. The logs of this step are not needed: computing them has updated the variables."""
    return value


def _floats(logs):
    return {name: float(value) for name, value in logs.items()}
