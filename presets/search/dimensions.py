"""Search spaces: names of parameters, with the values that each may take."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras_tuner
import numpy as np
from scipy import stats

from presets.search.digest import digest


@dataclass(frozen=True, init=False, repr=False)
class Choice:
    """One value of a list.

    Parameters
    ----------
    *values
        At least one, of any type, tuples and None included.

    Examples
    --------
    >>> from presets.search import Choice
    >>> Choice(32, 64, 128)
    Choice(32, 64, 128)
    """

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        if not values:
            raise ValueError("Choice needs at least one value.")
        plain = tuple(value.item() if isinstance(value, np.generic) else value for value in values)
        object.__setattr__(self, "values", plain)

    def __repr__(self):
        return f"Choice({', '.join(map(repr, self.values))})"

    def parameters(self, name: str) -> list[str]:
        """Names of the parameters that this dimension sets."""
        return [name]

    def register(self, hyperparameters: Any, name: str, own: Mapping[str, Any]) -> None:
        """Add this dimension to Keras Tuner's hyperparameters.

        The default is the estimator's own value if it is in the list, else the first one.
        """
        labels = list(self._labels())
        default = next((label for label, value in labels if name in own and _same(value, own[name])), labels[0][0])
        hyperparameters.Choice(name, [label for label, _ in labels], default=default)

    def settings(self, name: str, label: Any) -> dict[str, Any]:
        """Convert a value of Keras Tuner to parameters of the estimator."""
        return {name: dict(self._labels())[label]}

    def discrete(self, n_points: int) -> "Choice":
        """Return this dimension, because its values are a list already."""
        return self

    def alternatives(self, name: str) -> list[dict[str, Any]]:
        """Parameter grids, one for each option."""
        return [{name: list(self.values)}]

    def _labels(self):
        """Pairs of label and value. Keras Tuner gets the labels, because it takes values of one plain type only."""
        kinds = {type(value) for value in self.values}
        is_plain = len(kinds) == 1 and kinds <= {int, float, str}
        return ((value if is_plain else _label(value), value) for value in self.values)


@dataclass(frozen=True)
class Uniform:
    """A range of numbers, all equally likely.

    Parameters
    ----------
    low, high : float
        Least and greatest number.

    Examples
    --------
    >>> from presets.search import Uniform
    >>> Uniform(0.0, 0.5)
    Uniform(low=0.0, high=0.5)
    """

    low: float
    high: float

    _sampling = "linear"

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"{type(self).__name__} needs low < high, got {self.low} and {self.high}.")

    def parameters(self, name: str) -> list[str]:
        """Names of the parameters that this dimension sets."""
        return [name]

    def register(self, hyperparameters: Any, name: str, own: Mapping[str, Any]) -> None:
        """Add this dimension to Keras Tuner's hyperparameters.

        The default is the number in the range that is nearest to the estimator's own value.
        """
        value = own.get(name)
        value = value if isinstance(value, int | float) else self.low
        default = float(min(max(value, self.low), self.high))
        hyperparameters.Float(name, self.low, self.high, sampling=self._sampling, default=default)

    def settings(self, name: str, value: float) -> dict[str, Any]:
        """Convert a value of Keras Tuner to parameters of the estimator."""
        return {name: float(value)}

    def discrete(self, n_points: int) -> Choice:
        """A `Choice` of evenly spaced numbers."""
        return Choice(*np.linspace(self.low, self.high, n_points))

    def alternatives(self, name: str) -> list[dict[str, Any]]:
        """Parameter distributions, one for each option."""
        return [{name: stats.uniform(self.low, self.high - self.low)}]


@dataclass(frozen=True)
class LogUniform(Uniform):
    """A range of numbers whose logarithms are equally likely.

    Parameters
    ----------
    low, high : float
        Least and greatest number; both above 0.

    Examples
    --------
    >>> from presets.search import LogUniform
    >>> LogUniform(1e-4, 0.1).discrete(4)
    Choice(0.0001, 0.001, 0.01, 0.1)
    """

    _sampling = "log"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low <= 0:
            raise ValueError(f"LogUniform needs low > 0, got {self.low}.")

    def discrete(self, n_points: int) -> Choice:
        """A `Choice` of numbers with equal ratios."""
        return Choice(*(float(f"{value:.3g}") for value in np.geomspace(self.low, self.high, n_points)))

    def alternatives(self, name: str) -> list[dict[str, Any]]:
        """Parameter distributions, one for each option."""
        return [{name: stats.loguniform(self.low, self.high)}]


@dataclass(frozen=True)
class Options:
    """Several parameters that change together.

    Parameters
    ----------
    settings_of : dict of str to dict
        The parameters of each option, by the name of the option. All options set the same parameters.

    Examples
    --------
    >>> from presets.search import Options
    >>> Options({"small": {"hidden_layer_sizes": (64,), "dropout": 0.2},
    ...          "large": {"hidden_layer_sizes": (512, 512), "dropout": 0.5}})  # doctest: +ELLIPSIS
    Options(...)
    """

    settings_of: Mapping[str, Mapping[str, Any]]

    def __post_init__(self) -> None:
        sets = [set(settings) for settings in self.settings_of.values()]
        if not sets or any(parameters != sets[0] or not parameters for parameters in sets):
            raise ValueError(f"Options needs options that all set the same parameters, got {self.settings_of}.")

    def parameters(self, name: str) -> list[str]:
        """Names of the parameters that this dimension sets."""
        return list(next(iter(self.settings_of.values())))

    def register(self, hyperparameters: Any, name: str, own: Mapping[str, Any]) -> None:
        """Add this dimension to Keras Tuner's hyperparameters.

        The default is the option that the estimator's own values match, else the first one.
        """
        labels = list(self.settings_of)
        fits = (
            label
            for label, settings in self.settings_of.items()
            if all(parameter in own and _same(value, own[parameter]) for parameter, value in settings.items())
        )
        hyperparameters.Choice(name, labels, default=next(fits, labels[0]))

    def settings(self, name: str, label: str) -> dict[str, Any]:
        """Convert a value of Keras Tuner to parameters of the estimator."""
        return dict(self.settings_of[label])

    def discrete(self, n_points: int) -> "Options":
        """Return this dimension, because its options are a list already."""
        return self

    def alternatives(self, name: str) -> list[dict[str, Any]]:
        """Parameter grids, one for each option."""
        return [{parameter: [value] for parameter, value in option.items()} for option in self.settings_of.values()]

    def renamed(self, rename: Callable[[str], str]) -> "Options":
        """The same options with other names of the parameters."""
        return Options(
            {
                label: {rename(parameter): value for parameter, value in settings.items()}
                for label, settings in self.settings_of.items()
            }
        )


Dimension: TypeAlias = Choice | Uniform | Options


class SearchSpace(Mapping[str, Dimension]):
    """The parameters that a search varies: a mapping of names to `Choice`, `Uniform`, `LogUniform` or `Options`.

    A space cannot be changed. `only`, `without` and ``|`` return a new one.

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

    def __init__(self, dimensions: Mapping[str, Dimension | Sequence[Any]]) -> None:
        self._dimensions = {name: _dimension(name, given) for name, given in dict(dimensions).items()}
        parameters = self.parameters
        twice = sorted({parameter for parameter in parameters if parameters.count(parameter) > 1})
        if twice:
            raise ValueError(f"The space sets {', '.join(twice)} more than once; remove all but one.")

    def __getitem__(self, name: str) -> Dimension:
        return self._dimensions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._dimensions)

    def __len__(self) -> int:
        return len(self._dimensions)

    def __repr__(self):
        lines = "".join(f"    {name!r}: {dimension!r},\n" for name, dimension in self.items())
        return f"SearchSpace({{\n{lines}}})"

    def __or__(self, other: Mapping[str, Dimension | Sequence[Any]]) -> "SearchSpace":
        return SearchSpace({**self, **other})

    @property
    def parameters(self) -> list[str]:
        """Names of all parameters that the space sets.

        Returns
        -------
        list of str
        """
        return [parameter for name, dimension in self.items() for parameter in dimension.parameters(name)]

    def only(self, *names: str) -> "SearchSpace":
        """The space with these dimensions only.

        Raises
        ------
        ValueError
            If one of the names is not in the space.
        """
        self._check_known(names)
        return SearchSpace({name: self[name] for name in names})

    def without(self, *names: str) -> "SearchSpace":
        """The space without these dimensions.

        Raises
        ------
        ValueError
            If one of the names is not in the space.
        """
        self._check_known(names)
        return SearchSpace({name: dimension for name, dimension in self.items() if name not in names})

    def prefixed(self, prefix: str) -> "SearchSpace":
        """The same space for a step of a pipeline.

        Parameters
        ----------
        prefix : str
            Text before each name, such as ``"dnnclassifier__"``.
        """
        return self.renamed(lambda parameter: prefix + parameter)

    def renamed(self, rename: Callable[[str], str]) -> "SearchSpace":
        """The same space with other names of the parameters.

        Parameters
        ----------
        rename : callable
            Takes the name of a parameter and returns its new name. Names of `Options` stay.
        """
        return SearchSpace(
            {
                name if isinstance(dimension, Options) else rename(name): (
                    dimension.renamed(rename) if isinstance(dimension, Options) else dimension
                )
                for name, dimension in self.items()
            }
        )

    def discrete(self, n_points: int = 3) -> "SearchSpace":
        """The space with a list of `n_points` values in place of each range."""
        return SearchSpace({name: dimension.discrete(n_points) for name, dimension in self.items()})

    def grid(self, n_points: int = 3) -> list[dict[str, Any]]:
        """Parameter grids for `GridSearchCV`.

        Parameters
        ----------
        n_points : int, default=3
            Number of values for each range.

        Returns
        -------
        list of dict of str to list
            One for each combination of options.
        """
        return self.discrete(n_points).distributions()

    def distributions(self) -> list[dict[str, Any]]:
        """Parameter distributions for `RandomizedSearchCV`.

        Returns
        -------
        list of dict of str to list or scipy distribution
            One for each combination of options.
        """
        alternatives = [dimension.alternatives(name) for name, dimension in self.items()]
        return [dict(itertools.chain(*(part.items() for part in parts))) for parts in itertools.product(*alternatives)]

    def hyperparameters(self, own: Mapping[str, Any] | None = None) -> keras_tuner.HyperParameters:
        """Hyperparameters for Keras Tuner.

        Parameters
        ----------
        own : dict of str to object, optional
            Parameters of an estimator. Those that the space contains become the defaults.

        Returns
        -------
        keras_tuner.HyperParameters
        """
        hyperparameters = keras_tuner.HyperParameters()
        for name, dimension in self.items():
            dimension.register(hyperparameters, name, own or {})
        return hyperparameters

    def settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Convert Keras Tuner's values to parameters of the estimator.

        Parameters
        ----------
        values : mapping of str to object
            Values of `hyperparameters`. Other names are ignored.

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
            raise ValueError(f"The space has no {', '.join(unknown)}; it has {', '.join(self)}.")


def _dimension(name, given):
    if isinstance(given, Choice | Uniform | Options):
        return given
    if isinstance(given, list | tuple | np.ndarray):
        return Choice(*given)
    raise TypeError(f"space[{name!r}] must be Choice, Uniform, LogUniform, Options or a list of values, got {given!r}.")


def _label(value):
    """Name a value. The name is the same in every process, so it contains no address in memory."""
    text = repr(value)
    return text if " at 0x" not in text else f"{type(value).__name__} {digest(value)[:12]}"


def _same(value, own):
    try:
        return bool(value == own) or (isinstance(value, float) and math.isclose(value, own))
    except (TypeError, ValueError):  # arrays, or a number and something else
        return False
