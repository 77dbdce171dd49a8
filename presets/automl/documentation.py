"""Docstrings of the parameters and attributes that both estimators have."""

PARAMETERS = """time_limit : float or None, default=300
    Seconds. The limit is kept once there is a first model. None tries every candidate, and repeats exactly for a
    `random_state`.
scoring : str, callable or None, default=None
    A scorer of scikit-learn's; None is {scoring}.
candidates : "auto" or list of (str, estimator), default="auto"
    What is tried, in this order: any {kind} with `{method}`, also a pipeline. "auto" depends on the kind of X, and
    goes on with variants of the best while time is left.
n_candidates : int or None, default=None
    How many candidates are tried at most.
cv : "auto", "last", int, splitter or list of splits, default="auto"
    "auto": 8 folds of fewer than 1,000 rows, 5 of fewer than 20,000, 3 of fewer than 100,000, and fewer where
    `time_limit` is short for so many; of more rows a fifth is held out. "last" holds out the last fifth, for rows in
    the order of time.
ensemble_size : int, default=25
    Steps of the selection; 1 keeps the best candidate alone.
n_jobs : int or None, default=None
    Folds that are fitted at a time, in processes or by joblib's backend. With more workers than folds several
    candidates are fitted at a time.
memory_limit : float or None, default=None
    Gigabytes that the process may take, by forecast. A candidate that would need more is skipped.
directory : path-like or None, default=None
    Where completed candidates are kept, with their models. Needs skops.
resume : bool, default=False
    Whether a fit that `directory` holds is continued: its completed candidates are not run again. Data, folds and
    scoring must be the same. `time_limit`, `n_jobs` and `candidates` may change.
random_state : int, RandomState or None, default=None
    Draws the folds, and the seed of each candidate whose `random_state` is None.
verbose : int, default=0
    1 prints a line for each candidate, with the best so far and the time left. A terminal also shows what runs."""

ATTRIBUTES = """trials_ : list of Trial
    What became of each candidate, with its models if it has a weight.
score_ : float
    Of the ensemble, out of fold, greater being better.
metric_ : str
    Its name.
out_of_fold_ : dict of str to ndarray
    `rows`, and for them `predictions` of the ensemble and `y`.
n_splits_ : int
seconds_ : float
    That `fit` took.
notes_ : list of str
    What `fit` warned of.
kind_ : {"table", "sequences", "images"}
sample_shape_ : tuple of int or None
    Height, width and channels of images.
n_features_in_ : int
feature_names_in_ : ndarray of shape (`n_features_in_`,)
    Where X has names."""


def documented(*, scoring, kind, method):
    """Replace ``<parameters>`` and ``<attributes>`` in a docstring by the shared parameters and attributes."""

    def fill(cls):
        if cls.__doc__ is not None:  # None under python -OO
            parameters = PARAMETERS.format(scoring=scoring, kind=kind, method=method)
            for name, text in (("<parameters>", parameters), ("<attributes>", ATTRIBUTES)):
                cls.__doc__ = cls.__doc__.replace(name, text.replace("\n", "\n    "))
        return cls

    return fill
