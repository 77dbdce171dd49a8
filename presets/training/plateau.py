"""The plateau rule (A5.3): lower the learning rate when the monitored value stops improving; stop when it is low."""

import math


def is_lower(rate: float, limit: float) -> bool:
    """Whether a learning rate is lower than a limit. A difference by rounding does not count."""
    return rate < limit * (1 - 1e-6)


class Plateau:
    """Follows one value over the epochs of a training.

    Unlike Keras's `ReduceLROnPlateau`, it also stops the training.

    Parameters
    ----------
    maximize : bool
        Whether larger values are better.
    patience : int
        Number of epochs without improvement before the learning rate is lowered.
    lr_factor : float
        Factor of the learning rate, below 1.
    min_lr : float
        Training ends at a lower learning rate than this.
    min_delta : float
        Smaller changes than this are no improvement.
    """

    def __init__(self, *, maximize: bool, patience: int, lr_factor: float, min_lr: float, min_delta: float) -> None:
        self._sign = -1.0 if maximize else 1.0
        self.patience, self.lr_factor, self.min_lr, self.min_delta = patience, lr_factor, min_lr, min_delta
        self._reference = math.inf
        self._waited = 0

    def observe(self, value: float) -> None:
        """Take the value of one more epoch."""
        value = self._sign * value
        if value < self._reference - self.min_delta:
            self._reference, self._waited = value, 0
        else:
            self._waited += 1

    @property
    def n_alike(self) -> int:
        """Number of epochs that certainly have the same learning rate."""
        return self.patience - self._waited

    def next_rate(self, rate: float) -> float:
        """Learning rate of the next epoch: the same, or a lower one after `patience` epochs without improvement."""
        if self._waited < self.patience:
            return rate
        self._waited = 0
        return rate * self.lr_factor

    def is_over(self, rate: float) -> bool:
        """Whether a learning rate is too low to continue."""
        return is_lower(rate, self.min_lr)


class RateRule:
    """Sets a program's learning rate between epochs by the plateau rule, until a callback sets it.

    Parameters
    ----------
    program : Program
    plateau : Plateau
    kind : {"plateau", "callback", "schedule"}
        What sets the learning rate at the start: this rule, the user's callback or a schedule in the optimizer.
    has_company : bool
        Whether callbacks could set the learning rate. If not, it is never read from the device.
    """

    def __init__(self, program, plateau, kind, *, has_company):
        self._program, self._plateau, self.kind = program, plateau, kind
        self._is_known = kind == "plateau" and not has_company
        self._rate = program.learning_rate

    @property
    def n_alike(self):
        """Number of epochs that certainly have the same learning rate."""
        return self._plateau.n_alike if self.kind == "plateau" else 1

    def read(self):
        """The current learning rate. If a callback has changed it, this rule no longer sets it."""
        if self._is_known:
            return self._rate
        rate = self._program.learning_rate
        if self.kind == "plateau" and rate != self._rate:
            self.kind = "callback"
        return rate

    def ends_training(self):
        """Set the learning rate of the next epoch; return True if it would be too low."""
        if self.kind != "plateau":
            return False
        rate = self._plateau.next_rate(self._rate)
        if self._plateau.is_over(rate):
            return True
        if rate != self._rate:
            self._program.learning_rate = rate
            self._rate = self._program.learning_rate
        return False
