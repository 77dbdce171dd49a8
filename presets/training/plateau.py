"""The plateau rule (A5.3): divide the rate when the monitored value stops improving; stop when it is very small."""

import math


class Plateau:
    """Watches one value over the epochs of a fit.

    Unlike Keras's `ReduceLROnPlateau` it stops by itself, and says what it did.

    Parameters
    ----------
    maximize : bool
        Whether larger is better.
    patience : int
        Epochs without improvement before the rate is divided.
    lr_factor : float
        What the rate is multiplied with.
    min_lr : float
        The rate under which training ends.
    min_delta : float
        The least change that counts as an improvement.
    """

    def __init__(self, *, maximize, patience, lr_factor, min_lr, min_delta):
        self._sign = -1.0 if maximize else 1.0
        self.patience, self.lr_factor, self.min_lr, self.min_delta = patience, lr_factor, min_lr, min_delta
        self._reference = math.inf
        self._waited = 0

    def observe(self, value):
        """Take the value of one more epoch."""
        value = self._sign * value
        if value < self._reference - self.min_delta:
            self._reference, self._waited = value, 0
        else:
            self._waited += 1

    @property
    def n_alike(self):
        """Epochs after which the rate could be another one at the earliest."""
        return self.patience - self._waited

    def next_rate(self, rate):
        """The rate of the next epoch: the same, or a divided one after `patience` epochs without improvement."""
        if self._waited < self.patience:
            return rate
        self._waited = 0
        return rate * self.lr_factor

    def is_over(self, rate):
        """Whether a rate is too small to go on; a float's noise under the limit is not."""
        return rate < self.min_lr * (1 - 1e-6)


class RateRule:
    """Sets a program's rate between epochs by the plateau rule, until somebody else sets it.

    Parameters
    ----------
    program : Program
    plateau : Plateau
    kind : {"plateau", "callback", "schedule"}
        Who sets the rate at the start: this rule, a callback of the user's or a schedule in the optimizer.
    has_company : bool
        Whether anybody else could set the rate. If not, the device need not be asked.
    """

    def __init__(self, program, plateau, kind, *, has_company):
        self._program, self._plateau, self.kind = program, plateau, kind
        self._is_known = kind == "plateau" and not has_company
        self._rate = program.learning_rate

    @property
    def n_alike(self):
        """Epochs after which the rate could be another one at the earliest."""
        return self._plateau.n_alike if self.kind == "plateau" else 1

    def read(self):
        """The present rate; if a callback has changed it, this rule leaves it alone from now on."""
        if self._is_known:
            return self._rate
        rate = self._program.learning_rate
        if self.kind == "plateau" and rate != self._rate:
            self.kind = "callback"
        return rate

    def ends_training(self):
        """Set the rate of the next epoch, or tell that it would be too small."""
        if self.kind != "plateau":
            return False
        rate = self._plateau.next_rate(self._rate)
        if self._plateau.is_over(rate):
            return True
        if rate != self._rate:
            self._program.learning_rate = rate
            self._rate = self._program.learning_rate
        return False
