"""Named presets: the article's defaults with some other values."""

from collections.abc import Mapping
from typing import Any

from sklearn.base import clone

from presets import measured


class PresetNames(list[str]):
    """Names of presets. They are shown with one line about each.

    Parameters
    ----------
    presets : mapping of str to mapping
        Parameter values of each preset, by its name.
    """

    def __init__(self, presets: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(presets)
        self.values = presets

    def __repr__(self):
        return "\n".join(f"{name}: {measured.ABOUT_PRESETS[name]}" for name in self)


def preset_grid(estimator: Any, *names: str, prefix: str = "") -> list[dict[str, list[Any]]]:
    """Make a parameter grid over presets, for scikit-learn's searches.

    Parameters
    ----------
    estimator : estimator
        Its own values are used for parameters that a preset does not set.
    *names : str
        Names of presets; all presets by default.
    prefix : str, default=""
        Prefix of the parameters in a pipeline, such as ``"dnnclassifier__"``.

    Returns
    -------
    list of dict of str to list
        One grid for each preset. You can add more values to each grid.

    Examples
    --------
    >>> from presets import DNNClassifier, preset_grid
    >>> preset_grid(DNNClassifier(), "article", "deep")[1]
    {'dropout': [0.5], 'hidden_layer_sizes': [(256, 256, 256, 256)], 'init': ['scaled']}
    """
    presets = estimator.list_presets().values
    names = names or tuple(presets)
    chosen = [estimator.from_preset(name).get_params(deep=False) for name in names]
    touched = sorted({parameter for name in names for parameter in presets[name]})
    own = clone(estimator).get_params(deep=False)
    return [
        {
            prefix + parameter: [params[parameter] if parameter in presets[name] else own[parameter]]
            for parameter in touched
        }
        for name, params in zip(names, chosen, strict=True)
    ]
