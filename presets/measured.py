"""Numbers that this package measured itself, each with its evidence.

The article's numbers are in `article.py`. The figures come from `benchmarks/recipes.py`.
"""

from types import MappingProxyType


def batch_size(n_rows):
    """Rows of a minibatch for ``batch_size="auto"``.

    Sonar and glass (155 rows) score .80 with 64 and the recipe of `quick` over 128 epochs. With 256, an epoch has one
    update: sonar scores .78, and .87 with `momentum`. Ten sets of 634 rows and more score .752 with 256 and .738 with
    64, at twice the rate of `quick` and with one split.
    """
    return 64 if n_rows < 1000 else 256


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
# range if the network has none.
SEARCH_RATE_FACTOR = 4.0
SEARCH_WEIGHT_DECAY = 0.02
SEARCH_WEIGHT_DECAY_FACTORS = (1 / 20, 5)
SEARCH_DROPOUT = (0.0, 0.15, 0.3)
SEARCH_LABEL_SMOOTHING = (0.0, 0.1)

# The recipe of RealMLP-TD (Holzmüller et al. 2024) with three changes: mish for classes too, a constant rate for half
# of the epochs instead of waves, and averaged weights. Ten sets, one split, 64 epochs, score and loss: .752 and .474.
# With waves .750 and .477, and without the embedding too .746 and .493. With one cycle .747 and .482. Eight sets, three
# splits: .713, and with mish .718.
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
        "ema_momentum": 0.98,
    }
)
QUICK_DNN = MappingProxyType({**REALMLP, "hidden_layer_sizes": (128, 128, 128), "epochs": 64, "batch_size": "auto"})
# More epochs improve the score more than wider layers. Accuracy, log loss and CPU seconds on phoneme (3,500 rows, one
# split): `quick` .880, .275 and 7; 128 epochs of width 256 .904, .265 and 16; 256 epochs of width 128 .916, .259 and 12
# (without compiling, after `quick` in one process). `momentum` has .849, .324 and 5. HistGradientBoosting with all rows
# has .899 and .243.
TUNED_DNN = MappingProxyType({**REALMLP, "hidden_layer_sizes": (128, 128, 128), "epochs": 256, "batch_size": "auto"})
# Classes: the full rate and label smoothing, as in the paper; the epoch with the best accuracy, the last one if several
# are equal; and a temperature, because smoothed labels make probabilities too low, and many epochs make them too high.
# Accuracy and log loss on adult, phoneme and vehicle (at most 1,500 rows, one split): .850 and .332, .842 and .372,
# .830 and .509. With half the rate .846 and .322, .835 and .382, .802 and .391. The epoch with the best loss is too
# early: .854 and .317, .822 and .386 on the first two. The last weights without smoothing, as before: .836, .837, .811.
FOR_CLASSES = MappingProxyType(
    {"learning_rate": 0.04, "label_smoothing": 0.1, "monitor": "val_accuracy", "calibrate": True}
)
# Values: half the rate. `quick` keeps the last weights: if the rate falls to zero and the validation rows are few,
# the best epoch is no better. R2 is .893 on mpg, .564 on abalone and .723 on california_housing. With the best epoch
# it is .837, .567 and .723. With the full rate it is .880 (mpg) and .717 (california_housing), and without averages
# .887 (mpg) and .719 (california_housing). `tuned` trains four times as long, so it keeps the best epoch, as the
# paper does: .518 on abalone, .857 on mpg and .831 on taxis (2,000 rows), .407 on wine_quality_white and .770 on
# california_housing (3,500 rows). With the last weights it has .494, .820, .831, .432 and .754.
FOR_VALUES = MappingProxyType({"learning_rate": 0.1})
LAST_WEIGHTS = MappingProxyType({"restore_best_weights": False})
DNN_CLASSIFIER_PRESETS = MappingProxyType(
    {"quick": {**QUICK_DNN, **FOR_CLASSES}, "tuned": {**TUNED_DNN, **FOR_CLASSES}}
)
DNN_REGRESSOR_PRESETS = MappingProxyType(
    {"quick": {**QUICK_DNN, **FOR_VALUES, **LAST_WEIGHTS}, "tuned": {**TUNED_DNN, **FOR_VALUES}}
)

# Sequences: only convolutions, on all rows, with a rate that rises once and falls to zero. `quick` scores .88 on ECG200
# and .987 on GunPoint in 14 and 7 CPU seconds (one seed). LSTM-FCN takes minutes. `tuned` is not measured.
CONVOLUTIONS_ALONE = MappingProxyType(
    {
        "units": (),
        "dropout": 0.0,
        "optimizer": "adam",
        "learning_rate": 0.003,
        "lr_schedule": "one_cycle",
        "clipnorm": None,
        "batch_size": 16,
        "validation_fraction": 0.0,
        "restore_best_weights": False,
    }
)
LSTM_PRESETS = MappingProxyType(
    {
        "quick": {
            **CONVOLUTIONS_ALONE,
            "convolutions": (32, 32, 32),
            "convolution_block": "lite",
            "epochs": 150,
        },
        "tuned": {
            **CONVOLUTIONS_ALONE,
            "convolutions": (32, 32, 32),
            "convolution_block": "inception",
            "epochs": 100,
        },
    }
)

# Images: residual blocks on all rows, with a rate that rises once and falls to zero. `quick` scores .933 on
# fashion_mnist in 455 CPU seconds (one seed). `article` scores .910 in about the same time. Images are not mirrored,
# because mirrored digits, letters and signs have another meaning. 20,000 images of fashion_mnist, 6 epochs: .910
# without augmentation, .900 with shifts, .892 with a covered patch too, .895 with the patch, batches of 64 and half the
# rate. 20 epochs of all 60,000 images were run only with shifts.
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
TUNED_CNN = MappingProxyType({**RESIDUAL_CNN, "filters": (32, 64, 128)})
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
        "tuned": "the best single network, at several times that cost",
    }
)
