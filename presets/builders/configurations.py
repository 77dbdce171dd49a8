"""The Keras configurations that `load` may build from a file. A configuration can name any class and function.

Keras's own safe mode refuses lambdas. But it calls public functions, reads files that a configuration names, and runs
the graphs in these files. So this module lists the classes that only compute, and `load` builds no others.
"""

import re
import sys
from typing import Any

LAYERS = """
    Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
    AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
    AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional
    CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D Conv3DTranspose
    ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D DepthwiseConv2D
    Discretization Dot Dropout ELU EinsumDense Embedding Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GroupNormalization GroupQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization
    LeakyReLU Masking MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum MixUp MultiHeadAttention
    Multiply Normalization PReLU Permute Pipeline RMSNormalization RNN RandAugment RandomBrightness
    RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
    RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
    RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape
    Resizing ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax
    Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization StackedRNNCells Subtract
    TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
"""Without layers that hold code or graphs (Lambda, JaxLayer, TFSMLayer ...), or that read a vocabulary from a file."""

OPTIMIZERS = """
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam RMSprop SGD
    ScheduleFreeAdamW
"""

SCHEDULES = """
    CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay PolynomialDecay
"""

LOSSES = """
    BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
    CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh
    MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
    SparseCategoricalCrossentropy SquaredHinge Tversky
"""

METRICS = """
    AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy CategoricalCrossentropy
    CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU
    KLDivergence LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper
    MeanSquaredError MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson Precision
    PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
    SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy SpecificityAtSensitivity
    SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives
"""

INITIALIZERS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones Orthogonal
    RandomNormal RandomUniform STFT TruncatedNormal VarianceScaling Zeros
"""

ACTIVATION_FUNCTIONS = """
    celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear log_sigmoid
    log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid
    sparsemax squareplus swish tanh tanh_shrink threshold
"""

LOSS_FUNCTIONS = """
    binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
    categorical_generalized_cross_entropy categorical_hinge circle cosine_similarity ctc dice hinge huber kl_divergence
    log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
    poisson sparse_categorical_crossentropy squared_hinge tversky
"""

ACCURACY_FUNCTIONS = """
    binary_accuracy categorical_accuracy sparse_categorical_accuracy sparse_top_k_categorical_accuracy
    top_k_categorical_accuracy
"""

CLASSES = {
    f"{module}.{name}"
    for module, names in {
        "keras.layers": LAYERS,
        "keras.optimizers": OPTIMIZERS,
        "keras.optimizers.schedules": SCHEDULES,
        "keras.losses": LOSSES,
        "keras.metrics": METRICS,
        "keras.initializers": INITIALIZERS,
        "keras.regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
        "keras.constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
        "keras": "DTypePolicy FloatDTypePolicy Sequential",
        "keras.dtype_policies": "DTypePolicyMap",
        "keras.src.models.functional": "Functional",
    }.items()
    for name in names.split()
}

FUNCTIONS = {
    "keras.src.activations.activations": ACTIVATION_FUNCTIONS.split(),
    "keras.src.losses.losses": LOSS_FUNCTIONS.split(),
    "keras.src.metrics.accuracy_metrics": ACCURACY_FUNCTIONS.split(),
    "keras.src.metrics.correlation_metrics": ["concordance_correlation", "pearson_correlation"],
}
"""Names of functions by the module that defines them."""

OPERATIONS = re.compile(r"keras\.src\.ops\.(numpy|nn)")
"""Modules of the operations that a functional model may contain between its layers; they only compute."""

NUMBERS = re.compile(r"(bool|bfloat16|u?int(8|16|32|64)|float(16|32|64))")

MAX_DEPTH = 64
"""Greatest depth of nested configurations. Keras's applications have a depth of 8."""


def check_configuration(value: Any, depth: int = 0) -> None:
    """Check all Keras configurations in plain data, nested ones included.

    Parameters
    ----------
    value : JSON
        Dicts with the key "class_name" are configurations.

    Raises
    ------
    ValueError
        If a configuration names a class or function that this module does not list. Nothing is imported or called.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"A Keras configuration is nested more than {MAX_DEPTH} times.")
    if isinstance(value, dict):
        if "class_name" in value and not _is_allowed(value):
            raise ValueError(
                f"The configuration names {value.get('module')}.{value['class_name']} {_of_function(value)}, which is "
                "not one of the Keras objects that a file may hold."
            )
        for part in value.values():
            check_configuration(part, depth + 1)
    elif isinstance(value, list | tuple):
        for part in value:
            check_configuration(part, depth + 1)


def _is_allowed(config):
    name, module, inner = config["class_name"], config.get("module"), config.get("config")
    if name in ("__keras_tensor__", "__slice__", "__ellipsis__"):
        return True
    if name in ("__numpy__", "__tensor__"):
        return isinstance(inner, dict) and NUMBERS.fullmatch(str(inner.get("dtype"))) is not None
    if name == "function":
        public = ("builtins", "keras.activations", "keras.losses", "keras.metrics")
        return module in public and inner in _function_names() and config.get("registered_name") in ("function", inner)
    if not isinstance(inner, dict) or not isinstance(name, str) or not isinstance(module, str):
        return False
    registered = config.get("registered_name")
    if registered == f"presets>{name}":
        return _is_layer_of_ours(module, name)
    if registered not in (None, name):  # Keras would use the class that a user registered
        return False
    return f"{module}.{name}" in CLASSES or (OPERATIONS.fullmatch(module) is not None and name.isidentifier())


def _is_layer_of_ours(module, name):
    """Whether a module of this room that is already imported defines a layer of that name."""
    found = getattr(sys.modules.get(module), name, None) if module.startswith("presets.builders.") else None
    return isinstance(found, type) and found.__module__ == module


def _function_names():
    return {name for names in FUNCTIONS.values() for name in names}


def _of_function(config):
    return config["config"] if config["class_name"] == "function" else ""
