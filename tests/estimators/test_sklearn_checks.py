"""scikit-learn's own checks: all of them, with fewer epochs and nothing else changed."""

import pytest
from estimator_list import ESTIMATORS, FAMILY
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

# Dropout and the validation split draw by row, so that at defaults a repeated row is not a row of twice the weight, and
# float32 misses the checks' tolerance of 1e-7; `test_weights_are_repetitions` runs them without the three.
ROWS_COUNT = {
    "check_sample_weight_equivalence_on_dense_data": "dropout and the split draw by row",
    "check_sample_weight_equivalence_on_sparse_data": "dropout and the split draw by row",
}


@parametrize_with_checks(
    [estimator(epochs=FAMILY[estimator].check_epochs) for estimator in ESTIMATORS],
    expected_failed_checks=lambda estimator: ROWS_COUNT,
)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", ROWS_COUNT)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weights_are_repetitions(estimator, check):
    exact = estimator(epochs=30, dtype="float64", dropout=0, validation_fraction=0)
    getattr(estimator_checks, check)(estimator.__name__, exact)
