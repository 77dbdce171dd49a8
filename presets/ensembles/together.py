"""Fits of several copies of one network: together, if the backend can train with a member axis."""

import inspect
from collections.abc import Mapping
from typing import Any

from presets.estimators import NetworkEstimator
from presets.estimators.base import design_of
from presets.estimators.fit import Fit
from presets.training.many import Member, can_train_together, train_many
from presets.training.pool import POOL, program_class
from presets.typing import Features, Values


def fit_members(members: list[Any], X: Features, y: Values, fit_params: Mapping[str, Any]) -> list[Any]:
    """Fit copies of one estimator that differ only in their `random_state`.

    Parameters
    ----------
    members : list of estimator
    X, y : array-like
    fit_params : dict of str to object
        Further arguments of `fit`.

    Returns
    -------
    list of estimator
        The same objects, fitted.
    """
    can_share = program_class().members_epochs > 0
    if not can_share or not all(isinstance(member, NetworkEstimator) and _is_unwatched(member) for member in members):
        return [member.fit(X, y, **fit_params) for member in members]
    inspect.signature(members[0].fit).bind(X, y, **fit_params)
    fits = [Fit(design_of(member), X, y, **fit_params) for member in members]
    with POOL.borrow(fits[0].recipe, fits[0].sample) as program:
        plans = [fit.plan for fit in fits]
        if len({fit.recipe.keys() for fit in fits}) == 1 and can_train_together(program, plans):
            states = []
            for fit in fits:
                fit.load(program)
                states.append(Member(program))
            for fit, outcome in zip(fits, train_many(program, states, plans), strict=True):
                fit.keep(program, outcome)
            return members
    for fit in fits:
        fit.run()
    return members


def _is_unwatched(network):
    return not network.callbacks and not network.verbose
