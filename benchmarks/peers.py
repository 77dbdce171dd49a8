"""The peers: one network under SciKeras, keras.wrappers, skorch and scikit-learn, after each library's examples.

Each function imports its library when it is called, so that a benchmark loads only what it runs. SciKeras 0.13
imports TensorFlow under every backend and replaces `keras.Model.__reduce__`; under scikit-learn 1.9 it runs, but is
no longer recognised as a classifier, so searches over it need an explicit `StratifiedKFold`.
"""

from itertools import pairwise


def scikeras_classifier(epochs=30, **parameters):
    """SciKeras; `parameters` are its own or arguments of `scikeras_model`, which become parameters that way."""
    from scikeras.wrappers import KerasClassifier

    return KerasClassifier(scikeras_model, batch_size=128, epochs=epochs, verbose=0, **parameters)


def keras_wrappers_classifier(hidden_layer_sizes=(128, 128), learning_rate=0.1):
    """Keras's own wrapper; its clones lose `fit_kwargs` (keras 3.15), so `fit` must be given epochs and batch size."""
    from keras.wrappers import SKLearnClassifier

    network = {"hidden_layer_sizes": hidden_layer_sizes, "learning_rate": learning_rate}
    return SKLearnClassifier(keras_wrappers_model, model_kwargs=network)


def skorch_classifier(n_features=64, n_classes=10, hidden_layer_sizes=(128, 128), learning_rate=0.1, epochs=30):
    """skorch with its validation split off; the network's logits go into torch's cross entropy."""
    import torch
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(
        torch_network,
        module__widths=(n_features, *hidden_layer_sizes, n_classes),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.SGD,
        lr=learning_rate,
        batch_size=128,
        max_epochs=epochs,
        train_split=None,
        iterator_train__shuffle=True,
        verbose=0,
    )


def sklearn_classifier(hidden_layer_sizes=(128, 128), learning_rate=0.1, epochs=30):
    """scikit-learn's MLP with the same solver, batch and number of epochs: no momentum, no L2, no early end."""
    from sklearn.neural_network import MLPClassifier

    return MLPClassifier(
        hidden_layer_sizes,
        solver="sgd",
        learning_rate_init=learning_rate,
        momentum=0.0,
        alpha=0.0,
        batch_size=128,
        max_iter=epochs,
        n_iter_no_change=epochs + 1,
    )


def on_one_blas_thread(function, *args):
    """Call `function`: on small matrices a second BLAS thread wins nothing, and on a busy machine it costs 20 times."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        return function(*args)


def scikeras_model(meta, hidden_layer_sizes=(128, 128), learning_rate=0.1):
    """Build the network for SciKeras, which passes what it knows of the data as `meta`."""
    return keras_model(
        meta["n_features_in_"], meta["n_classes_"], hidden_layer_sizes, learning_rate, "sparse_categorical_crossentropy"
    )


def keras_wrappers_model(X, y, hidden_layer_sizes, learning_rate):
    """Build the network for keras.wrappers, which passes the data with one-hot targets."""
    return keras_model(X.shape[1], y.shape[1], hidden_layer_sizes, learning_rate, "categorical_crossentropy")


def keras_model(n_features, n_classes, hidden_layer_sizes, learning_rate, loss):
    """Dense layers with relu and a softmax, compiled with plain SGD."""
    import keras

    hidden = [keras.layers.Dense(units, activation="relu") for units in hidden_layer_sizes]
    model = keras.Sequential([keras.Input((n_features,)), *hidden, keras.layers.Dense(n_classes, activation="softmax")])
    model.compile(optimizer=keras.optimizers.SGD(learning_rate), loss=loss)
    return model


def torch_network(widths):
    """Linear layers with relu in between."""
    from torch import nn

    layers = [layer for n_in, n_out in pairwise(widths) for layer in (nn.Linear(n_in, n_out), nn.ReLU())]
    return nn.Sequential(*layers[:-1])
