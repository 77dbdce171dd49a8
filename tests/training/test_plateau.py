"""The plateau rule (A5.3)."""

import numpy as np
import pytest
from small import make_data, make_recipe, make_rules, run

from presets.training.plateau import Plateau


def plateau(**changes):
    return Plateau(**{"maximize": False, "patience": 2, "lr_factor": 0.5, "min_lr": 0.03, "min_delta": 0.0, **changes})


def rates(rule, values, rate=0.1):
    found = []
    for value in values:
        rule.observe(value)
        rate = rule.next_rate(rate)
        found.append(rate)
    return found


def test_rate_is_divided_after_patience_epochs_without_improvement():
    assert rates(plateau(), [1.0, 0.9, 0.95, 0.95, 0.8, 0.8, 0.8]) == [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025]


def test_scores_are_maximized():
    assert rates(plateau(maximize=True), [0.1, 0.2, 0.1, 0.1]) == [0.1, 0.1, 0.1, 0.05]


def test_small_changes_are_no_improvement():
    assert rates(plateau(min_delta=0.1), [1.0, 0.95, 0.94]) == [0.1, 0.1, 0.05]


@pytest.mark.parametrize(("rate", "over"), [(0.03, False), (0.03 * (1 - 1e-8), False), (0.029, True)])
def test_training_ends_under_the_least_rate(rate, over):
    assert plateau().is_over(rate) is over


def test_training_stops_when_the_rate_is_very_small():
    rules = make_rules(epochs=50, patience=1, min_delta=1e9, min_lr_factor=0.2)
    outcome, _ = run(make_recipe(), make_data(), rules)
    np.testing.assert_allclose(outcome.history["learning_rate"], [0.1, 0.1, 0.05, 0.025], rtol=1e-6)
    assert outcome.stopped_by == "learning_rate"


def test_unknown_monitor_is_named_before_training():
    with pytest.raises(ValueError, match=r"monitor='val_auc'.*val_loss"):
        run(make_recipe(), make_data(), make_rules(monitor="val_auc"))
