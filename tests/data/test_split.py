"""The internal validation split (A6)."""

import numpy as np
import pytest

from presets.data.split import split_groups, split_last, split_rows


def split(n_rows, fraction, classes=None, seed=0, rows=None):
    rows = np.arange(n_rows) if rows is None else rows
    return split_rows(rows, fraction, np.random.default_rng(seed), classes)


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("n_rows", [1, 2, 9, 10, 11, 37, 100])
def test_parts_hold_every_row_once(n_rows, fraction):
    training, validation = split(n_rows, fraction)
    assert len(validation) == int(fraction * n_rows)
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), np.arange(n_rows))
    np.testing.assert_array_equal(training, np.sort(training))
    np.testing.assert_array_equal(validation, np.sort(validation))


def test_only_the_given_rows_are_split():
    rows = np.array([3, 8, 15, 16, 23, 42, 50, 61, 70, 99])
    training, validation = split(100, 0.2, classes=np.arange(100) % 2, rows=rows)
    assert len(validation) == 2
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), rows)


def test_seed_decides():
    np.testing.assert_array_equal(split(50, 0.2, seed=1)[1], split(50, 0.2, seed=1)[1])
    assert len({tuple(split(50, 0.2, seed=seed)[1]) for seed in range(10)}) > 5


def test_every_row_validates_sometimes():
    seen = np.concatenate([split(40, 0.1, seed=seed)[1] for seed in range(300)])
    counts = np.bincount(seen, minlength=40)
    assert counts.min() > 0
    assert counts.max() < 4 * counts.mean()


@pytest.mark.parametrize("shares", [(50, 50), (80, 20), (70, 20, 10), (90, 6, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_classes_keep_their_shares(shares, seed):
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(shares)), shares))
    training, validation = split(100, 0.3, classes, seed)
    assert len(validation) == 30
    for name, share in enumerate(shares):
        assert abs(np.sum(classes[validation] == name) - 0.3 * share) <= 1
        assert name in classes[training]


@pytest.mark.parametrize("seed", range(20))
def test_no_class_leaves_the_training_part(seed):
    classes = np.array([0] * 12 + [1, 2, 3] + [4] * 5)
    training, validation = split(20, 0.8, classes, seed)
    assert set(classes[training]) == {0, 1, 2, 3, 4}
    assert not {1, 2, 3} & set(classes[validation])
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), np.arange(20))


def test_last_rows_validate():
    training, validation = split_last(np.array([2, 3, 5, 8, 9]), 0.5)
    assert (training.tolist(), validation.tolist()) == ([2, 3, 5], [8, 9])
    assert split_last(np.arange(5), 0.1)[1].tolist() == []


@pytest.mark.parametrize("fraction", [0.01, 0.3, 0.99])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_groups_stay_whole(fraction, seed):
    groups = np.array(list("aabbbcddddee"))
    rows = np.delete(np.arange(12), 3)
    rng = None if seed is None else np.random.default_rng(seed)
    training, validation = split_groups(rows, fraction, groups, rng)
    np.testing.assert_array_equal(np.sort(np.concatenate([training, validation])), rows)
    assert len(training)
    assert len(validation)
    assert not set(groups[training]) & set(groups[validation])


def test_groups_that_appear_last_validate():
    groups = np.array(list("babacbcc"))
    assert split_groups(np.arange(8), 0.3, groups)[1].tolist() == [4, 6, 7]


def test_one_group_cannot_be_split():
    with pytest.raises(ValueError, match="groups has only one group"):
        split_groups(np.arange(4), 0.5, np.zeros(4))
    assert split_groups(np.arange(4), 0, np.zeros(4))[1].tolist() == []
