"""Training on torch: Keras's own `train_step`, batch by batch, because torch runs eagerly."""

import keras
import torch
from keras import ops, tree

from presets.training.program import Program


class TorchProgram(Program):
    """A program that runs its steps in a Python loop."""

    def _build_core(self, recipe):
        core = super()._build_core(recipe)
        for layer in core._flatten_layers():
            for part in vars(layer).values():
                # Keras lets dropout without a seed draw from torch's global generator; the numbers come from `load`
                if isinstance(part, keras.random.SeedGenerator) and part._initial_seed is None:
                    part._initial_seed = 0
        return core

    def put(self, data):
        """Put arrays on the device."""
        return tree.map_structure(ops.convert_to_tensor, data)

    def train_step(self, data, rows):
        """Make one update with these rows."""
        self.set_scheduled()
        return _floats(self.core.train_step(_gather(data, rows)))

    def train_epoch(self, data, order, batch_size, *, first=True):
        """Make an update for each batch of the rows in `order`. Metrics start again at the first part of an epoch."""
        return self.train_by_steps(data, order, batch_size, first=first)

    def test_epoch(self, data, order, batch_size, *, first=True):
        """Loss and metrics on the rows in `order`. They start again at the first part."""
        if first:
            self.core.reset_metrics()
        with torch.no_grad():
            for start in range(0, len(order), batch_size):
                logs = self.core.test_step(_gather(data, order[start : start + batch_size]))
        return _floats(logs)

    def predict(self, x):
        """Outputs of the core for one chunk of rows, as an array."""
        with torch.no_grad():
            return ops.convert_to_numpy(self.core.predict_step((self.put(x),)))

    def gradients(self, data):
        """Gradients of the loss, without dropout, for all trainable variables."""
        x, y, *weights = self.put(data)
        self.core.zero_grad()
        self.core.compute_loss(x, y, self.core(x, training=False), *weights, training=False).backward()
        gradients = [v.value.grad for v in self.core.trainable_variables]
        self.core.zero_grad()
        return [ops.convert_to_numpy(g) for g in gradients]


def _gather(data, rows):
    return tree.map_structure(lambda values: ops.take(values, rows, axis=0), data)


def _floats(logs):
    return {name: float(value) for name, value in logs.items()}
