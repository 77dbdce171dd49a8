"""Table of all candidates, with score, cost and status."""

import numpy as np


def entries(auto):
    """Rows of the leaderboard: first the ensemble, then each candidate, the best first.

    Parameters
    ----------
    auto : AutoClassifier or AutoRegressor
        Fitted.

    Returns
    -------
    list of dict
    """
    members = [trial for trial in auto.trials_ if trial.weight]
    ensemble = {
        "candidate": "ensemble",
        "preset": "",
        "score": auto.score_,
        "score_std": np.nan,
        "fit_seconds": sum(trial.fit_seconds for trial in auto.trials_),
        "predict_seconds": sum(trial.predict_seconds * len(trial.models) for trial in members),
        "megabytes": sum(trial.n_bytes for trial in members) / 1e6,
        "weight": 1.0,
        "status": "completed",
        "reason": "",
    }
    order = sorted(auto.trials_, key=lambda trial: -np.inf if np.isnan(trial.score) else trial.score, reverse=True)
    return [ensemble, *map(_entry, order)]


def _entry(trial):
    return {
        "candidate": trial.name,
        "preset": trial.preset,
        "score": trial.score,
        "score_std": _spread(trial.fold_scores),
        "fit_seconds": trial.fit_seconds,
        "predict_seconds": trial.predict_seconds * len(trial.models or trial.fold_scores),
        "megabytes": trial.n_bytes / 1e6,
        "weight": trial.weight,
        "status": trial.status,
        "reason": trial.reason,
    }


def _spread(scores):
    """Standard deviation of the scores of the folds. NaN if fewer than two folds have a score."""
    known = [score for score in scores if not np.isnan(score)]
    return float(np.std(known)) if len(known) > 1 else np.nan


def as_frame(entries):
    """The table as a pandas frame, or the entries themselves if pandas is not installed."""
    try:
        import pandas as pd
    except ImportError:
        return entries
    return pd.DataFrame(entries)


def as_text(entries):
    """The table in plain text.

    Returns
    -------
    str
    """
    cells = [[shown(value) for value in entry.values()] for entry in entries]
    table = [list(entries[0]), *cells]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)) for row in table]
    return "\n".join(map(str.rstrip, lines))


def shown(value):
    """A value in plain text: four digits for a number, an empty string for NaN."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
