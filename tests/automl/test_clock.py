"""The clock, with numbers in the place of time."""

import math

import numpy as np
import pytest

from presets.automl.clock import Clock, forecast
from presets.automl.folds import make_splits, number_of_folds


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


def test_a_forecast_learns_from_two_fits_how_seconds_grow():
    assert forecast(4.0, 200, 800, before=(1.0, 100)) == pytest.approx(4 * forecast(4.0, 200, 400, before=(1.0, 100)))
    assert forecast(1.0, 200, 800, before=(1.0, 100)) == forecast(1.0, 200, 800)


@pytest.mark.parametrize(("n_rows", "expected"), [(10, 8), (999, 8), (5000, 5), (50_000, 3), (200_000, 1)])
def test_folds_by_the_number_of_rows(n_rows, expected):
    assert number_of_folds(np.zeros(n_rows)) == expected


def test_sequences_and_images_have_fewer_folds_the_longer_or_larger_they_are():
    y = np.zeros(500)
    for kind in ("sequences", "images"):
        folds = [number_of_folds(y, kind=kind, size=size, seconds=300) for size in (10, 100, 1000, 100_000)]
        assert folds == sorted(folds, reverse=True)
        assert folds[0] == 5
        assert folds[-1] == 1


def test_a_short_time_has_fewer_folds_and_never_two():
    y = np.zeros(5000)
    folds = [number_of_folds(y, seconds=seconds) for seconds in (1, 20, 40, 60, 80, 1000)]
    assert folds == sorted(folds)
    assert folds[0] == 1
    assert folds[-1] == 5
    assert 2 not in folds
    assert len(make_splits("auto", y, n_folds=1)) == 1


def test_a_part_is_held_out_of_few_groups():
    y, groups = np.zeros(6000), np.arange(6000) % 3
    n_folds = number_of_folds(y, groups=groups, seconds=1)
    ((train, test),) = make_splits("auto", y, groups=groups, n_folds=n_folds)
    assert not set(groups[train]) & set(groups[test])
    with pytest.raises(ValueError, match="groups has the same value"):
        make_splits("auto", y, groups=np.zeros(6000))
