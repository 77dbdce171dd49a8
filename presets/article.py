"""Every number of the training checklist, once, each with its item.

The article is "DNN(深度神经网络)在训练过程中遇到的一些问题" (新机器视觉, 2023-02-06), a retelling of Ilya
Sutskever's "A Brief Overview of Deep Learning". ``A5.3`` is its item 5, point 3; ``S2`` its supplement 2. A number that
the article does not give says where it comes from. Signatures, documentation and presets read from here.
"""

from dataclasses import dataclass
from types import MappingProxyType

# Minibatches (A3, S2) and the rate (A5)
BATCH_SIZE = 128  # A3
LEARNING_RATE = 0.1  # A5.2: suits many networks
LR_FACTOR = 0.5  # A5.3: divide by 2 (or 5) when the validation score stops improving
MIN_LR_FACTOR = 1e-3  # A5.3: "very small", relative to the first rate so that searches over the rate stay sound
MIN_DELTA = 1e-4  # what counts as an improvement; Keras's ReduceLROnPlateau
OPTIMIZER = "sgd"  # A5
MOMENTUM = 0.0  # A5: plain SGD
NESTEROV = False

# Validation (A6) and standardisation (A2)
VALIDATION_FRACTION = 0.1  # A6
MONITOR = "val_loss"  # A6
STANDARDIZE = True  # A2

# Health
UPDATE_RATIO = 1e-3  # A5.4: norm(update) / norm(weights); the original's 10^-3, misprinted as 10e-3

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
FORGET_BIAS = 1.0  # A9: larger for long dependencies
DROPOUT = 0.2  # S3: when the model is not very complex
DROPOUT_COMPLEX = 0.5  # S3: the default of the article; a complex model's
L1 = 0.0  # A11
L2 = 0.0  # A11

# Networks: widths in powers of two (S2)
HIDDEN_LAYER_SIZES = (128, 128)
ACTIVATION = "relu"
LSTM_UNITS = (64,)
CNN_FILTERS = (32, 64, 128)
CNN_KERNEL_SIZE = 3
CNN_DENSE_UNITS = 128
FCN_CONVOLUTIONS = (128, 256, 128)  # Karim et al. 2018
FCN_KERNEL_SIZES = (8, 5, 3)  # Karim et al. 2018
# Of batch normalisation's running statistics. With Keras's .99 they still stand a fifth on their first values after 150
# updates, and validation reads nonsense: SyntheticControl scored .33 then, with a training loss of .06.
FCN_MOMENTUM = 0.9

# Augmentation (A10); the sizes are this package's: small enough for digits, letters and signs to stay what they are
AUGMENTATION = "article"
AUGMENT_ROTATION = 0.04  # of a turn to either side, 14 degrees
AUGMENT_SHEAR = 0.1
AUGMENT_TRANSLATION = 0.1  # of height and width
AUGMENT_ZOOM = 0.1
AUGMENT_BRIGHTNESS = 0.1  # of the range of values
AUGMENT_CONTRAST = 0.2
AUGMENT_ERASED = 0.5  # of the images; Zhong et al. 2020


@dataclass(frozen=True)
class Budget:
    """How long a family trains when ``epochs="auto"``, counted in epochs and in updates, whichever is more.

    Small data starve when the budget is counted in epochs alone, and the plateau rule would fire on the initial
    plateau; measured on twenty tabular data sets (738 rows: .738 at 100 epochs, .944 at 8000 updates).

    Parameters
    ----------
    epochs, updates : int
        The training lasts ``max(epochs, updates / updates per epoch)`` epochs.
    patience_epochs, patience_updates : int
        The same for the patience of the plateau rule.
    """

    epochs: int
    updates: int
    patience_epochs: int = 10
    patience_updates: int = 150

    def n_epochs(self, updates_per_epoch):
        """Epochs of a fit that makes ``updates_per_epoch`` updates in each."""
        return max(self.epochs, -(-self.updates // updates_per_epoch))

    def patience(self, updates_per_epoch):
        """Epochs without improvement before the rate is divided."""
        return max(self.patience_epochs, -(-self.patience_updates // updates_per_epoch))


DNN_BUDGET = Budget(epochs=100, updates=8000)
LSTM_BUDGET = Budget(epochs=50, updates=4000)
CNN_BUDGET = Budget(epochs=20, updates=3000)

# Named presets, as overrides of the article's defaults
DNN_PRESETS = MappingProxyType(
    {
        "article": {},
        "deep": {"hidden_layer_sizes": (256, 256, 256, 256), "init": "scaled", "dropout": DROPOUT_COMPLEX},  # A7.2, S3
        "adaptive": {"optimizer": "rmsprop", "learning_rate": 1e-3},  # S1; the rate is Keras's for RMSprop
        "momentum": {"momentum": 0.9, "nesterov": True},  # Sutskever et al. 2013
    }
)
LSTM_PRESETS = MappingProxyType({"article": {}, "fcn": {"convolutions": FCN_CONVOLUTIONS}})  # Karim et al. 2018
CNN_PRESETS = MappingProxyType(
    {
        "article": {},
        "plain": {"augmentation": None},
        "strong": {"augmentation": "strong"},  # A10
    }
)
