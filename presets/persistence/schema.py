"""The check of the schema of a file: the tree of nodes from which skops makes an estimator.

skops checks only whether a name is trusted. This module also checks the role of each name. A function is a value, and
reading never calls it. A class gives objects from a dict of attributes. skops itself may call only a few types.
"""

import json
import re
from collections.abc import Container
from typing import Any

from presets.builders.configurations import check_configuration
from presets.persistence import names
from presets.persistence.archive import TEXT_COST, Archive, too_large

MAX_DEPTH = 80
"""Greatest depth of nested nodes. A search over a pipeline of column transformers has a depth of 30."""

NODE_COST = 4096
"""Greatest memory, in bytes, that skops and Python need to read a node."""

LEAVES = ("FunctionNode", "JsonNode", "SliceNode", "TypeNode")

ARRAY = "numpy.ndarray"

CALLED = {
    "BytearrayNode": {"builtins.bytearray"},
    "BytesNode": {"builtins.bytes"},
    "ConstructorFromReduceNode": names.CONSTRUCTED,
    "DTypeNode": {"numpy.dtype"},
    "DictNode": {"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"},
    "ListNode": {"builtins.list"},
    "LossNode": set(),
    "MaskedArrayNode": {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"},
    "NdArrayNode": {ARRAY, *names.SCALARS},
    "PartialNode": set(),
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "SetNode": {"builtins.set"},
    "SparseMatrixNode": set(),
    "TreeNode": set(),
    "TupleNode": {"builtins.tuple"},
}
"""Types that skops may call with values of the file, by kind of node. Others must be types that the user trusts."""

NETWORK = "presets.builders.network.Network"


def compact(schema: dict[str, Any]) -> dict[str, str]:
    """Shorten a schema that skops wrote, in place: an object that appears twice is stored once.

    Returns
    -------
    dict of str to str
        New names of the members, in order, by their old names.
    """
    numbers: dict[Any, int] = {}
    members: dict[str, str] = {}

    def visit(holder, key):
        node = holder[key]
        identity = node.pop("__id__", None)
        if identity in numbers:
            holder[key] = {
                "__class__": node["__class__"],
                "__module__": node["__module__"],
                "__loader__": "CachedNode",
                "__id__": numbers[identity],
            }
            return
        if node["__loader__"] not in LEAVES:
            numbers[identity] = node["__id__"] = len(numbers) + 1
        if "file" in node:
            node["file"] = members.setdefault(node["file"], f"{len(members) + 1}.{node['file'].rpartition('.')[2]}")
        for inner in _children(node):
            visit(*inner)

    visit({"root": schema}, "root")
    return members


class Check:
    """Checks a schema before skops reads it.

    Parameters
    ----------
    archive : Archive
    trusted : collection of str
        Names that the user trusts.
    max_size : int
        Greatest memory for reading, in bytes.

    Attributes
    ----------
    allowed : set of str
        Names in the file that it may contain.
    refused : set of str
        Names in the file that it may not contain.
    """

    def __init__(self, archive: Archive, trusted: Container[str], max_size: int) -> None:
        self.archive, self.trusted, self.max_size = archive, trusted, max_size
        self.allowed: set[str] = set()
        self.refused: set[str] = set()
        self._known: dict[int, tuple[Any, int]] = {}  # node and cost, by the number that other nodes refer to
        self._files: set[str] = set()

    def run(self, schema: dict[str, Any]) -> None:
        """Check the whole tree.

        Raises
        ------
        ValueError
            If `save` never writes such a tree.
        """
        protocol = schema.get("protocol")
        if type(protocol) is not int or protocol < 2:  # older protocols of skops have other nodes
            raise ValueError("it has an unknown protocol of skops")
        cost = self._visit(schema, 0)
        if cost > self.max_size:
            raise too_large(cost, self.max_size)

    def _visit(self, node, depth):
        """Check a node and its parts, and return its cost. An object counts as often as nodes refer to it."""
        if depth > MAX_DEPTH:
            raise ValueError(f"its objects are nested more than {MAX_DEPTH} times")
        loader, identity = node["__loader__"], node.get("__id__")
        if loader == "CachedNode":
            return self._known[identity][1]
        if identity is not None and (type(identity) is not int or identity < 1 or identity in self._known):
            raise ValueError("it holds two objects under one number")
        cost = NODE_COST
        for holder, key in _children(node):
            cost += self._visit(holder[key], depth + 1)
            if cost > self.max_size:
                raise too_large(cost, self.max_size)
        cost += self._check(node, loader, f"{node['__module__']}.{node['__class__']}")
        if identity is not None:
            self._known[identity] = node, cost
        return cost

    def _check(self, node, loader, name):
        """Check the name and the content of a node, and return the memory of the content in bytes."""
        match loader:
            case "FunctionNode":
                self._name(name, names.is_function(name))
            case "TypeNode":
                self._name(name, names.is_type(name))
            case "ObjectNode":
                self._check_object(node, name)
            case "JsonNode":
                check_configuration(json.loads(node["content"]))
                return len(node["content"]) * TEXT_COST
            case "SliceNode":
                if name != "builtins.slice" or not _is_slice(node["content"]):
                    raise ValueError("it holds a slice of unexpected parts")
            case _ if loader in CALLED:
                self._name(name, name in CALLED[loader], is_called=True)
                return self._check_called(node, loader)
            case _:
                raise ValueError(f"it holds a {name}")
        return 0

    def _name(self, name, is_allowed, *, is_called=False):
        if not is_allowed and name in self.trusted and is_called and not isinstance(names.find(name), type):
            raise ValueError(f"it calls {name}")
        (self.allowed if is_allowed or name in self.trusted else self.refused).add(name)

    def _check_object(self, node, name):
        self._name(name, is_allowed := names.is_object(name))
        if not is_allowed or node.get("content") is None:
            return
        state = self._resolved(node["content"])
        if state["__loader__"] == "JsonNode" and json.loads(state["content"]) is None:
            return
        if f"{state['__module__']}.{state['__class__']}" != "builtins.dict":
            raise ValueError(f"it holds a {name} without attributes")
        kind = names.find(name)
        fields = getattr(kind, "__dataclass_fields__", ())  # whose defaults may be functions
        for attribute in state["content"]:
            if attribute.startswith("__") or (callable(getattr(kind, attribute, None)) and attribute not in fields):
                raise ValueError(f"it replaces {name}.{attribute}")
        if name == NETWORK:
            self._check_network(state["content"])

    def _check_network(self, state):
        """Refuse a network whose builder is neither of this package nor trusted by the user."""
        build = self._resolved(state["build"])
        name = f"{build['__module__']}.{build['__class__']}"
        if not (build["__loader__"] == "FunctionNode" and names.is_builder(name)) and name not in self.trusted:
            self.allowed.discard(name)
            self.refused.add(name)

    def _check_called(self, node, loader):
        if loader == "DictNode":
            self._check_dict(node)
        elif loader == "RandomStateNode":
            self._check_random_state(self._resolved(node["content"])["content"])
        elif loader == "RandomGeneratorNode":
            self._check_generator(node["content"])
        elif "file" in node:
            return self._check_file(node["file"], loader)
        elif loader == "NdArrayNode" and (node["type"] != "json" or node["__class__"] != "ndarray"):
            raise ValueError("it holds an array without a file")
        return 0

    def _check_dict(self, node):
        kinds = self._resolved(node["key_types"])["content"]
        if len(kinds) != len(node["content"]):
            raise ValueError("it holds a dict with more keys than values")
        for kind in kinds:
            if kind["__loader__"] != "TypeNode" or f"{kind['__module__']}.{kind['__class__']}" not in names.KEY_TYPES:
                raise ValueError(f"it holds a dict with keys of type {kind['__class__']}")
        if "class_name" in node["content"]:
            check_configuration(self._plain(node))

    def _check_random_state(self, state):
        """Check the position in a random state: numpy would read outside its memory for a wrong one."""
        inner = self._resolved(state["state"])["content"]
        if json.loads(inner["pos"]["content"]) not in range(625):
            raise ValueError("it holds an invalid random state")

    def _check_generator(self, content):
        """Allow only PCG64: the state of numpy's other generators holds a position, which numpy does not check."""
        if self._plain(content["bit_generator"])["bit_generator"] != "PCG64":
            raise ValueError("it holds a random generator other than PCG64")
        if self._plain(content["seed_seq"])["pool_size"] != 4:  # numpy's own size
            raise ValueError("it holds a random generator with a pool of another size")

    def _check_file(self, file, loader):
        suffix = {"NdArrayNode": "npy", "SparseMatrixNode": "npz"}.get(loader, "bin")
        if file in self._files or not re.fullmatch(rf"\d+\.{suffix}", file):
            raise ValueError(f"it holds {file} twice, or with an unexpected type")
        self._files.add(file)
        if suffix == "npy":
            self.archive.check_array(file, self.max_size)
        return self.archive.size_within(file) if suffix == "npz" else self.archive.sizes[file]

    def _resolved(self, node):
        return self._known[node["__id__"]][0] if node["__loader__"] == "CachedNode" else node

    def _plain(self, node):
        """The value of a node, if it is plain data."""
        node = self._resolved(node)
        match node["__loader__"]:
            case "JsonNode":
                return json.loads(node["content"])
            case "DictNode":
                return {key: self._plain(part) for key, part in node["content"].items()}
            case "ListNode" | "TupleNode":
                return [self._plain(part) for part in node["content"]]
        return None


def _children(node):
    """The places of the nodes inside a node, in the order in which skops reads them."""
    content = node.get("content")
    match node["__loader__"]:
        case "DictNode":
            return [(node, "key_types"), *((content, key) for key in content)]
        case "ListNode" | "TupleNode" | "SetNode":
            return [(content, place) for place in range(len(content))]
        case "NdArrayNode" if node["type"] == "json":
            return [*((content, place) for place in range(len(content))), (node, "shape")]
        case "ConstructorFromReduceNode" | "DTypeNode" | "RandomStateNode":
            return [(node, "content")]
        case "ObjectNode":
            return [(node, "content")] if content is not None else []
        case "MaskedArrayNode":
            return [(content, "data"), (content, "mask")]
        case "PartialNode":
            return [(content, part) for part in ("func", "args", "kwds", "namespace")]
        case "RandomGeneratorNode":
            return [(content, "bit_generator"), (content, "seed_seq")]
        case "LossNode" | "TreeNode":
            return [(node, "content"), (node["__reduce__"], "args")]
    return []


def _is_slice(content):
    return content.keys() == {"start", "stop", "step"} and all(
        type(part) in (int, str, type(None)) for part in content.values()
    )
