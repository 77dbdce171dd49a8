"""`init="auto"` keeps 0.02 where it works and leaves it where the signal vanishes (A7)."""

import numpy as np
import pytest
from small import make_data, make_recipe

from presets.builders.initializers import kernel_initializer
from presets.training.pool import program_class
from presets.training.probe import Signal, choose_init, measure_signal, vanishing

RULES = {rule: kernel_initializer(rule, init_stddev=0.02, init_scale=1.0) for rule in ("normal", "scaled")}


def choose(sizes):
    recipe, dataset = make_recipe(), make_data()
    recipe.network.arguments["hidden_layer_sizes"] = sizes
    batch = dataset.take(np.arange(128))
    program = program_class()(recipe, batch)
    return choose_init(program, batch, RULES, seed=0), program, batch


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [
        ((), "normal"),
        ((128,), "normal"),
        ((128, 128), "normal"),
        ((128,) * 4, "scaled"),
        ((256,) * 4, "scaled"),
        ((16, 16), "scaled"),
    ],
)
def test_rule_by_depth_and_width(sizes, rule):
    (weights, choice), _, _ = choose(sizes)
    assert choice.rule == rule
    kernel = weights[0]
    stddev = 0.02 if rule == "normal" else 1 / np.sqrt(kernel.shape[0])
    assert np.std(kernel) == pytest.approx(stddev, rel=0.5)


def test_reason_gives_the_layers_and_the_share():
    (_, choice), program, batch = choose((128,) * 4)
    program.load_weights(program.draw(0, kernel_initializer=RULES["normal"]))
    outputs = list(measure_signal(program, batch).outputs.values())
    assert "'hidden_1' to 'hidden_4'" in choice.reason
    assert f"{outputs[3] / outputs[0]:.2g}" in choice.reason


def test_vanishing_gradient_is_named():
    signal = Signal({"a": 1.0, "b": 0.9, "outputs": 1.0}, {"a": 1e-6, "b": 0.1, "outputs": 0.1})
    assert "gradient vanishes: in layer 'a'" in vanishing(signal)


def test_signal_measures_the_layers():
    _, program, batch = choose((16, 4))
    signal = measure_signal(program, batch)
    assert list(signal.outputs) == list(signal.gradients) == ["hidden_1", "hidden_2", "outputs"]
    kernel, bias = program.weights()[:2]
    hidden = np.maximum(batch[0] @ kernel + bias, 0)
    assert signal.outputs["hidden_1"] == pytest.approx(np.sqrt(np.mean(hidden**2)), rel=1e-4)
