"""Training on two devices gives what one gives: JAX by Keras's distribution, TensorFlow by a strategy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

JAX = """
import json
import keras
from sklearn.datasets import load_iris
from presets import DNNClassifier

X, y = load_iris(return_X_y=True)
for devices in (["cpu:0"], ["cpu:0", "cpu:1"]):
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
    # 135 training rows: batches of 32, and a last one that two devices cannot share
    network = DNNClassifier(hidden_layer_sizes=(16,), epochs=6, batch_size=32, dropout=0, random_state=0).fit(X, y)
    kernel = next(iter(network.model_.trainable_variables))
    print(json.dumps([network.history_["loss"], network.predict_proba(X[:10]).tolist(), len(kernel.value.devices())]))
"""

TENSORFLOW = """
import json
import keras_tuner
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from sklearn.datasets import load_iris
from presets.search import Choice, DNNHyperModel

X, y = load_iris(return_X_y=True)
# 132 rows to train on and 18 to validate: two replicas share every batch, as TensorFlow demands
settings = {"hidden_layer_sizes": (16,), "dropout": 0, "batch_size": 32, "validation_fraction": 0.12}
hypermodel = DNNHyperModel((4,), 3, space={"clipnorm": Choice(5.0, 15.0)}, random_state=0, **settings)
for devices in (["CPU:0"], ["CPU:0", "CPU:1"]):
    strategy = tf.distribute.MirroredStrategy(devices)
    hp = keras_tuner.HyperParameters()
    with strategy.scope():
        model = hypermodel.build(hp)
    history = hypermodel.fit(hp, model, X, y, epochs=4, shuffle=False, verbose=0)
    outputs = model.predict(X[:10], verbose=0).tolist()
    print(json.dumps([history.history["loss"], outputs, strategy.num_replicas_in_sync]))
"""


@pytest.mark.parametrize(
    ("backend", "script", "environment"),
    [
        ("jax", JAX, {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}),
        ("tensorflow", TENSORFLOW, {}),
    ],
    ids=["jax", "tensorflow"],
)
def test_two_devices(backend, script, environment, tmp_path):
    if keras.backend.backend() != backend:
        pytest.skip("each backend's own run of the tests")
    path = tmp_path / "train.py"
    path.write_text(script)
    environment = environment | {
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
        "CUDA_VISIBLE_DEVICES": "",
    }
    finished = subprocess.run(
        [sys.executable, path], env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True, timeout=300
    )
    one, two = map(json.loads, finished.stdout.splitlines()[-2:])
    np.testing.assert_allclose(two[0], one[0], rtol=1e-4)  # the losses of the epochs
    np.testing.assert_allclose(two[1], one[1], atol=1e-4)  # the outputs
    assert (one[2], two[2]) == (1, 2)
