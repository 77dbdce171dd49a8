"""A hyperparameter that a compiled program reads from a variable, so its value is not compiled into the program."""

import keras


class Tunable(keras.Variable):
    """A scalar, such as a dropout rate or a clipping norm, as a variable of a compiled program.

    Keras's layers and optimizers test in Python whether such a number is on (``if rate > 0``, ``momentum != 0``), and
    trace another network if it is not. Whether a number is on is part of a program's key, and only a number that is on
    becomes a `Tunable`. So these tests always give the same answer, whatever the current value.

    Parameters
    ----------
    value : float
        Value at the start, greater than 0.
    name : str
        Name of the hyperparameter.
    dtype : str
        Floating-point type of the network's variables.
    """

    def __init__(self, value, name, dtype):
        super().__init__(float(value), name=name, dtype=dtype, trainable=False)

    def _is_on(self, other=0):
        return True

    __bool__ = __gt__ = __ge__ = __lt__ = __le__ = __ne__ = _is_on

    def get_shape(self):
        """Return the shape; TensorFlow's dropout calls this for a rate that is a tensor."""
        return self.value.shape

    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__
