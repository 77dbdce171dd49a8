"""A fit that has checked, split and encoded its data, and not yet trained."""

from dataclasses import dataclass

from presets.data.report import Report
from presets.estimators._fitted import FittedNetwork
from presets.training.plan import Plan
from presets.training.recipe import Recipe


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

    @property
    def sample(self):
        """One encoded row."""
        return self.plan.training.take(self.plan.rows[:1])

    @property
    def batch(self):
        """The encoded rows that the network is measured on."""
        return self.plan.training.take(self.plan.rows[: self.plan.rules.batch_size])
