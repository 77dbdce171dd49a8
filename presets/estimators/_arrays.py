"""How X is checked where it may have more axes than a table."""

from scipy import sparse
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from presets.data.kinds import kind_of


class ArrayInput:
    """Checks of X for families that take tables, and arrays with more axes.

    Tables pass scikit-learn's own checks first. A family says in `_read` what it makes of X, in `_sample_shape` what is
    to be the same in every X, and in `_raw_shape` what a sample looks like as the user gives it.
    """

    def _check_X_y(self, X, y, reset):
        is_table = self._is_table(X, reset)
        if is_table:
            X, y = super()._check_X_y(X, y, reset)
        X = self._checked(X, is_table, reset)
        if not is_table:
            y = validate_data(self, y=y, multi_output=True, y_numeric=self._numeric_y, reset=reset)
            check_consistent_length(X, y)
        return X, y

    def _check_X(self, X):
        is_table = self._is_table(X, reset=False)
        return self._checked(super()._check_X(X) if is_table else X, is_table, reset=False)

    def _checked(self, X, is_table, reset):
        read = self._read_table(X) if is_table else self._read(X)
        shape = self._sample_shape(read)
        if reset:
            self._takes_tables, self._fitted_shape = is_table, shape
            self._fitted_raw_shape = X.shape[1:] if is_table else self._raw_shape(X, read)
            if not is_table:
                self.n_features_in_ = shape[-1]
        elif shape != self._fitted_shape:
            raise ValueError(
                f"X has samples of shape {shape}, but {type(self).__name__} is expecting {self._fitted_shape}, as in "
                "fit (channels or features last; None is any number of steps)."
            )
        return read

    def _read_table(self, X):
        return self._read(X.toarray() if sparse.issparse(X) else X)

    def _is_table(self, X, reset):
        """Whether X is one; what was fitted to a table takes tables from then on."""
        return kind_of(X) == "table" if reset else self._takes_tables
