"""The choice of the columns that are categories."""

from typing import Any

import numpy as np

from presets.data.frames import Table
from presets.typing import Array


def categorical_columns(table: Table, categorical_features: Any) -> Array:
    """Decide which columns are categories.

    Parameters
    ----------
    table : Table
    categorical_features : "from_dtype", None or array-like
        A mask, or numbers or names of columns.

    Returns
    -------
    ndarray of bool of shape (n_columns,)

    Raises
    ------
    ValueError
        If `categorical_features` has an unknown column, or is a mask of another length.
    TypeError
        If it does not contain a column of strings.
    """
    are_levels = np.array([column.kind == "category" for column in table.columns])
    if isinstance(categorical_features, str) and categorical_features == "from_dtype":
        return are_levels
    mask = _mask(table, np.asarray([] if categorical_features is None else categorical_features))
    if (are_levels & ~mask).any():
        name = table.names[(are_levels & ~mask).argmax()]
        raise TypeError(
            f"Column {name!r} has strings or categories, but categorical_features does not contain it; add it, encode "
            "it, or set categorical_features='from_dtype'."
        )
    return mask


def _mask(table, features):
    n_columns = len(table.columns)
    if features.dtype == bool:
        if features.shape != (n_columns,):
            raise ValueError(
                f"categorical_features is a mask of shape {features.shape}, but X has {n_columns} columns."
            )
        return features
    numbers: dict[str | int, int] = {name: number for number, name in enumerate(table.names) if isinstance(name, str)}
    numbers |= {number: number for number in range(n_columns)}
    unknown = [feature for feature in features.ravel().tolist() if feature not in numbers]
    if unknown or features.ndim != 1:
        raise ValueError(
            f"categorical_features={features.tolist()} must be a list of columns of X, by name or number"
            + (f"; X has no {unknown[0]!r}." if unknown else ".")
        )
    return np.isin(np.arange(n_columns), [numbers[feature] for feature in features.tolist()])
