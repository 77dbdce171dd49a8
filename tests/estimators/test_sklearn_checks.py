"""scikit-learn's own checks: all of them, with fewer epochs and nothing else changed."""

import numpy as np
import pytest
from estimator_list import ESTIMATORS, FAMILY
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from presets import CNNClassifier, CNNRegressor

# Dropout and the validation split draw by row, so that at defaults a repeated row is not a row of twice the weight, and
# float32 misses the checks' tolerance of 1e-7; `test_weights_are_repetitions` runs them without the three.
ROWS_COUNT = {
    "check_sample_weight_equivalence_on_dense_data": "dropout and the split draw by row",
    "check_sample_weight_equivalence_on_sparse_data": "dropout and the split draw by row",
}


class OnTables:
    """Images of one column of pixels, for checks whose tables have any number of columns; they must not be turned."""

    def _read(self, X):
        return super()._read(X[:, :, None] if np.ndim(X) == 2 else X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


class CNNClassifierOnTables(OnTables, CNNClassifier):
    """A classifier that the checks can run on."""


class CNNRegressorOnTables(OnTables, CNNRegressor):
    """A regressor that the checks can run on."""


ON_TABLES = {CNNClassifier: CNNClassifierOnTables, CNNRegressor: CNNRegressorOnTables}


def checked(estimator, **parameters):
    """An estimator with the network that the article gives its family."""
    augmentation = {"augmentation": None} if estimator in ON_TABLES else {}
    return ON_TABLES.get(estimator, estimator)(**augmentation, **parameters)


@parametrize_with_checks(
    [checked(estimator, epochs=FAMILY[estimator].check_epochs) for estimator in ESTIMATORS],
    expected_failed_checks=lambda estimator: ROWS_COUNT,
)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", ROWS_COUNT)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weights_are_repetitions(estimator, check):
    exact = checked(estimator, epochs=30, dtype="float64", dropout=0, validation_fraction=0)
    getattr(estimator_checks, check)(estimator.__name__, exact)
