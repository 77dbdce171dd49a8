"""Files without pickle: what was saved predicts the same, and what is not trusted is not loaded."""

import io
import json
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from estimator_list import ONE_OF_EACH, X, outputs, quick, small_network, target
from sklearn import config_context
from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import presets
from presets import (
    CNNClassifier,
    DNNClassifier,
    DNNRegressor,
    EnsembleClassifier,
    KerasClassifier,
    LSTMClassifier,
    TunerSearchCV,
    diagnose,
)
from presets.builders.storage import from_plain, to_plain

MINE = f"{small_network.__module__}.{small_network.__name__}"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "estimator.skops"


def rewritten(file, *replacements):
    """A copy of a file with some of its text replaced, as somebody else could write it."""
    copy = file.with_name("rewritten.skops")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(copy, "w") as written:
        for member in source.infolist():
            text = source.read(member)
            for old, new in replacements:
                text = text.replace(old.encode(), new.encode())
            written.writestr(member.filename, text, compress_type=member.compress_type)
    return copy


def saved_and_loaded(estimator, file, **how):
    presets.save(estimator, file)
    return presets.load(file, **how)


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_what_was_saved_predicts_the_same_and_goes_on_the_same(estimator, file):
    y = target(estimator)
    model = quick(estimator).fit(X, y)
    loaded = saved_and_loaded(model, file, trusted=[MINE])
    np.testing.assert_array_equal(outputs(loaded), outputs(model))
    rows = X.astype("float32")
    complete, again = (network.model_.predict(rows, verbose=0) for network in (model, loaded))
    np.testing.assert_allclose(again, complete, rtol=1e-6, atol=1e-7)
    assert loaded.history_ == model.history_
    assert str(diagnose(loaded)) == str(diagnose(model))
    np.testing.assert_array_equal(outputs(loaded.partial_fit(X, y)), outputs(model.partial_fit(X, y)))
    np.testing.assert_array_equal(outputs(loaded.fit(X, y)), outputs(model.fit(X, y)))


def test_objects_of_keras_are_kept(file):
    model = quick(
        DNNClassifier,
        optimizer=keras.optimizers.Adam(0.02),
        init=keras.initializers.HeNormal(seed=1),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", keras.metrics.CategoricalAccuracy(name="share")],
        activation=keras.activations.tanh,
    ).fit(X, target(DNNClassifier))
    loaded = saved_and_loaded(model, file)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.init_.rule == model.init_.rule == "HeNormal"
    np.testing.assert_array_equal(outputs(loaded), outputs(model))
    np.testing.assert_array_equal(outputs(loaded.fit(X, target(DNNClassifier))), outputs(model))


def test_backbone_is_kept_with_its_weights(file):
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 3), dtype=np.uint8)
    backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
    model = CNNClassifier(
        backbone=backbone, augmentation=[keras.layers.RandomFlip()], epochs=1, dense_units=8, random_state=0
    ).fit(images, np.arange(40) % 2)
    loaded = saved_and_loaded(model, file)
    for before, after in zip(backbone.get_weights(), loaded.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    np.testing.assert_array_equal(loaded.predict_proba(images), model.predict_proba(images))


def test_sequences_of_unequal_length(file):
    rng = np.random.default_rng(0)
    sequences = [rng.standard_normal((length, 2)) for length in rng.integers(2, 9, 40)]
    model = LSTMClassifier(units=(8,), epochs=1, random_state=0).fit(sequences, np.arange(40) % 2)
    np.testing.assert_array_equal(
        saved_and_loaded(model, file).predict_proba(sequences), model.predict_proba(sequences)
    )


def test_pipeline_with_its_transformers(file):
    transformer = make_column_transformer((StandardScaler(), [0, 1]), (OneHotEncoder(handle_unknown="ignore"), [2, 3]))
    pipeline = make_pipeline(transformer, quick(DNNRegressor)).fit(X, target(DNNRegressor))
    np.testing.assert_array_equal(saved_and_loaded(pipeline, file).predict(X), pipeline.predict(X))


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(quick(DNNClassifier), {"dropout": [0.2, 0.5]}, cv=2, scoring="accuracy"),
        TunerSearchCV(quick(DNNClassifier), n_trials=2, cv=2, random_state=0),
        EnsembleClassifier(quick(DNNClassifier), n_members=2, random_state=0),
    ],
    ids=["GridSearchCV", "TunerSearchCV", "EnsembleClassifier"],
)
def test_searches_and_ensembles(search, file):
    search.fit(X, target(DNNClassifier))
    loaded = saved_and_loaded(search, file)
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))
    assert repr(loaded) == repr(search)


ROOT = Path(__file__).parents[2]


def test_search_over_columns_selected_by_type(file):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"number": np.arange(80.0) % 7, "word": list("abcd") * 20})
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    pipeline = make_pipeline(encode, quick(DNNClassifier))
    search = GridSearchCV(pipeline, {"dnnclassifier__learning_rate": [0.1, 0.02]}, cv=2).fit(frame, np.arange(80) % 2)
    np.testing.assert_array_equal(saved_and_loaded(search, file).predict(frame), search.predict(frame))


COMPOSED = {
    "TransformedTargetRegressor": TransformedTargetRegressor(
        quick(DNNRegressor), func=np.log1p, inverse_func=np.expm1, check_inverse=False
    ),
    "FeatureUnion": make_pipeline(
        make_union(StandardScaler(), FunctionTransformer(np.abs), FunctionTransformer()), quick(DNNRegressor)
    ),
    "FunctionTransformer": make_pipeline(FunctionTransformer(np.nan_to_num), quick(DNNRegressor)),
    "StackingRegressor": StackingRegressor([("network", quick(DNNRegressor)), ("line", Ridge())], cv=2),
    "VotingClassifier": VotingClassifier([("network", quick(DNNClassifier)), ("line", LogisticRegression())]),
    "RandomizedSearchCV": RandomizedSearchCV(
        quick(DNNClassifier),
        {"dropout": [0.1, 0.2, 0.3]},
        n_iter=2,
        cv=ShuffleSplit(2, random_state=np.random.RandomState(3)),
        scoring={"f": make_scorer(fbeta_score, beta=2, average="macro"), "accuracy": "accuracy"},
        refit="accuracy",
    ),
}


@pytest.mark.parametrize("estimator", COMPOSED.values(), ids=COMPOSED)
def test_what_scikit_learn_makes_of_estimators(estimator, file):
    y = target(DNNClassifier if hasattr(estimator, "classes_") or "Class" in repr(estimator) else DNNRegressor)
    estimator.fit(X, np.abs(y) if y.dtype.kind == "f" else y)
    # a function that is no ufunc must be named
    loaded = saved_and_loaded(estimator, file, trusted=["numpy.nan_to_num"])
    np.testing.assert_array_equal(loaded.predict(X), estimator.predict(X))
    again = file.with_name("again.skops")
    presets.save(loaded, again)
    assert again.read_bytes() == file.read_bytes()


def test_keys_that_are_not_text(file):
    weights = {False: 1.0, True: 2.0}
    assert saved_and_loaded(DNNClassifier(class_weight=weights), file).class_weight == weights
    with pytest.raises(TypeError, match="two equal keys"):
        presets.save(DNNClassifier(class_weight={0: 1.0, "0": 2.0}), file)


def test_files_are_about_as_small_as_pickles(file):
    model = quick(DNNRegressor, epochs=400).fit(X, target(DNNRegressor))
    presets.save(model, file)
    assert file.stat().st_size < 1.5 * len(pickle.dumps(model))


def test_files_in_memory(file):
    model = quick(DNNRegressor).fit(X, target(DNNRegressor))
    buffer = io.BytesIO()
    presets.save(model, buffer)
    buffer.seek(0)
    np.testing.assert_array_equal(presets.load(buffer).predict(X), model.predict(X))
    presets.save(model, file)
    assert file.read_bytes() == buffer.getvalue()


def test_files_open_for_text_are_refused(file):
    with open(file, "w", encoding="utf-8") as text, pytest.raises(TypeError, match="mode 'wb'"):
        presets.save(DNNRegressor(), text)
    with open(file, encoding="utf-8") as text, pytest.raises(TypeError, match="mode 'rb'"):
        presets.load(text)


@pytest.mark.parametrize("parameters", [{"activation": lambda x: x}, {"callbacks": [threading.Lock()]}])
def test_old_file_stays_if_the_new_one_cannot_be_written(file, parameters):
    presets.save(DNNRegressor(), file)
    with pytest.raises(TypeError, match="cannot be stored"):
        presets.save(DNNRegressor(**parameters), file)
    assert isinstance(presets.load(file), DNNRegressor)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_file_says_what_wrote_it(file):
    presets.save(DNNRegressor(), file)
    with zipfile.ZipFile(file) as archive:
        versions = json.loads(archive.read("presets.json"))
    assert versions["format"] == 1
    assert versions["presets"] == presets.__version__
    assert versions["keras"] == keras.__version__
    assert versions["backend"] == keras.backend.backend()
    assert {"numpy", "python", "scikit-learn", "skops"} < versions.keys()


def test_newer_format_is_refused_by_name(file):
    presets.save(DNNRegressor(), file)
    newer = rewritten(file, ('"format":1', '"format":2'), (f'"presets":"{presets.__version__}"', '"presets":"7.0"'))
    with pytest.raises(ValueError, match=r"has format 2 of presets 7\.0, .* Update keras-presets"):
        presets.load(newer)


@pytest.mark.parametrize("stored", sorted((ROOT / "tests" / "files").glob("*.skops")), ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_files_of_released_formats_are_read(stored):
    """Written by `tests/files/write.py` of that version, beside what was predicted."""
    expected = json.loads(stored.with_suffix(".json").read_text())
    loaded = presets.load(stored)
    np.testing.assert_allclose(loaded.predict_proba(np.array(expected["X"])), expected["probabilities"], rtol=1e-4)


def test_another_backend_reads_the_file(file):
    pytest.importorskip("jax")
    other = "tensorflow" if keras.backend.backend() == "jax" else "jax"
    model = quick(DNNClassifier, optimizer=keras.optimizers.Adam(0.01)).fit(X, target(DNNClassifier))
    presets.save(model, file)
    np.save(file.with_name("X.npy"), X)
    script = (
        "import numpy as np, presets\n"
        "model, X = presets.load('estimator.skops'), np.load('X.npy')\n"
        "np.save('probabilities.npy', model.predict_proba(X))\n"
        "np.save('complete.npy', model.model_.predict(X, verbose=0))\n"
    )
    environment = {**os.environ, "KERAS_BACKEND": other, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], cwd=file.parent, env=environment, check=True)
    for name in ("probabilities", "complete"):
        found = np.load(file.with_name(f"{name}.npy"))
        np.testing.assert_allclose(found, model.predict_proba(X), rtol=1e-4, atol=1e-5)


def test_classes_of_optimizers_are_stored_by_their_public_name():
    """On torch Keras puts a class of its own in the place of the public one, under the same name."""
    variant = type("SGD", (keras.optimizers.SGD,), {"__module__": "keras.src.backend.torch.optimizers.torch_sgd"})
    state = to_plain({"optimizer": (variant, {"learning_rate": 0.1})})
    assert from_plain(state)["optimizer"] == (keras.optimizers.SGD, {"learning_rate": 0.1})


def test_unfitted_estimator(file):
    model = DNNClassifier(dropout=0.3, class_weight={0: 1.0, 1: 2.0}, random_state=3)
    assert saved_and_loaded(model, file).get_params() == model.get_params()


def test_requests_for_metadata_are_kept_or_refused_but_never_lost(file):
    with config_context(enable_metadata_routing=True):
        model = DNNClassifier().set_fit_request(sample_weight=True)
        if model._metadata_request.owner is model:  # from scikit-learn 1.9 on; older ones keep its name
            with pytest.raises(TypeError, match="set_fit_request"):
                presets.save(model, file)
        else:
            loaded = saved_and_loaded(model, file)
            assert loaded.get_metadata_routing().fit.requests["sample_weight"] is True


# ---------------------------------------------------------------- what is not trusted


def test_what_the_user_wrote_must_be_trusted_by_name(file):
    presets.save(KerasClassifier(network=small_network), file)
    with pytest.raises(ValueError, match=rf"not trusted: {MINE}.*trusted=\['{MINE}'\]"):
        presets.load(file)
    assert presets.load(file, trusted=[MINE]).network is small_network


@pytest.fixture
def unwanted(tmp_path, monkeypatch):
    """A module that must not be imported."""
    (tmp_path / "unwanted.py").write_text("def build(*arguments): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "unwanted"
    assert "unwanted" not in sys.modules


def test_file_that_names_a_foreign_function_is_refused_before_it_is_imported(file, unwanted):
    presets.save(KerasClassifier(network=small_network), file)
    changed = rewritten(file, (small_network.__module__, unwanted), (small_network.__name__, "build"))
    with pytest.raises(ValueError, match=r"not trusted: unwanted\.build"):
        presets.load(changed)


def test_configuration_of_keras_that_names_a_foreign_class_is_refused_before_it_is_imported(file, unwanted):
    presets.save(DNNClassifier(optimizer=keras.optimizers.Adam()), file)
    changed = rewritten(file, ("keras.optimizers", unwanted), ("Adam", "build"))
    with pytest.raises(ValueError, match=r"names unwanted\.build"):
        presets.load(changed)


@pytest.mark.parametrize(
    "name",
    [
        "presets.persistence.save",
        "presets.persistence.importlib",
        "presets.no_such_module.build",
        "keras.src.utils.io_utils.print_msg",
    ],
)
def test_not_everything_that_a_package_holds_is_trusted(name, file):
    module, _, function = name.rpartition(".")
    presets.save(KerasClassifier(network=small_network), file)
    changed = rewritten(file, (small_network.__module__, module), (small_network.__name__, function))
    with pytest.raises(ValueError, match=f"not trusted: {name}"):
        presets.load(changed)


@pytest.mark.parametrize("content", [b"", b"not a zip archive", b"PK\x05\x06" + bytes(18)])
def test_what_save_did_not_write_is_a_clear_error(content, file):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged, or was not written by presets\.save"):
        presets.load(file)


def test_layer_with_a_lambda_cannot_be_stored(file):
    backbone = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Lambda(lambda images: images)])
    with pytest.raises(TypeError, match="cannot be stored without pickle"):
        presets.save(CNNClassifier(backbone=backbone), file)
    assert not file.exists()
