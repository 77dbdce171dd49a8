"""Files from strangers: whatever they name, nothing is called, imported or written, and no memory is taken."""

import contextlib
import io
import itertools
import json
import random
import resource
import sys
import warnings
import zipfile

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tried import tried

import presets
from presets import DNNClassifier, KerasClassifier

X, y = np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 2

REFUSED = r"is damaged, or was not written by presets\.save|not trusted|more than max_size"


def load(file, **options):
    """Load one more file."""
    tried("files from strangers")
    return presets.load(file, **options)


# ---------------------------------------------------------------- nodes of skops


def node(loader, name, **content):
    module, _, attribute = name.rpartition(".")
    return {"__class__": attribute, "__module__": module, "__loader__": loader, **content}


def plain(value):
    if isinstance(value, dict):
        return mapping(**{key: plain(part) for key, part in value.items()})
    return node("JsonNode", "builtins.str", content=json.dumps(value))


def several(*parts, kind="tuple"):
    return node(f"{kind.capitalize()}Node", f"builtins.{kind}", content=list(parts))


def mapping(**parts):
    kinds = several(*[node("TypeNode", "builtins.str")] * len(parts), kind="list")
    return node("DictNode", "builtins.dict", key_types=kinds, content=parts)


def function(name):
    return node("FunctionNode", name)


def thing(name, **attributes):
    return node("ObjectNode", name, content=mapping(**attributes))


def call(name, *arguments):
    return node("ConstructorFromReduceNode", name, content=several(*arguments))


def partial(name, *arguments):
    content = {"func": function(name), "args": several(*arguments), "kwds": mapping(), "namespace": plain(None)}
    return node("PartialNode", "functools.partial", content=content)


def held(root):
    """An estimator that holds it, and makes it when it is read."""
    return thing("presets.estimators.dnn.DNNClassifier", init=root)


def stored(config, weights=None):
    return thing(
        "presets.builders.storage.StoredObject", config=plain(json.dumps(config)), weights=weights or plain(None)
    )


def stored_text(value):
    return thing("presets.builders.storage.StoredText", text=plain(json.dumps(value)))


def stored_pairs(value):
    pairs = several(*[several(plain(key), plain(part)) for key, part in value.items()], kind="list")
    return thing("presets.builders.storage.StoredPairs", pairs=pairs)


def configuration(name, config, **more):
    module, _, attribute = name.rpartition(".")
    return {"module": module, "class_name": attribute, "config": config, "registered_name": None, **more}


def function_of_keras(name):
    module, _, attribute = name.rpartition(".")
    return {"module": module, "class_name": "function", "config": attribute, "registered_name": attribute}


def sequential(*layers):
    return configuration("keras.Sequential", {"name": "s", "layers": list(layers)})


def dense(**config):
    return configuration("keras.layers.Dense", {"units": 2, **config})


# ---------------------------------------------------------------- files


@pytest.fixture(scope="module")
def content():
    """A file as `save` writes it."""
    buffer = io.BytesIO()
    presets.save(DNNClassifier(hidden_layer_sizes=(4,), epochs=2, random_state=0).fit(X, y), buffer)
    return buffer.getvalue()


def parts(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(members.pop("schema.json")), members


def joined(schema, members, *, arrays=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, member in {"schema.json": json.dumps(schema), "presets.json": '{"format": 1}', **members}.items():
            kind = zipfile.ZIP_DEFLATED if name.endswith(".json") else arrays
            archive.writestr(name, member, compress_type=kind)
    return io.BytesIO(buffer.getvalue())


def alone(root):
    """A file of one hostile node."""
    return joined({**root, "protocol": 2, "_skops_version": "0.16.0"}, {})


def attribute(content, value, *path):
    """A file of an estimator with another value at a place in it."""
    schema, members = parts(content)
    place = schema["content"]["content"]
    for name in path[:-1]:
        place = place[name]["content"]
        place = place if isinstance(place, list) else place.get("content", place) if name != "network" else place
    place[path[-1]] = value
    return joined(schema, members)


def array(shape, *, dtype="<f8", content=b""):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    return header.getvalue() + content


# ---------------------------------------------------------------- witnesses


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory):
    """What the first honest file imports is no witness."""
    file = tmp_path_factory.mktemp("warm") / "honest.skops"
    presets.save(DNNClassifier(hidden_layer_sizes=(2,), epochs=1).fit([[0.0], [1.0]] * 4, [0, 1] * 4), file)
    load(file)


@pytest.fixture(autouse=True)
def untouched(tmp_path, monkeypatch):
    """What hostile files try to change, before and after."""
    (tmp_path / "unwanted.py").write_text("def build(*arguments): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    def state():
        return (
            keras.config.floatx(),
            keras.config.backend(),
            keras.config.is_traceback_filtering_enabled(),
            np.random.get_state()[1].tolist(),
            random.getstate(),
            sorted(path.name for path in tmp_path.iterdir()),
            [
                name
                for name in sys.modules
                if name == "unwanted" or name.startswith(("sklearn.utils.tests", "antigravity"))
            ],
        )

    before = state()
    yield
    assert state() == before


FUNCTIONS = [
    "builtins.eval",
    "builtins.exec",
    "builtins.open",
    "builtins.print",
    "keras.config.set_floatx",
    "keras.saving.load_model",
    "keras.src.activations.deserialize",
    "keras.src.backend.config.set_floatx",
    "keras.src.losses.deserialize",
    "keras.src.utils.file_utils.get_file",
    "numpy.load",
    "numpy.random.seed",
    "numpy.save",
    "os.system",
    "presets.atomic.replacing",
    "presets.builders.storage.from_plain",
    "presets.persistence.files.save",
    "presets.persistence.importlib",
    "presets.training.clear_programs",
    "presets.workers.take_share",
    "sklearn.datasets._base.load_files",
    "sklearn.metrics._classification._check_targets",
    "sklearn.set_config",
    "sklearn.utils.tests.test_validation.main",
    "subprocess.run",
    "unwanted.build",
]

CLASSES = [
    "keras.src.layers.core.lambda_layer.Lambda",
    "keras.src.layers.layer.Layer",
    "keras.src.optimizers.sgd.SGD",
    "presets.builders.augmentation.RandomAffine",
    "presets.search.journal.Journal",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.tests.test_validation.MockEstimator",
    "subprocess.Popen",
    "unwanted.Build",
]

OWN = [
    "presets.builders.storage._each",
    "presets.builders.dnn.build_dnn",
    "numpy.log1p",
    "keras.src.losses.losses.dice",
]


def test_the_file_that_the_others_change_can_be_read(content):
    np.testing.assert_array_equal(
        load(joined(*parts(content))).predict(X[:3]), load(io.BytesIO(content)).predict(X[:3])
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_refused_as_values(name, content):
    for file in (
        alone(function(name)),
        alone(partial(name, plain("float16"))),
        attribute(content, function(name), "activation"),
    ):
        with pytest.raises(ValueError, match=REFUSED):
            load(file)


@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_refused_as_objects_and_as_values(name):
    for root in (thing(name), node("TypeNode", name), node("ObjectNode", name)):
        with pytest.raises(ValueError, match=REFUSED):
            load(alone(root))


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES + OWN)
def test_nothing_is_called(name):
    argument = plain("float16")
    kinds = several(node("TypeNode", name), kind="list")
    hostile = [
        call(name, argument),
        node("ListNode", name, content=[argument]),
        node("SetNode", name, content=[argument]),
        node("TupleNode", name, content=[argument]),
        node("DictNode", name, key_types=several(kind="list"), content={}),
        node("DictNode", "builtins.dict", key_types=kinds, content={"float16": argument}),
        node("NdArrayNode", name, type="json", content=[argument], shape=several(plain(1))),
        node("DTypeNode", name, content=argument),
        node("RandomStateNode", name, content=argument),
        node("MaskedArrayNode", name, content={"data": argument, "mask": argument}),
        node("MethodNode", name, content={"func": "fit", "obj": thing(name)}),
        node("OperatorFuncNode", "operator.methodcaller", attrs=several(plain("fit"))),
        node(
            "DefaultDictNode", "collections.defaultdict", content={"main": mapping(), "default_factory": function(name)}
        ),
        node("TreeNode", name, content=mapping(), __reduce__={"args": several(argument)}),
        node("LossNode", name, content=mapping(), __reduce__={"args": several(argument)}),
        node("UnknownNode", name, content=argument),
    ]
    for root in hostile:
        with pytest.raises(ValueError, match=REFUSED):
            load(alone(root))


def test_what_is_trusted_is_a_value_and_not_called(tmp_path):
    (tmp_path / "mine.py").write_text("def build(*arguments):\n    open('called', 'w').close()\n")
    trusted = ["mine.build"]
    assert load(alone(function("mine.build")), trusted=trusted).__name__ == "build"
    for root in (call("mine.build"), node("ListNode", "mine.build", content=[])):
        with pytest.raises(ValueError, match=r"it calls mine\.build"):
            load(alone(root), trusted=trusted)
    del sys.modules["mine"]
    for cache in tmp_path.glob("__pycache__/mine*"):
        cache.unlink()
    (tmp_path / "mine.py").unlink()
    for cache in tmp_path.glob("__pycache__"):
        cache.rmdir()


CONFIGURATIONS = {
    "function": function_of_keras("keras.config.set_floatx"),
    "public function": function_of_keras("keras.utils.get_file"),
    "function that reads": function_of_keras("keras.saving.load_model"),
    "deserialize": function_of_keras("keras.activations.deserialize"),
    "function of builtins": function_of_keras("builtins.get"),
    "class as function": {**configuration("keras.layers.Dense", "Dense"), "class_name": "function"},
    "lambda": {"class_name": "__lambda__", "config": {"value": ["", None, None]}},
    "type": {
        "class_name": "__typespec__",
        "spec_name": "x",
        "module": "unwanted",
        "config": [],
        "registered_name": None,
    },
    "array of text": {"class_name": "__numpy__", "config": {"value": ["a"], "dtype": "U999999999"}},
    "foreign module": configuration("unwanted.build", {}),
    "module of builtins": configuration("builtins.eval", {}),
    "registered by somebody": {**dense(), "registered_name": "theirs>Dense"},
    "no module": {"class_name": "Dense", "config": {"units": 2}},
    **{
        name: configuration(f"keras.layers.{name}", config)
        for name, config in {
            "Lambda": {"function": "x"},
            "TFSMLayer": {"filepath": "graph", "call_endpoint": "serve"},
            "TorchModuleWrapper": {"module": "x"},
            "JaxLayer": {"call_fn": "x"},
            "FlaxLayer": {"module": "x"},
            "StringLookup": {"vocabulary": "/etc/passwd"},
            "IntegerLookup": {"vocabulary": "/etc/passwd"},
            "TextVectorization": {"vocabulary": "/etc/passwd"},
            "Hashing": {"num_bins": 2},
        }.items()
    },
    "callback": configuration("keras.callbacks.ModelCheckpoint", {"filepath": "x"}),
    "model of another class": configuration("keras.src.models.cloning.Functional", {}),
    "operation with a function": configuration("keras.src.ops.core.Map", {}),
}


@pytest.mark.parametrize("config", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_configurations_of_keras_are_refused_wherever_they_stand(config, content):
    layer = configuration("keras.layers.TimeDistributed", {"layer": config})
    rate = plain({"learning_rate": config})
    files = [
        alone(held(stored(config))),
        alone(held(stored(sequential(config)))),
        alone(held(stored(sequential(dense(), layer)))),
        alone(held(stored(dense(kernel_initializer=config)))),
        alone(held(stored({**dense(), "build_config": config}))),
        alone(held(stored_text({"optimizer": [config]}))),
        alone(held(stored_pairs(config))),
        alone(held(several(mapping(**{key: stored_text(part) for key, part in config.items()})))),
        alone(rate),
        attribute(content, plain(config), "activation"),
        attribute(content, stored(config), "init"),
    ]
    for file in files:
        with pytest.raises(ValueError, match=REFUSED):
            load(file)


@pytest.mark.parametrize("build", ["numpy.add", "keras.src.losses.losses.dice", "sklearn.metrics._ranking.auc"])
def test_only_builders_build(build):
    network = thing(
        "presets.builders.network.Network",
        build=function(build),
        input_shape=several(plain(2)),
        n_outputs=plain(1),
        arguments=mapping(),
    )
    with pytest.raises(ValueError, match=f"not trusted: {build}"):
        load(alone(network))
    assert load(alone(network), trusted=[build]).n_outputs == 1


@pytest.mark.parametrize(
    "name", ["predict", "predict_proba", "get_params", "_outputs", "__class__", "__sklearn_clone__"]
)
def test_methods_are_not_replaced(name, content):
    with pytest.raises(ValueError, match=f"it replaces .*{name}"):
        load(alone(thing("presets.estimators.dnn.DNNClassifier", **{name: function("numpy.add")})))


def test_what_stands_beside_a_configuration_replaces_no_method_and_no_other_object():
    loss = configuration("keras.losses.MeanSquaredError", {})
    encoder = thing("presets.builders.network.Network", build=function("presets.builders.dnn.build_dnn"))
    beside = {
        "a method": {**stored(loss)["content"]["content"], "state": mapping(call=function("numpy.add"))},
        "a layer": {**stored(dense())["content"]["content"], "state": mapping(units=plain(3))},
    }
    roots = [thing("presets.builders.storage.StoredObject", **attributes) for attributes in beside.values()]
    roots.append(thing("presets.builders.storage.OwnObject", value=encoder, state=mapping(build=function("numpy.add"))))
    for root in roots:
        with pytest.raises(ValueError, match=REFUSED):
            load(alone(held(root)))


def test_two_objects_under_one_number_and_unknown_numbers_are_refused():
    one, other = ({**several(plain(value)), "__id__": 7} for value in (1, 2))
    reference = node("CachedNode", "builtins.tuple", __id__=7)
    assert load(alone(several(one, reference))) == ((1,), (1,))
    for root in (several(one, other), several(reference, one), {**several(reference), "__id__": 7}):
        with pytest.raises(ValueError, match=REFUSED):
            load(alone(root))


@pytest.mark.parametrize("protocol", [0, 1, 99, True, None, "2"])
def test_nodes_of_other_protocols_are_refused(protocol):
    with pytest.raises(ValueError, match=REFUSED):
        load(joined({**plain(1), "protocol": protocol}, {}))


def test_random_state_that_reads_beside_its_numbers_is_refused():
    pipeline = make_pipeline(LogisticRegression(random_state=np.random.RandomState(3)))
    buffer = io.BytesIO()
    presets.save(pipeline, buffer)
    state = load(io.BytesIO(buffer.getvalue()))[0].random_state
    assert state.get_state()[2] == pipeline[0].random_state.get_state()[2]
    schema, members = parts(buffer.getvalue())
    text = json.dumps(schema)
    assert '"pos": {' in text
    for place in (-1, 625, 10**9):
        changed = json.loads(
            text, object_hook=lambda found, place=place: found | ({"pos": plain(place)} if "pos" in found else {})
        )
        with pytest.raises(ValueError, match="random state"):
            load(joined(changed, members))


def test_functions_that_only_compute_need_no_trust():
    buffer = io.BytesIO()
    presets.save(FunctionTransformer(np.log1p, inverse_func=np.expm1), buffer)
    loaded = load(io.BytesIO(buffer.getvalue()))
    assert loaded.func is np.log1p
    assert loaded.inverse_func is np.expm1


# ---------------------------------------------------------------- memory


def nested(depth):
    root = several()
    for _ in range(depth):
        root = several(root)
    return root


def doubled(times):
    """A list in which every list comes twice, in few bytes."""
    root = {**several(plain(0), kind="list"), "__id__": 1}
    for number in range(2, times):
        again = node("CachedNode", "builtins.list", __id__=number - 1)
        root = {**several(root, again, kind="list"), "__id__": number}
    return root


def arrays_from(name, n):
    return several(*[node("NdArrayNode", "numpy.ndarray", type="numpy", file=name) for _ in range(n)])


def bombs():
    million = array((1 << 20,), content=bytes(8 << 20))
    yield "one member 400 times", arrays_from("1.npy", 400), {"1.npy": million}
    yield "a shape of 2**50", arrays_from("1.npy", 1), {"1.npy": array((2**50,))}
    yield "a shape that overflows", arrays_from("1.npy", 1), {"1.npy": array((2**32, 2**32))}
    yield "a shape with a zero", arrays_from("1.npy", 1), {"1.npy": array((0, 2**50))}
    yield "texts of length zero", arrays_from("1.npy", 1), {"1.npy": array((2**40,), dtype="<U0")}
    yield "objects", arrays_from("1.npy", 1), {"1.npy": array((1,), dtype="|O", content=bytes(8))}
    yield "depth 400", nested(400), {}
    yield "depth 100,000 in a text", node("JsonNode", "builtins.str", content="[" * 100_000 + "]" * 100_000), {}
    yield "doubled 70 times", doubled(70), {}
    yield (
        "texts shared",
        several({**stored_text(["a" * 100_000]), "__id__": 9}, *[node("CachedNode", "a.b", __id__=9)] * 9999),
        {},
    )
    for layer in (
        dense(units=10**12),
        configuration("keras.layers.Embedding", {"input_dim": 10**9, "output_dim": 10**6}),
    ):
        built = {**layer, "build_config": {"input_shape": [None, 10]}}
        inputs = configuration("keras.layers.InputLayer", {"batch_shape": [None, 10], "name": "i"})
        yield (
            f"a {layer['class_name']} of a million million",
            held(stored(sequential(inputs, built), several(kind="list"))),
            {},
        )

    for metric in (
        configuration("keras.metrics.MeanIoU", {"num_classes": 10**6}),
        configuration("keras.metrics.AUC", {"num_thresholds": 10**10}),
        {**dense(units=10**11), "build_config": {"input_shape": [None, 10]}},
    ):
        yield f"a {metric['class_name']} by itself", held(stored(metric)), {}


BOMBS = {name: (root, members) for name, root, members in bombs()}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_small_files_take_little_memory(bomb):
    root, members = bomb
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    file = joined({**root, "protocol": 2}, members)
    with pytest.raises(ValueError, match=REFUSED):
        load(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def changed(content, **values):
    """The file with other values under these names, wherever they stand."""
    schema, members = parts(content)
    hook = lambda found: found | {name: value for name, value in values.items() if name in found}  # noqa: E731
    return joined(json.loads(json.dumps(schema), object_hook=hook), members)


CLAIMS = {
    "wide layers": {"hidden_layer_sizes": several(plain(10**9), plain(10**9))},
    "many layers": {"hidden_layer_sizes": several(*[plain(4)] * 20_000)},
    "many outputs": {"n_outputs": plain(10**12)},
    "large samples": {"input_shape": several(plain(10**12))},
    "samples with more axes": {"input_shape": several(plain(10**6), plain(10**6), plain(4))},
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_networks_that_claim_more_than_they_hold_take_no_memory(claim, content):
    loaded = load(changed(content, **claim))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for use in (lambda: loaded.predict(X), lambda: loaded.predict_proba(X), lambda: loaded.model_, loaded._repr_html_):
        with pytest.raises(ValueError, match="network"):
            use()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_layers_without_weights_claim_no_more_either():
    def network(input_shape, n_outputs):
        layers = [keras.layers.RepeatVector(2), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(n_outputs)]
        return keras.Sequential([keras.Input(input_shape), *layers])

    buffer = io.BytesIO()
    usual = KerasClassifier().network
    presets.save(KerasClassifier(network=network, epochs=1).fit(X, y).set_params(network=usual), buffer)
    schema, members = parts(buffer.getvalue())
    text = json.dumps(schema)
    repeated = r"\\\"n\\\": 2"
    assert repeated in text
    loaded = load(joined(json.loads(text.replace(repeated, r"\\\"n\\\": 2000000000")), members))
    for use in (lambda: loaded.predict(X), lambda: loaded.model_):
        with pytest.raises(ValueError, match="returns 8,000,000,000 numbers for each row"):
            use()


def test_compressed_arrays_are_refused(content):
    schema, members = parts(content)
    members = {name: member for name, member in members.items() if name != "presets.json"}
    with pytest.raises(ValueError, match="unexpected compression"):
        load(joined(schema, members, arrays=zipfile.ZIP_DEFLATED))


def test_text_that_is_compressed_a_thousand_times_is_refused():
    with pytest.raises(ValueError, match="more than max_size"):
        load(alone(several(*[plain(0)] * 300_000)))


def test_limit_can_be_set(content):
    with pytest.raises(ValueError, match=r"larger than max_size=1,000\b.* raise max_size"):
        load(io.BytesIO(content), max_size=1000)
    with pytest.raises(ValueError, match=r"more than max_size=100,000\b.* raise max_size"):
        load(io.BytesIO(content), max_size=100_000)


# ---------------------------------------------------------------- damage


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_damage_gives_one_kind_of_error_or_the_right_estimator(content, data):
    place = data.draw(st.integers(0, len(content) - 1))
    n = data.draw(st.integers(1, 64))
    damaged = data.draw(
        st.sampled_from(
            [
                content[:place],
                content[place:],
                content[:place] + content[place + n :],
                content[:place] + content[place : place + n] + content[place:],
                content[:place] + bytes([content[place] ^ (1 << n % 8)]) + content[place + 1 :],
                content[:place] + bytes(n) + content[place + n :],
            ]
        )
    )
    expect_error_or_same(damaged, content)


def test_files_that_load_do_nothing_when_they_are_used():
    """Functions and values that a file may hold, in every place that predicting or transforming reads."""
    pipeline = make_pipeline(
        FunctionTransformer(np.arcsinh, kw_args={"where": True}),
        StandardScaler(),
        DNNClassifier(hidden_layer_sizes=(2,), epochs=1),
    )
    buffer = io.BytesIO()
    presets.save(pipeline.fit(X, y), buffer)
    schema, members = parts(buffer.getvalue())
    text = json.dumps(schema)
    values = [
        plain("float16"),
        plain(-1),
        plain({"class_name": "x"}),
        function("numpy.add"),
        node("TypeNode", "builtins.str"),
    ]
    names = (
        "func",
        "kw_args",
        "build",
        "activation",
        "target",
        "encoder",
        "standardizer",
        "mean",
        "temperature",
        "extent",
    )
    names += (
        "offsets",
        "input_shape",
        "arguments",
        "loss",
        "metrics",
        "optimizer",
        "dtype",
        "classes",
        "init",
        "scale_",
    )
    n_used = 0
    for name, value in itertools.product(names, values):
        changed = json.loads(text, object_hook=lambda found, n=name, v=value: found | ({n: v} if n in found else {}))
        with contextlib.suppress(ValueError):
            use(load(joined(changed, members)))
            n_used += 1
    assert n_used > 20


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(st.data())
def test_changed_trees_give_one_kind_of_error_or_an_estimator(content, data):
    """Damage that no checksum shows: a value in the tree is another."""
    schema, members = parts(content)
    places = []

    def collect(value):
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], dict | list):
                collect(value[key])

    collect(schema)
    holder, key = places[data.draw(st.integers(0, len(places) - 1))]
    holder[key] = data.draw(st.sampled_from([None, 0, -1, "", "x", [], {}, True, 1e300, "NdArrayNode", "ObjectNode"]))
    try:
        loaded = load(joined(schema, members))
        repr(loaded)
    except ValueError:
        return
    use(loaded)


def use(loaded):
    """Whatever a user does with what was loaded; what is wrong in it may fail there, and does nothing else."""
    for method in ("predict", "predict_proba", "transform"):
        tried("calls of what such files gave")
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(loaded, method)(X[:5])
    for show in (lambda: loaded.model_, lambda: loaded._repr_html_(), lambda: loaded.embeddings_):
        with contextlib.suppress(Exception):
            show()


def expect_error_or_same(damaged, content):
    try:
        loaded = load(io.BytesIO(damaged))
    except ValueError as error:
        assert str(error).startswith("The file")  # noqa: PT017
    else:
        np.testing.assert_array_equal(loaded.predict(X[:5]), load(io.BytesIO(content)).predict(X[:5]))


def test_the_hostile_file_of_one_call_does_nothing(tmp_path):
    """As it was found: a call of `from_plain` with a configuration that names a function."""
    config = stored(function_of_keras("keras.config.set_floatx"))
    own = "presets.builders.storage"
    root = call(f"{own}._each", call(f"{own}.from_plain", config), several(plain("float16"), kind="list"))
    with pytest.raises(ValueError, match=REFUSED):
        load(alone(root))
