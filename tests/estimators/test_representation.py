"""What a notebook and TensorBoard show of a fit."""

import keras
import numpy as np
import pytest
from estimator_list import LABELS, X
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import DNNClassifier

NETWORK = {"hidden_layer_sizes": (8,), "epochs": 4, "random_state": 0}


@pytest.fixture(scope="module")
def fitted():
    return DNNClassifier(**NETWORK).fit(X, LABELS)


def test_notebook_shows_the_network_and_the_fit(fitted):
    html = fitted._repr_html_()
    history = fitted.history_
    assert "DNNClassifier: 4 epochs, ended by epochs; rate 0.1 to 0.1 by plateau" in html
    assert "<td>hidden_1</td><td>Dense</td><td>(8,)</td><td>40</td>" in html
    assert f"val_loss {history['val_loss'][0]:.4g} to {history['val_loss'][-1]:.4g}" in html
    assert html.count("<polyline") == 2
    assert "Data check" in html
    assert fitted._repr_mimebundle_()["text/html"].count("<polyline") == 2
    assert "<polyline" not in fitted._repr_mimebundle_()["text/plain"]


def test_notebook_shows_the_diagram_alone_before_fit():
    html = DNNClassifier(**NETWORK)._repr_html_()
    assert "sk-top-container" in html
    assert "polyline" not in html


def test_notebook_shows_pipelines_as_scikit_learn_does(fitted):
    assert "DNNClassifier" in make_pipeline(StandardScaler(), fitted)._repr_html_()


def test_text_where_diagrams_are_off(fitted):
    with config_context(display="text"):
        assert not hasattr(fitted, "_repr_html_")
        assert "text/html" not in fitted._repr_mimebundle_()


def test_loss_that_is_not_finite_leaves_the_picture_whole(fitted):
    network = DNNClassifier(**NETWORK).fit(X, LABELS)
    network.history_["loss"][-1] = np.nan
    assert "nan" not in network._repr_html_().split("<svg")[1].split("</svg>")[0]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="Keras's TensorBoard callback imports TensorFlow")
def test_tensorboard_has_the_history(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    network = DNNClassifier(**NETWORK, callbacks=[keras.callbacks.TensorBoard(str(tmp_path))]).fit(X, LABELS)
    for part, name in {"train": "loss", "validation": "val_loss"}.items():
        events = EventAccumulator(str(tmp_path / part)).Reload()
        assert "epoch_loss" in events.Tags()["tensors"]
        written = [float(make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_loss")]
        np.testing.assert_allclose(written, network.history_[name], rtol=1e-6)
