"""Named presets: the article's defaults with a few values changed."""

from sklearn.base import clone

from presets import measured


class PresetMixin:
    """Constructors from named presets; a family names them in `_presets`."""

    @classmethod
    def from_preset(cls, name, **overrides):
        """Construct an estimator with the values of a named preset.

        Parameters
        ----------
        name : str
            One of `list_presets`.
        **overrides
            Parameters of the estimator that replace the preset's.

        Returns
        -------
        estimator

        Raises
        ------
        ValueError
            If there is no preset of that name.
        """
        if name not in cls._presets:
            raise ValueError(f"{name!r} is not a preset of {cls.__name__}; it has {', '.join(cls.list_presets())}.")
        return cls(**{**cls._presets[name], **overrides})

    @classmethod
    def list_presets(cls):
        """Names of the presets, the article's first.

        Returns
        -------
        list of str
            A notebook or a shell shows a line about each.
        """
        return PresetNames(cls._presets)


class PresetNames(list):
    """Names of presets that are shown with a line about each."""

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
    names = names or estimator.list_presets()
    chosen = [estimator.from_preset(name).get_params(deep=False) for name in names]
    touched = sorted({parameter for name in names for parameter in estimator._presets[name]})
    own = clone(estimator).get_params(deep=False)
    return [
        {
            prefix + parameter: [params[parameter] if parameter in estimator._presets[name] else own[parameter]]
            for parameter in touched
        }
        for name, params in zip(names, chosen, strict=True)
    ]
