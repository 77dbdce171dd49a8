"""A search space: names of parameters and what each may become, for any search that wants it."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import keras_tuner
import numpy as np
from scipy import stats

from presets.search.digest import digest


@dataclass(frozen=True, init=False, repr=False)
class Choice:
    """One of some values.

    Parameters
    ----------
    *values
        Of any type, also tuples and None; at least one.

    Examples
    --------
    >>> from presets.search import Choice
    >>> Choice(32, 64, 128)
    Choice(32, 64, 128)
    """

    values: tuple

    def __init__(self, *values):
        if not values:
            raise ValueError("Choice needs at least one value.")
        plain = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
        object.__setattr__(self, "values", plain)

    def __repr__(self):
        return f"Choice({', '.join(map(repr, self.values))})"

    def parameters(self, name):
        """Names of the parameters that it sets."""
        return [name]

    def register(self, hyperparameters, name, own):
        """Add itself to Keras Tuner's hyperparameters, with the estimator's own value as the default if it is one."""
        labels = list(self._labels())
        default = next((label for label, value in labels if name in own and _same(value, own[name])), labels[0][0])
        hyperparameters.Choice(name, [label for label, _ in labels], default=default)

    def settings(self, name, label):
        """Parameters that a value of Keras Tuner's stands for."""
        return {name: dict(self._labels())[label]}

    def discrete(self, n_points):
        """Itself: it has few values already."""
        return self

    def alternatives(self, name):
        """Parameter grids, one of which applies."""
        return [{name: list(self.values)}]

    def _labels(self):
        """Pairs of what Keras Tuner is given for a value, and the value; it takes one plain type only."""
        kinds = {type(value) for value in self.values}
        is_plain = len(kinds) == 1 and kinds <= {int, float, str}
        return ((value if is_plain else _label(value), value) for value in self.values)


@dataclass(frozen=True)
class Uniform:
    """Any number between two, each as likely.

    Parameters
    ----------
    low, high : float

    Examples
    --------
    >>> from presets.search import Uniform
    >>> Uniform(0.0, 0.5)
    Uniform(low=0.0, high=0.5)
    """

    low: float
    high: float

    _sampling = "linear"

    def __post_init__(self):
        if not self.low < self.high:
            raise ValueError(f"{type(self).__name__} needs low < high, got {self.low} and {self.high}.")

    parameters = Choice.parameters

    def register(self, hyperparameters, name, own):
        """Add itself to Keras Tuner's hyperparameters; the default is the estimator's own value, or the nearest."""
        value = own.get(name)
        value = value if isinstance(value, int | float) else self.low
        default = float(min(max(value, self.low), self.high))
        hyperparameters.Float(name, self.low, self.high, sampling=self._sampling, default=default)

    def settings(self, name, value):
        """Parameters that a value of Keras Tuner's stands for."""
        return {name: float(value)}

    def discrete(self, n_points):
        """A `Choice` of evenly spaced numbers."""
        return Choice(*np.linspace(self.low, self.high, n_points))

    def alternatives(self, name):
        """Parameter distributions, one of which applies."""
        return [{name: stats.uniform(self.low, self.high - self.low)}]


@dataclass(frozen=True)
class LogUniform(Uniform):
    """Any number between two, each order of magnitude as likely.

    Parameters
    ----------
    low, high : float
        Greater than 0.

    Examples
    --------
    >>> from presets.search import LogUniform
    >>> LogUniform(1e-4, 0.1).discrete(4)
    Choice(0.0001, 0.001, 0.01, 0.1)
    """

    _sampling = "log"

    def __post_init__(self):
        super().__post_init__()
        if self.low <= 0:
            raise ValueError(f"LogUniform needs low > 0, got {self.low}.")

    def discrete(self, n_points):
        """A `Choice` of numbers in equal ratios."""
        return Choice(*(float(f"{value:.3g}") for value in np.geomspace(self.low, self.high, n_points)))

    def alternatives(self, name):
        """Parameter distributions, one of which applies."""
        return [{name: stats.loguniform(self.low, self.high)}]


@dataclass(frozen=True)
class Options:
    """Several parameters that change together.

    Parameters
    ----------
    settings_of : dict of str to dict
        Values of the parameters by the name of the option; each option sets the same parameters.

    Examples
    --------
    >>> from presets.search import Options
    >>> Options({"small": {"hidden_layer_sizes": (64,), "dropout": 0.2},
    ...          "large": {"hidden_layer_sizes": (512, 512), "dropout": 0.5}})  # doctest: +ELLIPSIS
    Options(...)
    """

    settings_of: dict

    def __post_init__(self):
        sets = [set(settings) for settings in self.settings_of.values()]
        if not sets or any(parameters != sets[0] or not parameters for parameters in sets):
            raise ValueError(f"Options needs options that all set the same parameters, got {self.settings_of}.")

    def parameters(self, name):
        """Names of the parameters that it sets."""
        return list(next(iter(self.settings_of.values())))

    def register(self, hyperparameters, name, own):
        """Add itself to Keras Tuner's hyperparameters; the default is what the estimator has, if it is an option."""
        labels = list(self.settings_of)
        fits = (
            label
            for label, settings in self.settings_of.items()
            if all(parameter in own and _same(value, own[parameter]) for parameter, value in settings.items())
        )
        hyperparameters.Choice(name, labels, default=next(fits, labels[0]))

    def settings(self, name, label):
        """Parameters that a value of Keras Tuner's stands for."""
        return dict(self.settings_of[label])

    def discrete(self, n_points):
        """Itself: it has few options already."""
        return self

    def alternatives(self, name):
        """Parameter grids, one of which applies."""
        return [{parameter: [value] for parameter, value in option.items()} for option in self.settings_of.values()]

    def renamed(self, rename):
        """The same with other names of the parameters."""
        return Options(
            {
                label: {rename(parameter): value for parameter, value in settings.items()}
                for label, settings in self.settings_of.items()
            }
        )


class SearchSpace(Mapping):
    """What a search may vary: a mapping of names to `Choice`, `Uniform`, `LogUniform` or `Options`.

    It cannot be changed; `only`, `without` and ``|`` give another one.

    Parameters
    ----------
    dimensions : mapping of str to dimension or list
        A list is a `Choice` of its values.

    Examples
    --------
    >>> from presets.search import Choice, dnn_space
    >>> space = dnn_space().only("learning_rate", "dropout") | {"batch_size": Choice(64, 128)}
    >>> space
    SearchSpace({
        'learning_rate': LogUniform(low=1e-05, high=0.1),
        'dropout': Choice(0.2, 0.5),
        'batch_size': Choice(64, 128),
    })
    """

    def __init__(self, dimensions):
        self._dimensions = {name: _dimension(name, given) for name, given in dict(dimensions).items()}
        parameters = self.parameters
        twice = sorted({parameter for parameter in parameters if parameters.count(parameter) > 1})
        if twice:
            raise ValueError(f"The space sets {', '.join(twice)} in more than one place; leave one of them out.")

    def __getitem__(self, name):
        return self._dimensions[name]

    def __iter__(self):
        return iter(self._dimensions)

    def __len__(self):
        return len(self._dimensions)

    def __repr__(self):
        lines = "".join(f"    {name!r}: {dimension!r},\n" for name, dimension in self.items())
        return f"SearchSpace({{\n{lines}}})"

    def __or__(self, other):
        return SearchSpace({**self, **other})

    @property
    def parameters(self):
        """Names of all parameters that the space sets.

        Returns
        -------
        list of str
        """
        return [parameter for name, dimension in self.items() for parameter in dimension.parameters(name)]

    def only(self, *names):
        """The space of some dimensions.

        Raises
        ------
        ValueError
            If one of the names is not in the space.
        """
        self._check_known(names)
        return SearchSpace({name: self[name] for name in names})

    def without(self, *names):
        """The space of all other dimensions.

        Raises
        ------
        ValueError
            If one of the names is not in the space.
        """
        self._check_known(names)
        return SearchSpace({name: dimension for name, dimension in self.items() if name not in names})

    def prefixed(self, prefix):
        """The space of the same parameters of a step of a pipeline.

        Parameters
        ----------
        prefix : str
            Such as ``"dnnclassifier__"``.
        """
        return self.renamed(lambda parameter: prefix + parameter)

    def renamed(self, rename):
        """The space of the same parameters by other names.

        Parameters
        ----------
        rename : callable
            From a parameter's name to its new name. Names of `Options` stay.
        """
        return SearchSpace(
            {
                name if isinstance(dimension, Options) else rename(name): (
                    dimension.renamed(rename) if isinstance(dimension, Options) else dimension
                )
                for name, dimension in self.items()
            }
        )

    def discrete(self, n_points=3):
        """The space with `n_points` values in the place of every range."""
        return SearchSpace({name: dimension.discrete(n_points) for name, dimension in self.items()})

    def grid(self, n_points=3):
        """Parameter grids for `GridSearchCV`.

        Parameters
        ----------
        n_points : int, default=3
            Values taken from every range.

        Returns
        -------
        list of dict of str to list
            One for each combination of options.
        """
        return self.discrete(n_points).distributions()

    def distributions(self):
        """Parameter distributions for `RandomizedSearchCV`.

        Returns
        -------
        list of dict of str to list or scipy distribution
            One for each combination of options.
        """
        alternatives = [dimension.alternatives(name) for name, dimension in self.items()]
        return [dict(itertools.chain(*(part.items() for part in parts))) for parts in itertools.product(*alternatives)]

    def hyperparameters(self, own=None):
        """Hyperparameters for Keras Tuner.

        Parameters
        ----------
        own : dict of str to object, optional
            Parameters of an estimator, which become the defaults where the space holds them.

        Returns
        -------
        keras_tuner.HyperParameters
        """
        hyperparameters = keras_tuner.HyperParameters()
        for name, dimension in self.items():
            dimension.register(hyperparameters, name, own or {})
        return hyperparameters

    def settings(self, values):
        """Parameters of an estimator that Keras Tuner's values stand for.

        Parameters
        ----------
        values : mapping of str to object
            Of `hyperparameters`; other names in it are left out.

        Returns
        -------
        dict of str to object
        """
        parameters: dict[str, object] = {}
        for name, dimension in self.items():
            parameters |= dimension.settings(name, values[name])
        return parameters

    def _check_known(self, names):
        unknown = [name for name in names if name not in self]
        if unknown:
            raise ValueError(f"{', '.join(unknown)} not in the space, which has {', '.join(self)}.")


def _dimension(name, given):
    if isinstance(given, Choice | Uniform | Options):
        return given
    if isinstance(given, list | tuple | np.ndarray):
        return Choice(*given)
    raise TypeError(
        f"The space's {name!r} must be Choice, Uniform, LogUniform, Options or a list of values, got {given!r}."
    )


def _label(value):
    """A name for a value that is the same in every process: an address in memory is not."""
    text = repr(value)
    return text if " at 0x" not in text else f"{type(value).__name__} {digest(value)[:12]}"


def _same(value, own):
    try:
        return bool(value == own) or (isinstance(value, float) and math.isclose(value, own))
    except (TypeError, ValueError):  # an array, or a number beside something else
        return False
