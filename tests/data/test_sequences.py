import numpy as np
import pytest

from presets.data.sequences import fit_sequence_standardizer, make_windows, read_sequences

RAGGED = [np.arange(6.0).reshape(3, 2), np.arange(10.0).reshape(5, 2), np.arange(2.0).reshape(1, 2)]


def padded(sequences=RAGGED, n_timesteps=7):
    values = np.full((len(sequences), n_timesteps, sequences[0].shape[1]), np.nan)
    for row, sequence in zip(values, sequences, strict=True):
        row[: len(sequence)] = sequence
    return values


def objects(sequences):
    array = np.empty(len(sequences), dtype=object)
    array[:] = sequences
    return array


@pytest.mark.parametrize(
    "X",
    [RAGGED, tuple(RAGGED), objects(RAGGED), padded(), [sequence.tolist() for sequence in RAGGED], list(padded())],
    ids=["list", "tuple", "objects", "padded", "nested lists", "list of padded"],
)
def test_every_form_of_unequal_lengths_reads_the_same(X):
    sequences = read_sequences(X)
    np.testing.assert_array_equal(sequences.lengths, [3, 5, 1])
    np.testing.assert_array_equal(sequences.values, padded(n_timesteps=5))
    assert sequences.is_padded
    assert len(sequences) == 3


@pytest.mark.parametrize(
    ("X", "last"),
    [(padded().swapaxes(1, 2), padded()), ([sequence.T for sequence in RAGGED], RAGGED)],
    ids=["array", "list"],
)
def test_channels_first(X, last):
    sequences = read_sequences(X, data_format="channels_first")
    np.testing.assert_array_equal(sequences.values, read_sequences(last).values)


def test_one_feature_may_leave_out_its_axis():
    X = np.arange(12.0).reshape(3, 4)
    for form in (X, X[:, :, None], list(X), X.tolist()):
        sequences = read_sequences(form)
        np.testing.assert_array_equal(sequences.values, X[:, :, None])
        assert not sequences.is_padded
    ragged = read_sequences([[1, 2, 3], [4]])
    np.testing.assert_array_equal(ragged.values[..., 0], [[1, 2, 3], [4, np.nan, np.nan]])


def test_equal_lengths_need_no_mask_however_far_they_are_padded():
    sequences = read_sequences(padded([RAGGED[0], RAGGED[0] + 1], n_timesteps=9))
    assert sequences.values.shape == (2, 3, 2)
    assert not sequences.is_padded


@pytest.mark.parametrize(
    ("given", "read"), [("float32", "float32"), ("float64", "float64"), ("int64", "float64"), ("bool", "float32")]
)
def test_numbers_stay_as_exact_as_they_are(given, read):
    assert read_sequences(np.ones((2, 3, 1), dtype=given)).values.dtype == read
    assert read_sequences([np.ones((2, 1), dtype=given), np.ones((3, 1), dtype=given)]).values.dtype == read


def with_value(value, place):
    X = padded()
    X[place] = value
    return X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (with_value(np.nan, (0, 1, 0)), r"X\[0\] contains NaN at step 1"),
        (with_value(np.nan, (1, 0)), r"X\[1\] contains NaN at step 0"),
        (with_value(np.nan, 1), r"X\[1\] is an empty sequence"),
        (with_value(np.inf, (2, 0, 1)), r"X\[2\] contains infinity \(inf\) at step 0"),
        ([RAGGED[0], RAGGED[1][:0]], r"X\[1\] is an empty sequence"),
        ([RAGGED[0], RAGGED[0][:, :1]], r"X\[1\] has 1 features per step, X\[0\] has 2"),
        ([RAGGED[0], RAGGED[0][None]], r"X\[1\] must have shape \(n_timesteps, n_features\)"),
        ([RAGGED[0], [["a", "b"]]], r"X\[1\] must hold numbers"),
        ([RAGGED[0], [[1, 2], [3]]], r"X\[1\] must hold numbers"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), r"X\[1\] contains NaN\. Two-dimensional X"),
        ([1.0, 2.0], r"X\[0\] must have shape"),
        (np.ones(3), "Reshape your data"),
        ([], "at least one sequence"),
        (np.empty((0, 3, 2)), "at least one sequence"),
        (np.empty((2, 3, 0)), "one feature"),
        ([np.empty((3, 0))], "one feature"),
    ],
)
def test_what_cannot_be_read_is_named(X, message):
    with pytest.raises(ValueError, match=message):
        read_sequences(X)


def test_statistics_are_those_of_the_valid_steps():
    rng = np.random.default_rng(0)
    X = [rng.normal(1e9, [1.0, 50.0], size=(length, 2)) for length in (3, 9, 5)]
    sequences = read_sequences(X)
    rows = np.array([0, 2])
    steps = np.concatenate([X[0], X[2]])
    standardizer = fit_sequence_standardizer(sequences, rows)
    np.testing.assert_allclose(standardizer.mean, steps.mean(axis=0), rtol=1e-15)
    np.testing.assert_allclose(standardizer.scale, steps.std(axis=0), rtol=1e-6)
    standardised = standardizer.transform(sequences.values[rows], "float32")
    assert np.isnan(standardised[0, 3:]).all()
    np.testing.assert_allclose(np.nanmean(standardised, axis=(0, 1)), 0, atol=1e-6)
    np.testing.assert_allclose(np.nanstd(standardised, axis=(0, 1)), 1, atol=1e-6)


def test_weight_of_a_sequence_is_that_of_copies():
    sequences, repeated = read_sequences(RAGGED), read_sequences([RAGGED[0], RAGGED[0], RAGGED[0], RAGGED[2]])
    weighted = fit_sequence_standardizer(sequences, np.array([0, 2]), np.array([3.0, 100.0, 1.0]))
    copied = fit_sequence_standardizer(repeated, np.arange(4))
    np.testing.assert_allclose(weighted.mean, copied.mean)
    np.testing.assert_allclose(weighted.scale, copied.scale)


def test_constant_feature_is_not_scaled():
    X = np.stack([np.full((2, 4), 0.1), np.arange(8.0).reshape(2, 4)], axis=2)
    assert fit_sequence_standardizer(read_sequences(X), np.arange(2)).scale[0] == 1.0


def test_windows_hold_what_is_known_and_targets_what_follows():
    series = np.stack([np.arange(10.0), np.arange(10.0) * 10], axis=1)
    X, y = make_windows(series, window=3, horizon=2, step=2)
    np.testing.assert_array_equal(X[..., 0], [[0, 1, 2], [2, 3, 4], [4, 5, 6]])
    np.testing.assert_array_equal(X[..., 1], X[..., 0] * 10)
    np.testing.assert_array_equal(y, [[3, 4], [5, 6], [7, 8]])
    one, target = make_windows(series[:, 0], window=3, horizon=2, step=2)
    np.testing.assert_array_equal(one, X[..., :1])
    np.testing.assert_array_equal(target, y)


@pytest.mark.parametrize(("horizon", "step"), [(1, 1), (4, 1), (4, 3), (5, 2)])
def test_documented_gap_is_the_smallest_without_a_leak(horizon, step):
    """Every target of the training part is known when the first forecast of the test part is made."""
    X, y = make_windows(np.arange(60.0), window=6, horizon=horizon, step=step)
    gap = -(-horizon // step) - 1
    n_training = 5
    last_known = X[n_training + gap, -1, 0]
    assert y[:n_training].max() <= last_known
    if gap:
        assert y[:n_training].max() > X[n_training + gap - 1, -1, 0]


def test_one_window_just_fits():
    X, y = make_windows([1, 2, 3, 4], window=3, horizon=1)
    assert X.shape == (1, 3, 1)
    assert y.tolist() == [[4.0]]


@pytest.mark.parametrize(
    ("series", "arguments", "message"),
    [
        (np.arange(5), {"window": 4, "horizon": 2}, "has 5 steps; window=4 and horizon=2 need 6"),
        (np.arange(5), {"window": 0, "horizon": 2}, "window must be at least 1"),
        (np.arange(5), {"window": 1, "horizon": 2, "step": 0}, "step must be at least 1"),
        ([1.0, np.nan, 2.0, 3.0], {"window": 2, "horizon": 1}, "NaN or infinity at step 1"),
        (np.zeros((2, 2, 2)), {"window": 1, "horizon": 1}, "series must have shape"),
        (["a", "b"], {"window": 1, "horizon": 1}, "series must hold numbers"),
    ],
)
def test_series_that_cannot_be_cut_is_named(series, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_windows(series, **arguments)
