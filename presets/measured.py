"""Numbers that this package measured itself, each with its evidence.

The article's numbers are in `article.py`. The figures come from `benchmarks/recipes.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType


def batch_size(n_rows):
    """Rows of a minibatch for ``batch_size="auto"``.

    Sonar and glass (155 rows) score .80 with 64 and the recipe of `realmlp` over 128 epochs. With 256, an epoch has one
    update: sonar scores .78, and .87 with `momentum`. Ten sets of 634 rows and more score .752 with 256 and .738 with
    64, at twice the rate of `realmlp` and with one split.
    """
    return 64 if n_rows < 1000 else 256


# The early end of ``epochs="auto"``: the least learning rate, as a share of that of the best epoch. Evidence: 188 fits
# of 27 tables with at most 2,000 rows, by `article`, `momentum`, `adaptive` and `deep`, and 8 of images and sequences.
# Four of them found a better epoch at a 32nd of this rate, and none at less. A limit of a hundredth saves 8 % of the
# CPU seconds, at most 29 % of a fit. A 64th would save 13 %, without a margin. 21 more fits, with another `monitor`,
# ``lr_factor=0.2`` or no validation found no better epoch at less than an eighth.
MIN_LR_OF_BEST = 0.01

# Drift at prediction. The unit of distance is the width of the training range. Evidence: 36 sets of `shared/data`, ten
# random splits each. With 75% of the rows in training, no new value is more than 6 widths outside. With 1,000 rows the
# distance is 32 (spambase), and with 100 rows 250. So the number of training rows n matters too: a share of 2 / (n + 1)
# of new rows of the same kind is expected outside. No batch of ten rows had all rows more than one width outside. With
# these limits no batch of unseen rows gave a warning, with 30, 100 or 1,000 training rows. Of 72,000 single rows, none
# gave a warning with 1,000 training rows, and one with 100. A column multiplied by 1,000 was found in 461 of 461
# columns, and in 460 with 1,000 training rows.
DRIFT_FAR = 50.0
DRIFT_SHARE = 10.0  # divided by the number of training rows
DRIFT_ROWS = 10

# Search around a network with a schedule. The best rates of the families' presets, and of classes and values, differ by
# a factor of two to four. The other ranges come from Holzmüller et al. 2024. Their weight decay is the centre of its
# range if the network has none. The ratio of squeeze-and-excitation is that of MobileNetV3 and EfficientNet.
SEARCH_RATE_FACTOR = 4.0
SEARCH_WEIGHT_DECAY = 0.02
SEARCH_WEIGHT_DECAY_FACTORS = (1 / 20, 5)
SEARCH_DROPOUT = (0.0, 0.15, 0.3)
SEARCH_LABEL_SMOOTHING = (0.0, 0.1)
SEARCH_SE_RATIO = 0.25

# Tables. `quick` and `tuned` are the article's network with three more rules: embedded numbers, averaged weights, and a
# rate that is constant for half of the epochs and then falls. They were chosen on 12 sets with at most 2,000 rows (two
# splits) and 6 sets with 5,000 rows (one split); `benchmarks/README.md` has each set. Means of score and loss:
# - Classes, 15 fits: `momentum` .752 and .622, `realmlp` .767 and .625, `tuned` .773 and .583. Without smoothed labels
#   .773 and .566, but .857 on phoneme with 5,000 rows (`tuned` .905). With twice the rate and smoothing .776 and .598.
# - Values, 12 fits: `momentum` .763 and .469, `realmlp` .745 and .495, `tuned` .765 and .468. The plateau rule has .768
#   and .465, but .346 on wine_quality_white (`tuned` .379). Adam is worse on abalone (.562 instead of .574) and taxis
#   (.868 instead of .885). A dropout of .2 at half the rate has .765 and .470. Layers of 256 have .763 and .472.
# - 8,000 updates, as in `article`, cost four times as much. Five fits of classes lose 5 %, three of values nothing.
EMBEDDED = MappingProxyType(
    {"numeric_embedding": "pbld", "ema_momentum": 0.98, "lr_schedule": "flat_cosine", "batch_size": 256}
)
FOR_CLASSES = MappingProxyType(
    {"optimizer": "adam", "learning_rate": 0.005, "init": "scaled", "label_smoothing": 0.05, "calibrate": True}
)
FOR_VALUES = MappingProxyType({"momentum": 0.9, "nesterov": True, "learning_rate": 0.04, "dropout": 0.1})
# Classes, 15 fits: 64 epochs have .771 and .573 in 1.9 CPU seconds, but .865 on phoneme (256 epochs: .905). With 64
# epochs regressors have too few updates on small tables (R2 on auto_imports .570). With 128 epochs, five fits of small
# tables have .872 and .363, `tuned` .877 and .353, and `momentum` .871 and .362.
QUICK_FOR_CLASSES = MappingProxyType({"epochs": 64})
QUICK_FOR_VALUES = MappingProxyType({"epochs": 128, "batch_size": "auto"})
TUNED = MappingProxyType({"epochs": 256})

# The recipe of RealMLP-TD (Holzmüller et al. 2024) with four changes: mish for classes too, a constant rate for half of
# the epochs instead of waves, averaged weights, and half the width. Ten sets, one split, 64 epochs, score and loss:
# .752 and .474. With waves .750 and .477, and without the embedding too .746 and .493. With one cycle .747 and .482.
# Eight sets, three splits: .713, and with mish .718. With 5,000 rows it is better than `tuned` on four of four sets.
# With fewer than 1,000 rows its loss is larger than that of `momentum` on five of seven sets.
REALMLP = MappingProxyType(
    {
        "hidden_layer_sizes": (128, 128, 128),
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
        "ema_momentum": 0.98,
        "epochs": 256,
        "batch_size": "auto",
    }
)
# Classes: the epoch with the best accuracy, the last one if several are equal, and a temperature. Accuracy and log loss
# on adult, phoneme and vehicle (at most 1,500 rows, one split): .850 and .332, .842 and .372, .830 and .509. With half
# the rate .846 and .322, .835 and .382, .802 and .391.
REALMLP_FOR_CLASSES = MappingProxyType(
    {"learning_rate": 0.04, "label_smoothing": 0.1, "monitor": "val_accuracy", "calibrate": True}
)
# Values: half the rate. With the full rate R2 is .880 on mpg and .717 on california_housing, with half .893 and .723.
REALMLP_FOR_VALUES = MappingProxyType({"learning_rate": 0.1})

DNN_CLASSIFIER_PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "quick": {**EMBEDDED, **FOR_CLASSES, **QUICK_FOR_CLASSES},
        "tuned": {**EMBEDDED, **FOR_CLASSES, **TUNED},
        "realmlp": {**REALMLP, **REALMLP_FOR_CLASSES},
    }
)
DNN_REGRESSOR_PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "quick": {**EMBEDDED, **FOR_VALUES, **QUICK_FOR_VALUES},
        "tuned": {**EMBEDDED, **FOR_VALUES, **TUNED},
        "realmlp": {**REALMLP, **REALMLP_FOR_VALUES},
    }
)

# Sequences: only convolutions, on all rows, with a rate that rises once and falls to zero. Six UCR sets, one seed:
# `quick` scores .908 in 46 CPU seconds, and `tuned` .916 in 106. Smoothed labels raised the accuracy of an FCN on three
# of four sets, and lowered it on none. On the smallest set (36 series), 4,000 updates at a rate of .001 have .84, and
# 150 epochs at .003 have .78. On the other three sets, 150 epochs score .005 to .017 more. Twice the filters cost twice
# as much, and score no more.
CONVOLUTIONS_ALONE = MappingProxyType(
    {
        "units": (),
        "dropout": 0.0,
        "optimizer": "adam",
        "lr_schedule": "one_cycle",
        "clipnorm": None,
        "batch_size": 16,
        "validation_fraction": 0.0,
        "restore_best_weights": False,
    }
)
QUICK_LSTM = MappingProxyType(
    {**CONVOLUTIONS_ALONE, "convolutions": (64, 128, 64), "convolution_block": "plain", "learning_rate": 0.001}
)
TUNED_LSTM = MappingProxyType(
    {
        **CONVOLUTIONS_ALONE,
        "convolutions": (32,) * 6,
        "convolution_block": "inception",
        "learning_rate": 0.003,
        "epochs": 100,
    }
)
LSTM_CLASSIFIER_PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"quick": {**QUICK_LSTM, "label_smoothing": 0.1}, "tuned": {**TUNED_LSTM, "label_smoothing": 0.1}}
)
LSTM_REGRESSOR_PRESETS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {"quick": QUICK_LSTM, "tuned": TUNED_LSTM}
)

# Images: residual blocks on all rows, with a rate that rises once and falls to zero. Accuracy on fashion_mnist (one
# seed): `quick` .933 in 455 CPU seconds, `tuned` .940 in 1,435, `article` .910 in about 600. Images are not mirrored,
# because mirrored digits, letters and signs have another meaning. 20,000 images of fashion_mnist, 6 epochs: .910
# without augmentation, .900 with shifts, .892 with a covered patch too, .895 with the patch, batches of 64 and half the
# rate. 20 epochs of all 60,000 images were run only with shifts. Squeeze-and-excitation in `quick` gains .005 on the
# digits and .004 on 10,000 images of fashion_mnist, for an eighth more time. So `tuned` has it.
CNN_MOMENTUM = 0.9  # for the statistics of batch normalisation, as `FCN_MOMENTUM`
SHIFT = 1 / 14  # share of the sides: two pixels of 28
CUTOUT = 1 / 4  # share of the sides: seven pixels of 28
RESIDUAL_CNN = MappingProxyType(
    {
        "block": "residual",
        "dense_units": None,
        "dropout": 0.0,
        "init": "he_normal",
        "augmentation": "shift",
        "momentum": 0.9,
        "nesterov": True,
        "learning_rate": 0.1,
        "lr_schedule": "one_cycle",
        "weight_decay": 5e-4,
        "validation_fraction": 0.0,
        "restore_best_weights": False,
    }
)
QUICK_CNN = MappingProxyType({**RESIDUAL_CNN, "filters": (16, 32, 64)})
TUNED_CNN = MappingProxyType({**RESIDUAL_CNN, "filters": (32, 64, 128), "se_ratio": 0.25})
SMOOTHED = MappingProxyType({"label_smoothing": 0.1, "clipnorm": None})
CNN_CLASSIFIER_PRESETS = MappingProxyType({"quick": {**QUICK_CNN, **SMOOTHED}, "tuned": {**TUNED_CNN, **SMOOTHED}})
# The gradient of a squared error has no bound, so regressors clip it. R2 of `quick` for two values of the digits is
# .888 and .939 after 15 epochs, and .962 and .962 after 40. `article` has .942 and .816. With a norm of 5, R2 of
# `quick` is .865 and .942, and .936 and .964. Without clipping the loss becomes infinite. With a tenth of the rate R2
# is .108 and .491.
CLIPPED = MappingProxyType({"clipnorm": 1.0})
CNN_REGRESSOR_PRESETS = MappingProxyType({"quick": {**QUICK_CNN, **CLIPPED}, "tuned": {**TUNED_CNN, **CLIPPED}})

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
        "tuned": "the best single network, larger than `quick` or trained for longer",
        "realmlp": "RealMLP's recipe, made cheaper; for tables of several thousand rows",
    }
)
