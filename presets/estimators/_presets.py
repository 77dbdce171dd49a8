"""Named presets: the article's defaults with a few values changed."""

from sklearn.base import clone

from presets import measured


class PresetNames(list):
    """Names of presets that are shown with a line about each.

    Parameters
    ----------
    presets : mapping of str to mapping
        Their values by their names.
    """

    def __init__(self, presets):
        super().__init__(presets)
        self.values = presets

    def __repr__(self):
        return "\n".join(f"{name}: {measured.ABOUT_PRESETS[name]}" for name in self)


def preset_grid(estimator, *names, prefix=""):
    """Give a parameter grid over presets, for scikit-learn's searches.

    Parameters
    ----------
    estimator : estimator
        Its own values stand where a preset says nothing.
    *names : str
        Presets; all of them by default.
    prefix : str, default=""
        What goes before the parameters' names in a pipeline, such as ``"dnnclassifier__"``.

    Returns
    -------
    list of dict
        One grid a preset; more values can be added to each.

    Examples
    --------
    >>> from presets import DNNClassifier, preset_grid
    >>> preset_grid(DNNClassifier(), "article", "deep")[1]
    {'dropout': [0.5], 'hidden_layer_sizes': [(256, 256, 256, 256)], 'init': ['scaled']}
    """
    presets = estimator.list_presets().values
    names = names or list(presets)
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
