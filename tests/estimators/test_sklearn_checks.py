"""scikit-learn's own checks: all of them, with fewer epochs and nothing else changed."""

import numpy as np
import pytest
from estimator_list import ESTIMATORS, FAMILY
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from presets import CNNClassifier, CNNRegressor
from presets.data.inputs import ImageInput

# Dropout and the validation split draw by row, so that at defaults a repeated row is not a row of twice the weight, and
# float32 misses the checks' tolerance of 1e-7; `test_weights_are_repetitions` runs them without the three.
ROWS_COUNT = {
    "check_sample_weight_equivalence_on_dense_data": "dropout and the split draw by row",
    "check_sample_weight_equivalence_on_sparse_data": "dropout and the split draw by row",
}
# the checks that ask for a score
LEARNING = {"check_classifiers_train", "check_regressors_train", "check_class_weight_classifiers"}


class ColumnsAsImages(ImageInput):
    """Tables with any number of columns, each row an image of one column of pixels."""

    takes_tables = True

    def read(self, X, is_table):
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        return super().read(X[:, :, None] if X.ndim == 2 else X, is_table)


class OnTables:
    """Images for checks whose tables have any number of columns; they must not be turned."""

    def _input(self):
        return ColumnsAsImages(self.standardize, self.data_format, self.image_shape)


class CNNClassifierOnTables(OnTables, CNNClassifier):
    """A classifier that the checks can run on."""


class CNNRegressorOnTables(OnTables, CNNRegressor):
    """A regressor that the checks can run on."""


ON_TABLES = {CNNClassifier: CNNClassifierOnTables, CNNRegressor: CNNRegressorOnTables}


def checked(estimator, **parameters):
    """An estimator with the network that the article gives its family."""
    augmentation = {"augmentation": None} if estimator in ON_TABLES else {}
    return ON_TABLES.get(estimator, estimator)(**augmentation, **parameters)


def learning(estimator):
    """Parameters with which the estimator learns the data of the checks."""
    return next(family.learning for member, family in FAMILY.items() if isinstance(estimator, member))


@parametrize_with_checks(
    [checked(estimator, epochs=5) for estimator in ESTIMATORS], expected_failed_checks=lambda estimator: ROWS_COUNT
)
def test_check(estimator, check):
    if getattr(check, "func", check).__name__ in LEARNING:
        estimator = clone(estimator).set_params(**learning(estimator))  # other checks have the same object
    check(estimator)


@pytest.mark.parametrize("check", ROWS_COUNT)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weights_are_repetitions(estimator, check):
    without_dropout = {"dropout": 0} if "dropout" in estimator().get_params() else {}
    exact = checked(estimator, epochs=30, dtype="float64", validation_fraction=0, **without_dropout)
    getattr(estimator_checks, check)(estimator.__name__, exact)
