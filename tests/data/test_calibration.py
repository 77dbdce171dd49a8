import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import log_loss

from presets.data.calibration import temperature

SHAPES = {"classes": (4000, 4), "two classes": (4000, 1), "flat": (4000,), "labels": (4000, 3)}


def drawn(shape, factor, seed=0):
    """Logits that are `factor` times those which the targets were drawn by."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, shape)
    if shape[1:] == (4,):
        targets = np.array([random.choice(4, p=p) for p in softmax(logits, axis=1)])
    else:
        targets = (random.random(shape) < expit(logits)).astype(int)
    return factor * logits, targets


@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_temperature_of_drawn_targets_is_found(shape, factor):
    assert temperature(*drawn(shape, factor)) == pytest.approx(factor, rel=0.1)


def test_no_other_temperature_has_less_log_loss():
    logits, targets = drawn((4000, 4), 3.0)
    losses = {t: log_loss(targets, softmax(logits / t, axis=1)) for t in np.geomspace(0.1, 10, 200)}
    best = log_loss(targets, softmax(logits / temperature(logits, targets), axis=1))
    assert best == pytest.approx(min(losses.values()), abs=1e-4)


def test_the_shape_of_two_classes_does_not_matter():
    logits, targets = drawn((4000,), 2.0)
    column = temperature(logits[:, None], targets)
    assert column == pytest.approx(temperature(logits, targets))
    assert column == pytest.approx(temperature(np.c_[np.zeros(4000), logits], targets), rel=1e-3)


def test_rows_of_weight_zero_do_not_count():
    logits, targets = drawn((4000, 4), 2.0)
    weights = np.repeat([1.0, 0.0], 2000)
    wrong = np.r_[targets[:2000], (targets[2000:] + 1) % 4]
    assert temperature(logits, wrong, weights) == pytest.approx(temperature(logits[:2000], targets[:2000]), rel=0.05)


def test_few_rows_that_are_all_right_do_not_make_certainty():
    logits, targets = np.array([[2.0, 0.0], [0.0, 2.0]]).repeat(5, axis=0), np.array([0, 1]).repeat(5)
    assert 0.2 < temperature(logits, targets) < 1.0


def test_without_rows_nothing_changes():
    assert temperature(np.empty((0, 3)), np.empty(0, int)) == 1.0
