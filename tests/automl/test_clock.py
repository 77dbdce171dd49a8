"""The clock, with numbers in the place of time."""

import math

import pytest

from presets.automl.clock import Clock, forecast


class Time:
    seconds = 100.0

    def __call__(self):
        return self.seconds


def test_a_part_is_reserved_and_the_rest_counts_down():
    now = Time()
    clock = Clock(60, now=now)
    assert clock.left == pytest.approx(60 - clock.reserve)
    now.seconds += 20
    assert clock.elapsed == pytest.approx(20)
    assert clock.left == pytest.approx(40 - clock.reserve)
    now.seconds += 60
    assert clock.left < 0
    assert clock.fold_seconds(5) == 0


def test_folds_share_what_a_candidate_may_take():
    now = Time()
    clock = Clock(60, now=now)
    for n_folds in (5, 4, 3, 2, 1):
        seconds = clock.fold_seconds(n_folds)
        assert 0 < seconds * n_folds < clock.left
        now.seconds += seconds
    assert clock.left > 0  # for the candidates after it


def test_without_a_limit_there_is_always_time():
    now = Time()
    clock = Clock(None, now=now)
    now.seconds += 1e9
    assert clock.left == math.inf
    assert not clock.is_limited


def test_a_forecast_grows_with_the_rows_and_never_shrinks():
    assert forecast(1.0, 100, 10_000) > forecast(1.0, 100, 1000) > 5
    assert forecast(1.0, 1000, 100) >= 1
