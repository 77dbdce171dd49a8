"""Only the ratios of weights matter."""

import numpy as np
import pytest

from presets.data.weights import relative_weights

WEIGHTS = np.random.default_rng(0).uniform(0.1, 3.0, 50)


@pytest.mark.parametrize("constant", [5e-324, 1e-300, 1e-39, 0.7, 1e39, 1e300])
def test_constants_fall_out(constant):
    expected = np.ones(50) if constant == 5e-324 else relative_weights(WEIGHTS)
    weights = np.full(50, constant) if constant == 5e-324 else WEIGHTS * constant
    np.testing.assert_allclose(relative_weights(weights), expected, rtol=1e-14)
    np.testing.assert_array_equal(relative_weights(WEIGHTS * 2.0**40), relative_weights(WEIGHTS))


def test_weights_of_one_stay_and_rows_without_weight_do_not_count():
    np.testing.assert_array_equal(relative_weights(np.ones(7)), np.ones(7))
    with_zeros = np.concatenate([np.zeros(9), WEIGHTS])
    np.testing.assert_array_equal(relative_weights(with_zeros)[9:], relative_weights(WEIGHTS))
