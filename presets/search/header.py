"""The header of a search's directory: all that makes one search differ from another."""

from collections.abc import Mapping
from typing import Any

from presets.search.digest import digest
from presets.search.dimensions import SearchSpace
from presets.search.evaluation import Evaluation

FORMAT = "presets search 2"
DIGEST = "sha256 "
"""Prefix of values that are stored as a digest."""


def describe(
    evaluation: Evaluation,
    space: SearchSpace,
    *,
    oracle: str,
    scoring: Any,
    metrics: list[str] | None,
    prune: bool,
    seed: int | None,
) -> dict[str, Any]:
    """Describe a search by everything that its scores depend on.

    Parameters
    ----------
    evaluation : Evaluation
    space : SearchSpace
    oracle : str
    scoring : object
        As the user gave it.
    metrics : list of str or None
        Names of the scores of a fold; None if they are known only after a call.
    prune : bool
    seed : int or None
        None if the seed is not drawn yet.

    Returns
    -------
    dict of str to JSON
    """
    fit_params = {name: _text(value) for name, value in evaluation.fit_params.items()}
    score_params = {f"{name} of the scores": _text(value) for name, value in evaluation.score_params.items()}
    return {
        "format": FORMAT,
        "seed": seed,
        "oracle": oracle,
        "prune": bool(prune),
        "scoring": _text(scoring),
        "metric": evaluation.metric,
        "metrics": metrics,
        "n_folds": len(evaluation.splits),
        "space": {name: _text(dimension) for name, dimension in space.items()},
        "estimator": _parameters(evaluation.estimator),
        "data": {"X": _text(evaluation.X), "y": _text(evaluation.y), **fit_params, **score_params},
        "folds": _text(evaluation.splits),
    }


def difference(stored: Mapping[str, Any], header: Mapping[str, Any]) -> str | None:
    """Say how a stored search differs from this one.

    Parameters
    ----------
    stored, header : dict
        From `describe`. A seed of None in `header` matches any seed.

    Returns
    -------
    str or None
        The most informative difference; None if the searches are the same.
    """
    before, now = dict(_leaves(stored)), dict(_leaves(header))
    if now["", "seed"] is None:
        before.pop(("", "seed"), None)
        del now["", "seed"]
    differing = [key for key in {**now, **before} if key not in before or key not in now or before[key] != now[key]]
    if not differing:
        return None
    # prefer a value that both have and that can be read
    key = min(differing, key=lambda key: (key not in before or key not in now, _is_digest(now.get(key))))
    section, name = key
    name = name if section in ("", "data") else f"{section}'s {name}"
    if key not in now:
        return f"it has {name}, this search has none"
    if key not in before:
        return f"it has no {name}, this search has one"
    if _is_digest(before[key]) and _is_digest(now[key]):
        return f"its {name} differs from that of this search"
    return f"its {name} is {_shown(before[key])}, that of this search is {_shown(now[key])}"


def _parameters(estimator):
    parameters = sorted(estimator.get_params(deep=True).items())
    return {"class": _text(type(estimator)), **{name: _text(value) for name, value in parameters}}


def _text(value):
    """A plain value as text; any other value as a digest."""
    return repr(value) if _is_plain(value) else DIGEST + digest(value)


def _is_plain(value):
    if type(value) is tuple:
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def _is_digest(text):
    return isinstance(text, str) and text.startswith(DIGEST)


def _shown(text):
    return "an object" if _is_digest(text) else text


def _leaves(header):
    """Yield the section and name of each entry, with its value."""
    for name, value in header.items():
        if isinstance(value, dict):
            yield from (((name, part), of_part) for part, of_part in value.items())
        else:
            yield ("", name), value
