"""Docstrings of the parameters and attributes that both estimators have."""

PARAMETERS = """time_limit : float or None, default=300
    Time limit in seconds; only the first model may exceed it. None tries every candidate, and repeats exactly for a
    `random_state`.
scoring : str, callable or None, default=None
    A scorer of scikit-learn's; None is {scoring}.
candidates : "auto" or list of (str, estimator), default="auto"
    The candidates, in this order: any {kind} with `{method}`, also a pipeline. "auto" depends on the kind of X. While
    time is left, it adds variants of the best ones.
n_candidates : int or None, default=None
    Greatest number of candidates.
cv : "auto", "last", int, splitter or list of splits, default="auto"
    "auto": 8 folds below 1,000 rows, 5 below 20,000, 3 below 100,000; fewer folds where `time_limit` is short for them.
    With more rows, a fifth of them is held out. "last" holds out the last fifth, for rows in the order of time.
ensemble_size : int, default=25
    Steps of the selection; 1 keeps the best candidate alone.
n_jobs : int or None, default=None
    Number of folds fitted at the same time, in processes or by joblib's backend. With more workers than folds, several
    candidates are fitted at the same time.
memory_limit : float or None, default=None
    Memory limit in gigabytes, for this process and the processes that it starts for `n_jobs`. Processes on other
    machines do not count, nor does any other process on macOS and Windows. A candidate that would need more, by a
    forecast, is skipped.
directory : path-like or None, default=None
    Folder for the completed candidates and their models. Needs skops.
resume : bool, default=False
    Whether to continue the fit in `directory`. Its completed candidates are not run again. Data, folds,
    `scoring` and `calibrate` must be the same. `time_limit`, `n_jobs` and `candidates` may change.
random_state : int, RandomState or None, default=None
    Seed of the folds, and of each candidate whose `random_state` is None.
verbose : int, default=0
    1 prints a line for each candidate, with the best so far and the time left. A terminal also shows what runs."""

ATTRIBUTES = """trials_ : list of Trial
    The result of each candidate, and its models if its weight is positive.
score_ : float
    Out-of-fold score of the ensemble; greater is better.
metric_ : str
    Name of the metric of `score_`.
out_of_fold_ : dict of str to ndarray
    The `rows`, their `y`, and the ensemble's `predictions` for them.
n_splits_ : int
    Number of folds.
seed_ : int
    As `random_state` it repeats the fit. It is drawn if `random_state` is not a number.
seconds_ : float
    Duration of `fit`.
notes_ : list of str
    The warnings of `fit`.
kind_ : {"table", "sequences", "images"}
sample_shape_ : tuple of int or None
    Height, width and channels of images.
n_features_in_ : int
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Names of the columns, if X has them."""


def documented(*, scoring, kind, method):
    """Replace ``<parameters>`` and ``<attributes>`` in a docstring by the shared parameters and attributes."""

    def fill(cls):
        if cls.__doc__ is not None:  # None under python -OO
            parameters = PARAMETERS.format(scoring=scoring, kind=kind, method=method)
            for name, text in (("<parameters>", parameters), ("<attributes>", ATTRIBUTES)):
                cls.__doc__ = cls.__doc__.replace(name, text.replace("\n", "\n    "))
        return cls

    return fill
