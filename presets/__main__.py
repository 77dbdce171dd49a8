"""The command line: fit, predict, check, leaderboard."""

import argparse
import os
import sys
import warnings
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

FEW_LABELS = 10
"""A target of whole numbers with at most this many different values has classes."""


def main(arguments=None):
    """Run a command.

    Parameters
    ----------
    arguments : list of str, optional
        By default the arguments of the process.

    Returns
    -------
    int
        0 for success, 1 if the files cannot be used, or 130 if the user interrupted before there was a model. Wrong
        arguments end the process with 2.
    """
    parsed = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            parsed.run(parsed)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    except (BadZipFile, ImportError, OSError, TypeError, ValueError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)  # one line
        return 1
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m presets", description="Find the best models for a table, sequences or images, and use them."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    data = "a CSV or Parquet table, an .npz file with X and y, or a folder with a folder of images for each class"
    model = "file that fit wrote; use only files that you trust"
    fit = commands.add_parser("fit", help="find models and store them")
    fit.add_argument("data", type=Path, help=data)
    fit.add_argument("--target", help="the column to predict, of a table")
    fit.add_argument("--task", choices=["classification", "regression"], help="by default it depends on the target")
    fit.add_argument("--time", type=_positive, default=300.0, help="seconds (default: %(default)g)")
    fit.add_argument("--metric", help="a scorer of scikit-learn (default: log loss or root mean squared error)")
    fit.add_argument(
        "--cv", choices=["auto", "last"], default="auto", help='"last" tests on the last rows (time series)'
    )
    fit.add_argument("--ignore", nargs="+", default=[], metavar="COLUMN", help="columns to leave out")
    fit.add_argument(
        "--jobs", type=int, metavar="N", help="number of folds that are fitted at the same time (default: 1)"
    )
    fit.add_argument("--memory", type=_positive, metavar="GB", help="memory limit in gigabytes")
    fit.add_argument("--directory", type=Path, help="folder for the completed candidates")
    fit.add_argument("--resume", action="store_true", help="continue the fit in --directory")
    fit.add_argument(
        "--seed", type=int, default=0, help="seed of the folds and of the candidates (default: %(default)s)"
    )
    fit.add_argument("--model", type=Path, default=Path("model.skops"), help="file to write (default: %(default)s)")
    fit.add_argument("--report", type=Path, help="HTML page to write")
    fit.add_argument("--quiet", action="store_true", help="print no progress")
    fit.set_defaults(run=_fit)
    predict = commands.add_parser("predict", help="predict the rows of a file with a stored model")
    predict.add_argument("model", type=Path, help=model)
    predict.add_argument("data", type=Path, help=data)
    predict.add_argument("--output", type=Path, help="CSV file to write (default: standard output)")
    predict.add_argument("--proba", action="store_true", help="also the probability of each class")
    predict.set_defaults(run=_predict)
    check = commands.add_parser("check", help="find faults in data")
    check.add_argument("data", type=Path, help=data)
    check.add_argument("--target", help="the column to predict, of a table")
    check.set_defaults(run=_check)
    board = commands.add_parser("leaderboard", help="show the result of each candidate")
    board.add_argument("model", type=Path, help=model)
    board.set_defaults(run=_leaderboard)
    return parser


def _fit(given):
    from presets import AutoClassifier, AutoRegressor, save
    from presets.automl.leaderboard import as_text, entries

    for file in filter(None, (given.model, given.report)):
        if not file.parent.is_dir():
            raise FileNotFoundError(f"{file}: there is no directory {file.parent}.")
    X, y = _read(given.data, given.target, given.ignore)
    y = _given(y)
    task = given.task or ("classification" if _holds_classes(y) else "regression")
    print(f"{task}: {len(y)} rows, {_count_values(y)} different values of the target", file=sys.stderr)
    kind = AutoClassifier if task == "classification" else AutoRegressor
    auto = kind(
        time_limit=given.time,
        scoring=given.metric,
        cv=given.cv,
        n_jobs=given.jobs,
        memory_limit=given.memory,
        directory=given.directory,
        resume=given.resume,
        random_state=given.seed,
        verbose=not given.quiet,
    ).fit(X, y)
    save(auto, given.model)
    if given.report:
        auto.report(given.report, X, y)
    print(as_text(entries(auto)))


def _predict(given):
    import pandas as pd

    auto = _load(given.model)
    table = pd.DataFrame()
    if given.data.is_dir():
        X, _, table["file"] = _read_images(given.data, auto)
    else:
        X = _matched(_read(given.data)[0], auto)
    predictions = auto.predict(X)
    if predictions.ndim == 1:
        table["prediction"] = predictions
    else:
        for number, values in enumerate(predictions.T):
            table[f"prediction_{number}"] = values
    if given.proba:
        if not hasattr(auto, "classes_"):
            raise ValueError(f"--proba needs a classifier, but {given.model} is a regressor.")
        for label, probabilities in zip(auto.classes_.tolist(), auto.predict_proba(X).T, strict=True):
            table[f"probability_{label}"] = probabilities
    table.to_csv(given.output or sys.stdout, index=False)


def _check(given):
    from presets import check_data

    X, y = _read(given.data, given.target)
    print(check_data(X, _given(y)))


def _leaderboard(given):
    from presets.automl.leaderboard import as_text, entries

    print(as_text(entries(_load(given.model))))


def _load(path):
    """Load the model of a file, which may contain scikit-learn's trees."""
    from presets import load
    from presets.automl import TREES

    return load(path, trusted=TREES)


def _read(path, target=None, ignored=()):
    """Read X and y from a file or a folder. Without a target, y is None."""
    if path.is_dir():
        return _read_images(path)[:2]
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                if "X" not in arrays:
                    raise ValueError(f"it contains {', '.join(arrays)}, but no array X.")
                return arrays["X"], arrays.get("y")
        table = _read_table(path)
    except (BadZipFile, ValueError) as error:  # most libraries do not name the file
        raise ValueError(f"{path} cannot be read: {error}") from error
    missing = [name for name in ([target] if target else []) + list(ignored) if name not in table]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]!r}; it has {', '.join(map(str, table.columns))}.")
    table = table.drop(columns=list(ignored))
    y = table.pop(target).to_numpy() if target else None
    return table, y


def _read_images(path, auto=None):
    """Read X, y and the names of the files. Images get the shape that the model was fitted to."""
    from presets.automl.image_folders import read_folder

    if auto is not None and auto.kind_ != "images":
        raise ValueError(f"{path} contains images, but the model was fitted to {auto.kind_}.")
    return read_folder(path, None if auto is None else auto.sample_shape_)


def _read_table(path):
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("Tables need pandas: pip install 'keras-presets[pandas]'.") from error
    if path.suffix in (".parquet", ".pq"):
        return pd.read_parquet(path)
    if ".csv" in path.suffixes:
        one_column = len(pd.read_csv(path, nrows=0).columns) == 1
        return pd.read_csv(path, skip_blank_lines=not one_column)  # with one column, an empty line is missing
    raise ValueError("it is not a .csv, .csv.gz, .parquet or .npz file, and not a folder of images.")


def _matched(X, auto):
    """Select the columns that the model was fitted to, in its order."""
    if not hasattr(auto, "feature_names_in_") or not hasattr(X, "columns"):
        return X
    names = list(auto.feature_names_in_)
    missing = [name for name in names if name not in X]
    if missing:
        raise ValueError(f"The file has no column {', '.join(map(repr, missing))}, which the model needs.")
    additional = [str(name) for name in X if name not in names]
    if additional:
        print(f"note: additional columns are ignored: {', '.join(additional)}", file=sys.stderr)
    return X[names]


def _given(y):
    if y is None:
        raise ValueError(
            "There is no target. Set --target, or use an .npz file with an array y or a folder with a subfolder of "
            "images for each class."
        )
    return y


def _holds_classes(y):
    if y.dtype.kind not in "iuf":
        return True
    return y.ndim == 1 and len(np.unique(y)) <= FEW_LABELS and bool((y == np.round(y)).all())


def _count_values(y):
    return len(set(y.tolist())) if y.dtype == object else len(np.unique(y))  # objects with gaps have no order


def _positive(text):
    value = float(text)
    if not 0 < value < np.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _show_warning(message, category, filename, lineno, file=None, line=None):
    print(f"note: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
