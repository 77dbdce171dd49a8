"""Networks outside this package, and several threads that predict."""

import http.client
import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

import presets
from presets import CNNClassifier, DNNClassifier, DNNRegressor, LSTMRegressor

ROWS = np.random.default_rng(0).standard_normal((40, 4)).astype("float32")
SERIES = np.random.default_rng(1).standard_normal((40, 6, 2)).astype("float32")
IMAGES = np.random.default_rng(2).integers(0, 255, (40, 8, 8, 3)).astype("float32")
LABELS = np.arange(40) % 3

CASES = {
    "classifier": (DNNClassifier(hidden_layer_sizes=(8,), epochs=3, random_state=0), ROWS, LABELS),
    "regressor": (DNNRegressor(hidden_layer_sizes=(8,), epochs=3, random_state=0), ROWS, 1000 + 50 * ROWS[:, :2]),
    "tuned": (DNNClassifier.from_preset("tuned", epochs=2, random_state=0), ROWS, LABELS),
    "realmlp": (DNNClassifier.from_preset("realmlp", epochs=2, random_state=0), ROWS, LABELS),
    "sequences": (LSTMRegressor(units=(4,), epochs=2, random_state=0), SERIES, SERIES[:, -1, 0]),
    "images": (CNNClassifier(filters=(4,), dense_units=4, epochs=2, random_state=0), IMAGES, LABELS),
}

# one process for all kinds: the kinds that need less come first
WITHOUT_THIS_PACKAGE = """
import sys, numpy as np

def onnx(name, X):
    import onnxruntime
    session = onnxruntime.InferenceSession(name + ".onnx")
    (taken,) = session.get_inputs()
    return session.run(None, {{taken.name: X}})[0]

def savedmodel(name, X):
    import tensorflow
    network = tensorflow.saved_model.load(name)
    return network.serve(X).numpy()

def keras(name, X):
    import keras
    return keras.models.load_model(name + ".keras").predict(X, verbose=0)

for kind, names in {names!r}.items():
    for name in names:
        np.save(f"{{name}}.{{kind}}.npy", globals()[kind](name, np.load(name + ".npy")))
assert not any(name.split(".")[0] == "presets" for name in sys.modules)
"""

KINDS = ["onnx", "savedmodel", "keras"]


def export(network, kind, path):
    if kind == "keras":
        network.model_.save(path.with_suffix(".keras"))
    elif kind == "savedmodel":
        network.model_.export(path, verbose=False)
    else:
        network.model_.export(path.with_suffix(".onnx"), format="onnx", verbose=False)


def cases(kind):
    with_own_layers = ("tuned", "realmlp") if kind == "keras" else ()
    return [name for name in CASES if name not in with_own_layers]


@pytest.fixture(scope="module")
def fitted():
    return {name: (network.fit(X, y), X) for name, (network, X, y) in CASES.items()}


@pytest.fixture(scope="module")
def found_without_this_package(fitted, tmp_path_factory):
    """Folder with the outputs of all exported networks in a process of its own."""
    folder = tmp_path_factory.mktemp("exported")
    kinds = [kind for kind in KINDS if kind == "keras" or keras.backend.backend() == "tensorflow"]
    if not all(map(importlib.util.find_spec, ("tf2onnx", "onnxruntime"))):
        kinds = [kind for kind in kinds if kind != "onnx"]
    for name, (network, X) in fitted.items():
        np.save(folder / f"{name}.npy", X)
        for kind in kinds:
            if name in cases(kind):
                export(network, kind, folder / name)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    script = WITHOUT_THIS_PACKAGE.format(names={kind: cases(kind) for kind in kinds})
    subprocess.run([sys.executable, "-c", script], cwd=folder, env=environment, check=True)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_exported_networks_predict_the_same_without_this_package(found_without_this_package, fitted, kind):
    if kind == "onnx":
        for package in ("tf2onnx", "onnxruntime"):
            pytest.importorskip(package)
    if kind != "keras" and keras.backend.backend() != "tensorflow":
        pytest.skip("exports are described for TensorFlow")
    for name in cases(kind):
        network, X = fitted[name]
        expected = network.predict_proba(X) if hasattr(network, "predict_proba") else network.predict(X)
        found = np.load(found_without_this_package / f"{name}.{kind}.npy").reshape(expected.shape)
        np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()), err_msg=name)


CODED = """
import json, sys, numpy as np, onnxruntime
levels = json.load(open("levels.json"))
rows = json.load(open("rows.json"))
numbers = np.load("numbers.npz")
session = onnxruntime.InferenceSession("network.onnx")
inputs = {}
for taken in session.get_inputs():
    if taken.name in levels:
        codes = [1 if value is None else levels[taken.name].get(value, 0) for value in rows[taken.name]]
        inputs[taken.name] = np.array(codes, dtype=np.int32)[:, None]
    else:
        dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64}[taken.type]
        inputs[taken.name] = numbers[taken.name].astype(dtype)
np.save("outputs.npy", session.run(None, inputs)[0])
assert not any(name.split(".")[0] == "presets" for name in sys.modules)
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="exports are described for TensorFlow")
def test_frames_are_exported_with_codes_and_their_table(tmp_path):
    for package in ("tf2onnx", "onnxruntime"):
        pytest.importorskip(package)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(200) < 0.1, np.nan, rng.normal(size=200)),
            "colour": rng.choice(["red", "green", None], 200),
            "city": rng.choice([f"city {i}" for i in range(12)], 200),
            "when": pd.date_range("2024-01-01", periods=200, freq="D"),
        }
    )
    network = DNNClassifier(hidden_layer_sizes=(8,), epochs=3, random_state=0).fit(frame, np.arange(200) % 3)
    new = frame.head(9).assign(city=["elsewhere", None, "city 3"] * 3, colour=["red", None, "blue"] * 3)
    network.coded_model().export(tmp_path / "network.onnx", format="onnx", verbose=False)
    (tmp_path / "levels.json").write_text(json.dumps(network.level_codes_))
    words = new[["colour", "city"]].astype(object)
    (tmp_path / "rows.json").write_text(json.dumps(words.where(words.notna(), None).to_dict("list")))
    inputs = network.model_inputs(new, strings=False)
    np.savez(
        tmp_path / "numbers.npz",
        **{name: column for name, column in inputs.items() if name not in new or name == "size"},
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([sys.executable, "-c", CODED], cwd=tmp_path, env=environment, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "outputs.npy"), network.predict_proba(new), atol=1e-4)


@pytest.mark.parametrize("name", ["regressor", "images"])
def test_eight_threads_predict_at_once(fitted, name):
    network, X = fitted[name]
    expected = network.predict(X)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: network.predict(X), range(40)):
            np.testing.assert_array_equal(found, expected)


def test_service_of_the_documentation(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network, X, y = CASES["classifier"]
    presets.save(network.fit(X, y), "model.skops")
    page = (Path(__file__).parents[1] / "docs" / "deployment.md").read_text(encoding="utf-8")
    (service,) = re.findall(r"```python no-run\n(import json\nfrom http.*?)server\.serve_forever", page, re.DOTALL)
    names = {}
    exec(service.replace("8000", "0"), names)
    server = names["server"]
    names["Predictions"].log_message = lambda *arguments: None
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        connection = http.client.HTTPConnection(*server.server_address)
        answers = []
        for body in (json.dumps(X[:2].tolist()), "[[1]]", "no JSON"):
            connection.request("POST", "/", body)
            answer = connection.getresponse()
            answers.append((answer.status, json.loads(answer.read())))
        connection.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [status for status, _ in answers] == [200, 400, 400]
    np.testing.assert_allclose(answers[0][1], network.predict_proba(X[:2]), rtol=1e-6)
    assert "expecting 4 features" in answers[1][1]
