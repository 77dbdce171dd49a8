"""A fit that has checked, split and encoded its data, and not yet trained."""

from dataclasses import dataclass

from presets.data.report import Report
from presets.estimators._fitted import FittedNetwork
from presets.training.plan import Plan
from presets.training.recipe import Recipe

WITNESSES = 8
"""Rows by which a network is known again."""


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """All that a fit has decided on before it trains.

    Parameters
    ----------
    start : FittedNetwork or None
        To go on from.
    recipe : Recipe
    encoder, target : object
        Encodings of X and y, see `FittedNetwork`.
    plan : Plan
    report : Report
        Of the data check.
    seeds : Seeds
    callbacks : list of keras.callbacks.Callback
    goes_on : bool
        Whether the optimizer, too, goes on where it was.
    """

    start: FittedNetwork | None
    recipe: Recipe
    encoder: object
    target: object
    plan: Plan
    report: Report
    seeds: object
    callbacks: list
    goes_on: bool = False

    def network(self, weights, optimizer_state=None, temperature=1.0):
        """The network of this fit with these weights, by itself."""
        return FittedNetwork(
            self.recipe.without_weights(), weights, self.encoder, self.target, self.sample, optimizer_state, temperature
        )

    @property
    def sample(self):
        """One encoded row."""
        return self.plan.training.take(self.plan.rows[:1])

    @property
    def witness(self):
        """A few encoded rows by which a network is known again."""
        return self.plan.training.take(self.plan.rows[:WITNESSES])[0]

    @property
    def batch(self):
        """The encoded rows that the network is measured on."""
        return self.plan.training.take(self.plan.rows[: self.plan.rules.batch_size])
