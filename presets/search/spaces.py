"""The article's search spaces, one for each family."""

from collections.abc import Mapping, Sequence
from typing import Any

from presets import article, measured
from presets.builders.cnn import CONVOLUTIONS
from presets.estimators import NetworkEstimator
from presets.estimators.cnn import CNN
from presets.estimators.dnn import DNN
from presets.estimators.lstm import LSTM
from presets.evaluation.networks import networks
from presets.search.dimensions import Choice, Dimension, LogUniform, Options, SearchSpace
from presets.training.schedules import CURVES
from presets.typing import Estimator


def dnn_space() -> SearchSpace:
    """Search space of dense networks.

    Returns
    -------
    SearchSpace
        Widths and depth (S2), and the parameters in `common_space`.

    Examples
    --------
    >>> from presets.search import dnn_space
    >>> "hidden_layer_sizes" in dnn_space()
    True
    >>> dnn_space().only("dropout")
    SearchSpace({
        'dropout': Choice(0.2, 0.5),
    })
    """
    sizes = [(width,) * depth for depth in article.SEARCH_DEPTHS for width in article.SEARCH_WIDTHS]
    return SearchSpace({"hidden_layer_sizes": Choice(*sizes)}) | common_space()


def lstm_space() -> SearchSpace:
    """Search space of recurrent networks.

    Returns
    -------
    SearchSpace
        Units (S2), forget bias (A9), pooling and direction, and the parameters in `common_space`.

    Examples
    --------
    >>> from presets.search import lstm_space
    >>> "units" in lstm_space()
    True
    >>> lstm_space().only("dropout")
    SearchSpace({
        'dropout': Choice(0.2, 0.5),
    })
    """
    units = [(width,) * depth for depth in article.SEARCH_LSTM_DEPTHS for width in article.SEARCH_LSTM_WIDTHS]
    return (
        SearchSpace(
            {
                "units": Choice(*units),
                "forget_bias": Choice(*article.SEARCH_FORGET_BIAS),
                "pooling": Choice("last", "mean", "max"),
                "bidirectional": Choice(False, True),
            }
        )
        | common_space()
    )


def cnn_space() -> SearchSpace:
    """Search space of convolutional networks.

    Returns
    -------
    SearchSpace
        Blocks and filters (S2), dense units, augmentation (A10), and the parameters in `common_space`.

    Examples
    --------
    >>> from presets.search import cnn_space
    >>> "filters" in cnn_space()
    True
    >>> cnn_space().only("dropout")
    SearchSpace({
        'dropout': Choice(0.2, 0.5),
    })
    """
    filters = [
        tuple(width * 2**block for block in range(n_blocks))
        for n_blocks in article.SEARCH_CNN_BLOCKS
        for width in article.SEARCH_CNN_WIDTHS
    ]
    return (
        SearchSpace(
            {
                "filters": Choice(*filters),
                "dense_units": Choice(*article.SEARCH_CNN_DENSE_UNITS),
                "augmentation": Choice(None, "article", "strong"),
            }
        )
        | common_space()
    )


def common_space() -> SearchSpace:
    """Search space of the parameters that dense, recurrent and convolutional networks share.

    Returns
    -------
    SearchSpace
        Initialisation (A7.1-2), dropout (S3), l1 and l2 (A11), and `training_space`.
    """
    return training_space() | {
        "init": Options(_initialisations()),
        "dropout": Choice(*article.SEARCH_DROPOUT),
        "l1": LogUniform(*article.SEARCH_PENALTY),
        "l2": LogUniform(*article.SEARCH_PENALTY),
    }


def training_space() -> SearchSpace:
    """Search space of the training, for any network, your own included.

    Returns
    -------
    SearchSpace
        Learning rate (A5.2) and its decay (A5.3), optimizer (S1), batch size (A3, S2) and clipping (A8).

    Examples
    --------
    >>> from presets.search import training_space
    >>> training_space().only("batch_size", "clipnorm")
    SearchSpace({
        'batch_size': Choice(32, 64, 128, 256),
        'clipnorm': Choice(5.0, 15.0),
    })
    """
    return SearchSpace(
        {
            "learning_rate": LogUniform(*article.SEARCH_LEARNING_RATE),
            "optimizer": Options(_optimizers()),
            "lr_factor": Choice(*article.SEARCH_LR_FACTOR),
            "batch_size": Choice(*article.SEARCH_BATCH_SIZE),
            "clipnorm": Choice(*article.SEARCH_CLIPNORM),
        }
    )


def _optimizers():
    plain = {"momentum": 0.0, "nesterov": False}
    return {
        "sgd": {"optimizer": "sgd", **plain},
        "nesterov": {"optimizer": "sgd", **article.NESTEROV_MOMENTUM},
        **{name: {"optimizer": name, **plain} for name in article.SEARCH_ADAPTIVE},
    }


def _initialisations():
    return {
        "auto": {"init": "auto", "init_scale": article.INIT_SCALE},
        "normal": {"init": "normal", "init_scale": article.INIT_SCALE},
        **{f"scaled {scale:g}": {"init": "scaled", "init_scale": scale} for scale in article.SEARCH_INIT_SCALE},
    }


def scheduled_space(network: Any) -> SearchSpace:
    """Search space around a network whose learning rate follows a schedule.

    Parameters
    ----------
    network : estimator
        For example one from the preset "tuned".

    Returns
    -------
    SearchSpace
        Learning rates from a quarter to four times the network's own, the schedule, weight decays from a twentieth to
        five times its own, batch size (A3, S2) and dropout. For classifiers also label smoothing; for dense networks
        widths and depth (S2) and the numeric embedding; for convolutional networks filters and augmentation, and with
        residual or separable blocks also the kind of block and squeeze-and-excitation. The optimizer and the
        parametrization do not vary, since other ones want other rates. Images are mirrored, or averaged with their
        mirror images, only if the network itself does that.
    """

    def own_or(name: str, *values: Any) -> Choice:
        return Choice(*dict.fromkeys((getattr(network, name), *values)))

    rate, decay = network.learning_rate, network.weight_decay or measured.SEARCH_WEIGHT_DECAY
    space: dict[str, Dimension] = {
        "learning_rate": LogUniform(rate / measured.SEARCH_RATE_FACTOR, rate * measured.SEARCH_RATE_FACTOR),
        "lr_schedule": own_or("lr_schedule", *CURVES),
        "batch_size": own_or("batch_size", *article.SEARCH_BATCH_SIZE),
        "weight_decay": LogUniform(*(factor * decay for factor in measured.SEARCH_WEIGHT_DECAY_FACTORS)),
    }
    if hasattr(network, "dropout"):
        space["dropout"] = own_or("dropout", *measured.SEARCH_DROPOUT)
    if getattr(network, "label_smoothing", None) is not None and network.loss == "auto":
        space["label_smoothing"] = own_or("label_smoothing", *measured.SEARCH_LABEL_SMOOTHING)
    if isinstance(network, DNN):
        space |= {name: dimension for name, dimension in dnn_space().items() if name == "hidden_layer_sizes"}
        space["numeric_embedding"] = own_or("numeric_embedding", None, "pbld", "periodic", "piecewise")
    if isinstance(network, CNN):
        own = [network.augmentation] if isinstance(network.augmentation, str) else []  # or layers
        augmentations = dict.fromkeys((None, "shift", "cutout", *own))
        space |= {"filters": cnn_space()["filters"], "augmentation": Choice(*augmentations)}
        if network.block in CONVOLUTIONS and network.backbone is None:
            space["block"] = own_or("block", *CONVOLUTIONS)
            space["se_ratio"] = own_or("se_ratio", None, measured.SEARCH_SE_RATIO)
    return SearchSpace(space)


SPACES = {DNN: dnn_space, LSTM: lstm_space, CNN: cnn_space, NetworkEstimator: training_space}


def space_for(estimator: Estimator) -> SearchSpace:
    """Choose the search space for a network, also inside a pipeline or another meta-estimator.

    This is the article's space, or `scheduled_space` if the learning rate follows a schedule.

    Parameters
    ----------
    estimator : estimator
        A network of this package, or a meta-estimator that contains one.

    Returns
    -------
    SearchSpace
        With the names that `estimator.set_params` takes.

    Raises
    ------
    ValueError
        If the estimator contains no network, or more than one.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PowerTransformer
    >>> from presets import DNNClassifier
    >>> from presets.search import space_for
    >>> "dnnclassifier__learning_rate" in space_for(make_pipeline(PowerTransformer(), DNNClassifier()))
    True
    """
    found = networks(estimator)
    if len(found) != 1:
        raise ValueError(
            f"space=None needs an estimator with exactly one network of this package, but it has {len(found)}; set "
            "space."
        )
    (prefix, network), *_ = found.items()
    if network.lr_schedule == "plateau":
        space = next(space() for family, space in SPACES.items() if isinstance(network, family))
    else:
        space = scheduled_space(network)
    if network.global_clipnorm is not None and "clipnorm" in space:
        space = space.without("clipnorm")  # the two exclude each other
    return space.prefixed(prefix)


def resolve(estimator: Estimator, space: Mapping[str, Dimension | Sequence[Any]] | None) -> SearchSpace:
    """Give the parameters of a space the names that the estimator takes: those of a network get the prefix of its step.

    Parameters
    ----------
    estimator : estimator
    space : SearchSpace, mapping or None
        None is the article's space.

    Returns
    -------
    SearchSpace

    Raises
    ------
    ValueError
        If the space is empty, or the estimator does not have one of its parameters.
    """
    if space is None:
        return space_for(estimator)
    space = SearchSpace(space)
    if not space:
        raise ValueError("space is empty; it needs at least one parameter.")
    known = estimator.get_params(deep=True)
    prefixes = list(networks(estimator))

    def full_name(parameter):
        names = [parameter] if parameter in known else [p + parameter for p in prefixes if p + parameter in known]
        if len(names) != 1:
            why = "several networks have it, so it needs its full name" if names else "no parameter has that name"
            raise ValueError(f"space sets {parameter!r}, which the estimator does not take: {why}.")
        return names[0]

    return space.renamed(full_name)
