"""Search for better variants of the best candidates, while time is left."""

import itertools
import math
from typing import Any

from sklearn.base import clone

from presets.automl.portfolio import Candidate, tree_space
from presets.automl.trials import COMPLETED, SKIPPED
from presets.evaluation.networks import networks
from presets.search.dimensions import SearchSpace
from presets.search.oracles import make_oracle, tell
from presets.search.spaces import space_for


def around_the_best(run, seed):
    """Propose variants of the best network, of the best boosting and of the best forest in turn, the best first.

    Parameters
    ----------
    run : Run
        Its finished trials are read before each variant is proposed.
    seed : int

    Yields
    ------
    Candidate
        The variants end if there is no time for another, or if they do not get better.
    """
    searches = [Search(trial, space, seed) for trial, space in _centres(run)]
    while searches:
        for search in list(searches):
            search.learn(run.done)
            candidate = search.propose() if run.clock.left > search.seconds else None
            if candidate is None:
                searches.remove(search)
            else:
                yield candidate


EXPLORED = 8
"""The search begins after this many candidates. Then variants and the other candidates take turns."""


def with_variants(candidates, variants):
    """The candidates in their order, and variants between the last of them and after them.

    Parameters
    ----------
    candidates, variants : iterator of Candidate
        The first variant is asked for when the candidates before it have ended.

    Yields
    ------
    Candidate
    """
    yield from itertools.islice(candidates, EXPLORED)
    turns = [candidates, variants]
    while turns:
        for turn in list(turns):
            candidate = next(turn, None)
            if candidate is None:
                turns.remove(turn)
            else:
                yield candidate


PATIENCE = 10
"""The search around a candidate ends after this many variants in a row without a better score. Among many similar
variants, some are better only by chance."""


class Search:
    """Search for variants of one candidate, with the oracle of `TunerSearchCV`.

    Parameters
    ----------
    centre : Trial
        The trial of this candidate.
    space : SearchSpace
    seed : int
    """

    def __init__(self, centre, space, seed):
        parameters = centre.estimator.get_params(deep=True)
        own = {name: parameters[name] for name in space.parameters}
        self._centre, self._space, self.seconds = centre, space, centre.fit_seconds
        self._oracle = make_oracle("bayesian", space, own, seed=seed, n_trials=None, max_epochs=None)
        tell(self._oracle, self._oracle.create_trial("centre"), centre.score, "")
        self._pending: dict[str, Any] = {}
        self._count, self._best, self._since = 0, centre.score, 0

    def propose(self):
        """The next variant, or None if there are no more or they do not get better."""
        if self._since >= PATIENCE:
            return None
        proposal = self._oracle.create_trial(f"search {self._count}")
        if proposal.status != "RUNNING":
            return None
        self._count += 1
        name = f"{self._centre.name} {self._count}"
        self._pending[name] = proposal
        estimator = clone(self._centre.estimator)
        settings = self._space.settings(proposal.hyperparameters.values)
        return Candidate(name, estimator.set_params(**settings), self._centre.preset)

    def learn(self, trials):
        """Give the oracle the scores of the variants that have ended."""
        for trial in trials:
            proposal = self._pending.pop(trial.name, None)
            if proposal is not None:
                score = trial.score if trial.status == COMPLETED else trial.expected_score
                tell(self._oracle, proposal, score, trial.reason)
                self._since = 0 if score > self._best else self._since + 1
                self._best = max(self._best, score) if score == score else self._best
                if trial.status == SKIPPED:
                    self._since = PATIENCE  # there is no time for the next either


def _centres(run):
    """The best network, boosting and forest that have a score, with their search spaces, the best first.

    Only a network is varied for sequences and images. Trees of many steps or pixels are slow, and rarely the best.
    """
    scored = sorted((t for t in run.done if not math.isnan(t.score)), key=lambda trial: trial.score, reverse=True)
    found: dict[str, tuple[Any, ...]] = {}
    for trial in scored:
        if len(networks(trial.estimator)) == 1:
            found.setdefault("network", (trial, space_for(trial.estimator)))
        elif run.rows.kind == "table":
            kind, space = tree_space(trial.estimator)
            if kind:
                found.setdefault(kind, (trial, SearchSpace(space)))
    return list(found.values())
