"""One self-contained HTML page about a fit."""

import html
import importlib
import platform
import string
from importlib import metadata, resources

import keras
import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.inspection import permutation_importance
from sklearn.utils import _safe_indexing

from presets.atomic import replacing
from presets.automl.leaderboard import entries, shown
from presets.automl.metric import metric_for
from presets.automl.mixture import decided
from presets.automl.pictures import bars, plot
from presets.data.check import check_data
from presets.evaluation.networks import find_network
from presets.inspection import diagnose

IMPORTANCE_ROWS, IMPORTANCE_COLUMNS = 500, 100
"""Greatest number of rows to predict for the importance of columns. With more columns it is left out, to save time."""

HEADS = {
    "candidate": "candidate",
    "score": "score",
    "spread": "score_std",
    "weight": "weight",
    "fit, s": "fit_seconds",
    "1,000 rows, s": "predict_seconds",
    "MB": "megabytes",
    "remark": "reason",
}
"""Headers of the leaderboard in the page, and its columns."""

LIMITED = (
    "With a time limit, each completed candidate gives the same results again, but the number of completed candidates "
    "can differ. With time_limit=None and n_candidates, all results are the same."
)

LONGEST_CODE = 10_000
"""Greatest number of characters of the code that repeats a fit."""

POINTS = 500
"""Greatest number of points in a picture."""


def write_report(auto, path, X=None, y=None):
    """Write the page. It replaces an old page only when it is complete.

    Parameters
    ----------
    auto : AutoClassifier or AutoRegressor
        Fitted.
    path : path-like
    X, y : array-like, optional
        Data for the data check and for the importance of columns.
    """
    sections = [_summary(auto), _leaderboard(auto), _errors(auto), _networks(auto)]
    if X is not None:
        sections += [_data_check(X, y), _importance(auto, X, y)]
    sections.append(_origin(auto))
    template = string.Template(resources.files("presets.automl").joinpath("report.html").read_text(encoding="utf-8"))
    page = template.substitute(title=f"{type(auto).__name__} report", sections="\n".join(sections))
    with replacing(path, "w") as file:
        file.write(page)


def _section(title, *parts):
    return f"<section><h2>{html.escape(title)}</h2>{''.join(parts)}</section>"


def _text(text):
    return f"<p>{html.escape(text)}</p>"


def _table(rows):
    """An HTML table from dicts with the same names."""
    head = "".join(f"<th{_kind(rows[0][name])}>{html.escape(name)}</th>" for name in rows[0])
    cells = ("".join(f"<td{_kind(value)}>{html.escape(shown(value))}</td>" for value in row.values()) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _kind(value):
    return ' class="number"' if isinstance(value, int | float | np.number) else ""


def _summary(auto):
    n_models = sum(len(trial.models) for trial in auto.trials_)
    done = sum(bool(trial.fold_scores) for trial in auto.trials_)
    mixed = [trial for trial in auto.trials_ if trial.weight]
    notes = "".join(map(_text, auto.notes_))
    return _section(
        "Result",
        _text(
            f"The score is {auto.score_:.5g} ({auto.metric_}; greater is better), for {len(auto.out_of_fold_['rows'])} "
            f"rows that no model was trained on. The fit took {auto.seconds_:.0f} seconds."
        ),
        _text(
            f"{len(auto.trials_)} candidates, {done} of them with a score. The ensemble uses {len(mixed)} of them: "
            f"{n_models} models from {auto.n_splits_} folds."
        ),
        notes,
    )


def _leaderboard(auto):
    rows = entries(auto)
    scored = [row for row in rows if np.isfinite(row["score"])]
    others = [row for row in rows if not np.isfinite(row["score"])]
    length = "shorter" if all(row["score"] <= 0 for row in scored) else "longer"
    parts = [
        _text(f"A {length} bar is better."),
        bars([row["candidate"] for row in scored], [row["score"] for row in scored]),
        _table([{head: row[name] for head, name in HEADS.items()} for row in scored]),
    ]
    if others:
        names = ("candidate", "status", "reason")
        parts += ["<h3>Without a score</h3>", _table([{name: row[name] for name in names} for row in others])]
    return _section(f"Leaderboard, by {auto.metric_}", *parts)


def _errors(auto):
    found = auto.out_of_fold_
    if is_classifier(auto):
        chosen = decided(found["predictions"], auto.threshold_).argmax(axis=1)
        return _class_errors(auto.classes_, found["y"], found["predictions"], chosen, found["rows"])
    return _value_errors(found["y"], found["predictions"], found["rows"])


def _class_errors(classes, y, probabilities, chosen, rows):
    sure, right = probabilities[np.arange(len(y)), chosen], classes[chosen] == y
    parts = np.array_split(np.argsort(sure, kind="stable"), min(10, len(y)))
    curve = plot(
        {"models": ([sure[part].mean() for part in parts], [right[part].mean() for part in parts])},
        x_label="probability of the predicted class",
        y_label="share of correct predictions",
        diagonal=True,
    )
    pairs, counts = np.unique(np.stack([np.searchsorted(classes, y), chosen])[:, ~right], axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:10]
    confused = [
        {"true": str(classes[pairs[0, i]]), "predicted": str(classes[pairs[1, i]]), "rows": int(counts[i])}
        for i in order
    ]
    worst = np.flatnonzero(~right)[np.argsort(-sure[~right], kind="stable")[:10]]
    doubtful = [
        {"row": int(rows[i]), "true": str(y[i]), "predicted": str(classes[chosen[i]]), "probability": float(sure[i])}
        for i in worst
    ]
    return _section(
        "Predictions out of fold",
        f"<h3>Calibration</h3>{curve}",
        f"<h3>Confused classes</h3>{_table(confused)}<h3>Errors with the highest probability</h3>{_table(doubtful)}"
        if confused
        else _text("All rows are predicted correctly."),
    )


def _value_errors(y, values, rows):
    y, values = (array if array.ndim == 1 else array[:, 0] for array in (y, values))
    some = np.linspace(0, len(y) - 1, min(POINTS, len(y))).astype(int)
    picture = plot({"rows": (values[some], y[some])}, x_label="predicted", y_label="true", diagonal=True, points=True)
    worst = np.argsort(-np.abs(y - values), kind="stable")[:10]
    table = [{"row": int(rows[i]), "true": float(y[i]), "predicted": float(values[i])} for i in worst]
    return _section("Predictions out of fold", picture, f"<h3>The largest errors</h3>{_table(table)}")


def _networks(auto):
    parts = []
    for trial in sorted(auto.trials_, key=lambda trial: -trial.weight):
        network = _network_in(trial)
        if network is not None:
            epochs = np.arange(1, network.n_epochs_ + 1)
            curves = {
                label: (epochs, network.history_[name])
                for name, label in (("loss", "training"), ("val_loss", "validation"))
                if name in network.history_
            }
            parts += [
                f"<h3>{html.escape(trial.name)}, first fold</h3>",
                plot(curves, x_label="epoch", y_label="loss"),
                f'<div class="scroll">{diagnose(network)._repr_html_()}</div>',
            ]
    return _section("Networks", *parts or [_text("The ensemble contains no network.")])


def _network_in(trial):
    try:
        return find_network(trial.models[0]) if trial.models else None
    except TypeError:
        return None


def _data_check(X, y):
    return _section("Data check", f'<div class="scroll">{check_data(X, y)._repr_html_()}</div>')


def _importance(auto, X, y):
    title = "Importance of the columns"
    is_other_frame = hasattr(X, "columns") and not hasattr(X, "iloc")
    if auto.kind_ != "table" or hasattr(X, "tocsr") or is_other_frame:
        return _section(title, _text("It is only available for arrays and for frames of pandas."))
    if auto.n_features_in_ > IMPORTANCE_COLUMNS:
        return _section(title, _text(f"More than {IMPORTANCE_COLUMNS} columns would take too long."))
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    some = np.linspace(0, n_rows - 1, min(IMPORTANCE_ROWS, n_rows)).astype(int)
    found = permutation_importance(
        auto, _safe_indexing(X, some), _safe_indexing(y, some), scoring=_scorer(auto), n_repeats=3, random_state=0
    ).importances_mean
    order = np.argsort(-found, kind="stable")[:20]
    names = getattr(auto, "feature_names_in_", [f"column {i}" for i in range(auto.n_features_in_)])
    return _section(
        title,
        _text("How much worse the score gets if the values of a column are shuffled."),
        bars([names[i] for i in order], [max(float(found[i]), 0.0) for i in order]),
    )


def _scorer(auto):
    """A scorer with the metric of the ensemble, which also takes rows without some of the classes."""
    classes = getattr(auto, "classes_", None)
    metric = metric_for(auto.scoring, classes)

    def score(model, X, y):
        if classes is None:
            return metric.score(np.asarray(y, dtype=np.float64), model.predict(X))
        return metric.score(np.searchsorted(classes, y), model.predict_proba(X))

    return score


def _origin(auto):
    names = ("keras", keras.backend.backend(), "numpy", "scikit-learn")
    versions = {"presets": importlib.import_module("presets").__version__, "python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in names}
    again = clone(auto).set_params(random_state=auto.seed_, directory=None, resume=False, verbose=0)
    code = f"from presets import {type(auto).__name__}\n\n{again.__repr__(N_CHAR_MAX=LONGEST_CODE)}.fit(X, y)"
    limit = "" if auto.time_limit is None else f" {LIMITED}"
    return _section(
        "Repeat this fit",
        f"<pre>{html.escape(code)}</pre>",
        _text(
            f"The seed of the folds and of the candidates is {auto.seed_}. The versions are "
            + ", ".join(f"{name} {version}" for name, version in versions.items())
            + f", on {platform.platform()}.{limit}"
        ),
    )
