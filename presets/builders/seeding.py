"""Seeds for the parts of a layer that is copied: Keras takes one from Python's own generator where there is none."""


def seeded(config, seeds):
    """Give a seed to every part of a configuration that has none, also to initializers and to layers inside.

    Parameters
    ----------
    config : dict, list or value
        Of a Keras object.
    seeds : iterator of int

    Returns
    -------
    dict, list or value
        A copy.
    """
    if isinstance(config, dict):
        return {
            name: next(seeds) if name == "seed" and part is None else seeded(part, seeds)
            for name, part in config.items()
        }
    return type(config)(seeded(part, seeds) for part in config) if type(config) in (list, tuple) else config
