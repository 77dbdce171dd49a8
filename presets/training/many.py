"""Several trainings of one architecture together: the same rules, with a member axis (A12)."""

import functools

import keras
import numpy as np

from presets.training.dataset import DEVICE_BUDGET, prediction_rows
from presets.training.epochs import UPDATES_TOGETHER, WEIGHTS_TOGETHER
from presets.training.loop import follow


class Member:
    """One of the networks that train together, in the form that `follow` needs.

    Parameters
    ----------
    program : Program
        Loaded with the start of the member.
    """

    has_schedule = False
    schedule = None

    def __init__(self, program):
        self.core, self.schedules = program.core, program.schedules
        self.learning_rate = program.learning_rate
        self.state = program.state()
        self.weights = functools.partial(list, program.weights())


def can_train_together(program, plans):
    """Whether this program can train all plans: they are alike, their data fit on the device, and no hooks are needed.

    Parameters
    ----------
    program : Program
    plans : list of Plan

    Returns
    -------
    bool
    """
    n_bytes = sum(len(data) * data.x.row_bytes for plan in plans for data in {plan.training, plan.validation})
    return (
        program.members_epochs > 0
        and not program.has_schedule
        and not plans[0].rules.by_steps
        and len({plan.shape for plan in plans}) == 1
        and n_bytes <= DEVICE_BUDGET
        and keras.distribution.distribution() is None
    )


def train_many(program, members, plans):
    """Train members together. The results equal those of separate trainings, up to rounding.

    A member whose training has ended stays in the program until all trainings have ended.

    Parameters
    ----------
    program : Program
    members : list of Member
    plans : list of Plan
        Plans for which `can_train_together` is true.

    Returns
    -------
    list of Outcome
    """
    calls = keras.callbacks.CallbackList(model=program.core)
    epochs = _EpochsOfMany(program, members, plans)
    courses = [follow(member, plan, calls, is_watched=False) for member, plan in zip(members, plans, strict=True)]
    n_alike = dict(enumerate(map(next, courses)))
    outcomes = [None] * len(members)
    while n_alike:
        for results in zip(*epochs.next(min(n_alike.values())), strict=True):
            for number in list(n_alike):
                try:
                    n_alike[number] = courses[number].send(results[number])
                except StopIteration as end:
                    outcomes[number] = end.value
                    del n_alike[number]
    return outcomes


class _EpochsOfMany:
    """Runs the epochs of all members, a few in each call."""

    def __init__(self, program, members, plans):
        self._program, self._members, self._plans = program, members, plans
        first = plans[0]
        self._batch_size = first.rules.batch_size
        n_bytes = sum(value.nbytes for value in members[0].weights()) * len(members)
        most = min(program.members_epochs, WEIGHTS_TOGETHER // n_bytes, UPDATES_TOGETHER // first.n_updates)
        self._most = max(most, 1)
        self._states = program.stack([member.state for member in members])
        self._data = validation = self._on_device([plan.training for plan in plans])
        self._test = ()
        if first.validates:
            if first.validation is not first.training:
                validation = self._on_device([plan.validation for plan in plans])
            rows = np.stack([plan.validation_rows for plan in plans]).astype(np.int32)
            self._test = validation, rows, prediction_rows(first.validation.x.row_bytes, self._batch_size)

    def _on_device(self, datasets):
        return self._program.stack([self._program.put(data.take(slice(None))) for data in datasets])

    def next(self, n_epochs):
        """Results of at most `n_epochs` more epochs, as one list for each member."""
        orders = [[plan.order() for _ in range(min(n_epochs, self._most))] for plan in self._plans]
        rates = [member.learning_rate for member in self._members]
        results, self._states = self._program.train_many(
            self._states, rates, self._data, np.array(orders, np.int32), self._batch_size, self._test
        )
        for member, of_member in zip(self._members, results, strict=True):
            member.weights = of_member[-1].weights
        return results
