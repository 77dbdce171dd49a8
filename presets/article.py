"""The numbers of the training checklist, each once and with its item.

The article is "DNN(深度神经网络)在训练过程中遇到的一些问题" (新机器视觉, 2023-02-06), a retelling of Ilya
Sutskever's "A Brief Overview of Deep Learning". ``A5.3`` is its item 5, point 3; ``S2`` its supplement 2. Numbers that
the article does not give have their own source beside them. Signatures, documentation and presets use these numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Minibatches (A3, S2) and the rate (A5)
BATCH_SIZE = 128  # A3
LEARNING_RATE = 0.1  # A5.2: suits many networks
LR_FACTOR = 0.5  # A5.3: divide by 2 (or 5) when the validation score stops improving
MIN_LR_FACTOR = 1e-3  # A5.3: "very small", relative to the first rate, so that it suits all rates of a search
MIN_DELTA = 1e-4  # smaller changes are no improvement; as in Keras's ReduceLROnPlateau
OPTIMIZER = "sgd"  # A5
MOMENTUM = 0.0  # A5: plain SGD
NESTEROV = False

# Validation (A6) and standardisation (A2)
VALIDATION_FRACTION = 0.1  # A6
MONITOR = "val_loss"  # A6
STANDARDIZE = True  # A2

# Data (A1). The article gives no numbers; each number of this package has its reason beside it.
FEW_PER_CLASS = 10  # rows: with fewer, a tenth for validation is less than one row
FEW_ROWS = 50  # with fewer, a tenth for validation is less than five rows
ROWS_PER_VALUE = 4  # whole numbers with at least so many rows for each value are classes
IMBALANCE = 10.0  # largest class / smallest; the 27 sets of Ding's (2011) benchmark for imbalance begin at 8.6
CONFLICTS_NOISE = 1e-6  # of the variance of y: the effect of rounding
CONFLICTS = 0.02  # share of labels, or of the variance of y, that no model can predict because rows are equal
CONFLICTS_SERIOUS = 0.25
DUPLICATES = 0.1  # share of the rows
WRONG_LABELS = 0.05  # share; a logistic regression doubts .01 to .04 of iris, wine, digits and breast cancer
LEAK_NOISE = 1e-6  # of a correlation: the rounding of float32
UNSCALED = 30.0  # root mean square of a column; networks need about 1 (A2)

# Health
UPDATE_RATIO = 1e-3  # A5.4: norm(update) / norm(weights); the original's 10^-3, misprinted as 10e-3
UPDATE_RATIO_BAND = (1e-4, 1e-2)  # a factor of ten in both directions
# Measured on digits, iris, wine, breast cancer and diabetes with four presets, and on planted faults. A relative loss
# is divided by the loss of the best constant prediction.
UPDATE_RATIO_UNSTABLE = 0.1  # healthy runs stay under .09, at 100 times the rate updates are .5 to 3 of the weights
LOSS_EXPLODED = 1.5  # relative loss; healthy runs stay under 1.06, at 100 times the rate they reach 3.6 to 30,000
LOSS_NOT_LEARNT = 0.98  # relative loss; shuffled labels give .9999 to 1.01
CLIPPED = 0.5  # share of the steps of all epochs; healthy runs have .01 at most
DEAD_UNITS = 0.5  # share of a layer's units; healthy runs have .12 at most
STILL_FALLING = 0.2  # share of the decrease in the last fifth of the epochs; trained networks have .13 at most
OVERFIT_GAP = 0.5  # relative validation loss over the training loss's, at the end; .43 at most in healthy runs
OVERFIT_RISE = 0.1  # relative validation loss since its best epoch
UNDERFIT = 0.5  # relative training loss at the end, with a gap to validation under OVERFIT_RISE
LARGE_BATCH = 0.1  # of the training rows (A3)

# Initialisation (A7)
INIT = "auto"  # A7.1, and A7.2 "if that does not work"
INIT_STDDEV = 0.02  # A7.1
INIT_SCALE = 1.0  # A7.2: 0.1 or 1
# A7.3-4, for init="auto": measured on digits, iris and diabetes over 2 to 4 layers of 16 to 256. Two layers of 128 give
# .16 and more than 6e-3, and train; (16, 16), three layers of 64 and four of 256 give less than .06, and never leave
# the first plateau.
VANISHING_SIGNAL = 0.1  # output of the last hidden layer, relative to the first's
VANISHING_GRADIENT = (
    UPDATE_RATIO / LEARNING_RATE / 10
)  # of a kernel, relative to it: a tenth of the ratio that A5.4 wants

# Gradients (A8, A9) and regularisation (A11, S3)
CLIPNORM = 5.0  # A8: 15 or 5
LSTM_INIT = "scaled"  # A7.2: with 0.02 JapaneseVowels stays at .968
RECURRENT_INIT = "orthogonal"  # Keras's default (Saxe et al. 2014): powers of such a matrix do not vanish or explode
FORGET_BIAS = 1.0  # A9: larger for long dependencies
DROPOUT = 0.2  # S3: when the model is not very complex
DROPOUT_COMPLEX = 0.5  # S3: the default of the article, for a complex model
L1 = 0.0  # A11
L2 = 0.0  # A11

# Gradient check (A9)
GRADIENT_TOLERANCE = 1e-4  # relative; Stanford's CS231n notes call 1e-4 and less right with kinks, 1e-2 and more wrong

# Averages (A12): "several times"
N_REPEATS = 5
N_MEMBERS = 5  # as in the first measurement of this package

# Networks: widths in powers of two (S2)
HIDDEN_LAYER_SIZES = (128, 128)
ACTIVATION = "relu"
LSTM_UNITS = (64,)
CNN_FILTERS = (32, 64, 128)
CNN_KERNEL_SIZE = 3
CNN_DENSE_UNITS = 128
FCN_CONVOLUTIONS = (128, 256, 128)  # Karim et al. 2018
FCN_KERNEL_SIZES = (8, 5, 3)  # Karim et al. 2018
# Momentum of the running statistics in batch normalisation. With Keras's .99, their first values still have a weight of
# a fifth after 150 updates, and validation is wrong: SyntheticControl scored .33 then, with a training loss of .06.
FCN_MOMENTUM = 0.9

# Augmentation (A10). The sizes are this package's own: small enough that digits, letters and signs keep their meaning,
# and that 20 epochs are enough (fashion_mnist: .910; twice these sizes gave .899)
AUGMENTATION = "article"
AUGMENT_ROTATION = 0.02  # of a turn in both directions, 7 degrees
AUGMENT_SHEAR = 0.05
AUGMENT_TRANSLATION = 0.05  # of height and width
AUGMENT_ZOOM = 0.05
AUGMENT_BRIGHTNESS = 0.1  # of the range of values
AUGMENT_CONTRAST = 0.2
AUGMENT_ERASED = 0.5  # of the images; Zhong et al. 2020

# Search spaces: the article's numbers, and this package's own where the article gives none
SEARCH_LEARNING_RATE = (1e-5, 0.1)  # A5.2: 0.1 suits many networks, down to 1e-5 for very large data
SEARCH_LR_FACTOR = (1 / 2, 1 / 5)  # A5.3
SEARCH_BATCH_SIZE = (32, 64, 128, 256)  # A3, S2
SEARCH_WIDTHS = (64, 128, 256, 512)  # S2
SEARCH_DEPTHS = (1, 2, 3, 4)  # this package's
SEARCH_INIT_SCALE = (0.1, 1.0)  # A7.2
SEARCH_CLIPNORM = (5.0, 15.0)  # A8
SEARCH_DROPOUT = (0.2, 0.5)  # S3
SEARCH_PENALTY = (1e-7, 1e-3)  # A11, for l1 and l2 alike; the article gives no numbers
SEARCH_ADAPTIVE = ("adagrad", "rmsprop", "adam")  # S1
SEARCH_LSTM_WIDTHS = (32, 64, 128)  # S2
SEARCH_LSTM_DEPTHS = (1, 2)  # this package's
SEARCH_FORGET_BIAS = (1.0, 3.0, 5.0)  # A9: larger for long dependencies
SEARCH_CNN_WIDTHS = (16, 32, 64)  # S2: filters of the first block, doubled from each to the next
SEARCH_CNN_BLOCKS = (2, 3, 4)  # this package's
SEARCH_CNN_DENSE_UNITS = (64, 128, 256)  # S2


@dataclass(frozen=True)
class Budget:
    """The length of a training with ``epochs="auto"``, in epochs and in updates; the larger number decides.

    A number of epochs alone is too few updates for small data, and the plateau rule would lower the rate on the initial
    plateau. Measured on twenty tabular data sets (738 rows: .738 at 100 epochs, .944 at 8000 updates).

    Parameters
    ----------
    epochs, updates : int
        The training lasts ``max(epochs, updates / updates per epoch)`` epochs.
    patience_epochs, patience_updates : int
        The same for the patience of the plateau rule.
    averaged : float
        The monitored value is smoothed by a moving mean over this share of the epochs, at least one.
    """

    epochs: int
    updates: int
    patience_epochs: int = 10
    patience_updates: int = 150
    averaged: float = 0.0

    def n_epochs(self, updates_per_epoch: int) -> int:
        """Number of epochs of a fit with ``updates_per_epoch`` updates in each epoch."""
        return max(self.epochs, -(-self.updates // updates_per_epoch))

    def patience(self, updates_per_epoch: int) -> int:
        """Number of epochs without improvement before the learning rate is lowered."""
        return max(self.patience_epochs, -(-self.patience_updates // updates_per_epoch))

    def n_averaged(self, n_epochs: int) -> int:
        """Number of epochs in the moving mean that finds the best of at most ``n_epochs`` epochs (A6)."""
        return max(int(self.averaged * n_epochs), 1)


# With few validation rows, the lowest loss of hundreds of epochs is chance. Eleven tables of 133 to 794 rows with eight
# splits each score .833 on average; .820 with the weights of the lowest single value.
DNN_BUDGET = Budget(epochs=100, updates=8000, averaged=0.01)
# The first plateau of an LSTM is long: with a patience of 150 updates, the rate would be lowered there. A moving mean
# gains nothing here (SyntheticControl: .982 instead of .981; LSTM-FCN .979 instead of .986).
LSTM_BUDGET = Budget(epochs=50, updates=4000, patience_updates=500)
CNN_BUDGET = Budget(epochs=20, updates=3000)

# Named presets, as overrides of the article's defaults
ADAPTIVE = MappingProxyType({"optimizer": "rmsprop", "learning_rate": 1e-3})  # S1; the rate is Keras's for RMSprop
NESTEROV_MOMENTUM = MappingProxyType({"momentum": 0.9, "nesterov": True})  # Sutskever et al. 2013
# This momentum makes each step ten times larger. With --splits 1, the twenty tables of benchmarks/accuracy.py score
# .829 at a rate of .1 and .852 at .02; without momentum .850.
WITH_MOMENTUM = MappingProxyType({**NESTEROV_MOMENTUM, "learning_rate": 0.02})
DNN_PRESETS = MappingProxyType(
    {
        "article": {},
        "deep": {"hidden_layer_sizes": (256, 256, 256, 256), "init": "scaled", "dropout": DROPOUT_COMPLEX},  # A7.2, S3
        "adaptive": ADAPTIVE,
        "momentum": WITH_MOMENTUM,
    }
)
CUSTOM_PRESETS = MappingProxyType({"article": {}, "adaptive": ADAPTIVE, "momentum": WITH_MOMENTUM})
LSTM_PRESETS: MappingProxyType[str, Mapping[str, object]] = MappingProxyType(
    {"article": {}, "fcn": {"convolutions": FCN_CONVOLUTIONS}}  # Karim et al. 2018
)
CNN_PRESETS = MappingProxyType(
    {
        "article": {},
        "plain": {"augmentation": None},
        "strong": {"augmentation": "strong"},  # A10
    }
)
