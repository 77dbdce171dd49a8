"""Numbers that this package measured itself, each with its evidence.

The article's numbers stand in `article.py`. Figures are of `benchmarks/recipes.py`.
"""

from types import MappingProxyType

# Search around a network whose rate follows a schedule. Rates that are right differ by a factor of two to four between
# the families' presets and between classes and values; the other ranges are those of Holzmüller et al. 2024.
SEARCH_RATE_FACTOR = 4.0
SEARCH_WEIGHT_DECAY = (1e-3, 1e-1)
SEARCH_DROPOUT = (0.0, 0.15, 0.3)

# The recipe of RealMLP-TD (Holzmüller et al. 2024)
REALMLP = MappingProxyType(
    {
        "parametrization": "ntk",
        "numeric_embedding": "pbld",
        "standardize": "robust",
        "optimizer": "adam",
        "beta_2": 0.95,
        "clipnorm": None,
        "weight_decay": 0.02,
        "dropout": 0.15,
        "activation": "mish",
        "lr_schedule": "flat_cosine",
    }
)
QUICK_DNN = MappingProxyType({**REALMLP, "hidden_layer_sizes": (128, 128, 128), "epochs": 64, "batch_size": 256})
TUNED_DNN = MappingProxyType({**REALMLP, "hidden_layer_sizes": (256, 256, 256), "epochs": 256, "batch_size": 256})
FOR_CLASSES = MappingProxyType({"learning_rate": 0.02})
FOR_VALUES = MappingProxyType({"learning_rate": 0.1})
DNN_CLASSIFIER_PRESETS = MappingProxyType(
    {"quick": {**QUICK_DNN, **FOR_CLASSES}, "tuned": {**TUNED_DNN, **FOR_CLASSES}}
)
DNN_REGRESSOR_PRESETS = MappingProxyType({"quick": {**QUICK_DNN, **FOR_VALUES}, "tuned": {**TUNED_DNN, **FOR_VALUES}})

ABOUT_PRESETS = MappingProxyType(
    {
        "article": "the article's checklist, the default",
        "deep": "the article's dense network for complex data: four layers of 256, dropout of a half",
        "adaptive": "the article's network with RMSprop",
        "momentum": "the article's network with Nesterov's momentum",
        "fcn": "convolutions beside the LSTM (LSTM-FCN)",
        "plain": "no augmentation of the images",
        "strong": "brightness, contrast and erased patches besides the article's augmentation",
        "quick": "the best score at about the cost of the article's; for searches and small budgets",
        "tuned": "the best single network, at several times that cost",
    }
)
