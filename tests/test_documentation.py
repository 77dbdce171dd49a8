"""What readers copy runs as it stands: every page's code, and every example of a docstring."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import presets
import presets.search

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python( no-run)?\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
EXAMPLES = sorted(path for path in (ROOT / "presets").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8"))
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (presets, presets.search)
    for name in module.__all__
}


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_the_code_of_each_page_runs(page):
    """In one namespace from the top to the bottom; blocks marked ``no-run``, which need a cluster, must compile."""
    text = page.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        lines_before = text[: block.start(2)].count("\n")
        code = compile("\n" * lines_before + block[2], str(page), "exec")
        if not block[1]:
            exec(code, namespace)


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_of_each_page_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]*)?\)", page.read_text(encoding="utf-8"))
    built = re.compile("gallery/|_build/")  # by Sphinx, from the examples
    assert [t for t in targets if not built.match(t) and not (page.parent / t).exists()] == []
    files = re.findall(r"`((?:benchmarks|docs|examples|presets|tests)/[\w/.-]*\w)`", page.read_text(encoding="utf-8"))
    assert [path for path in files if not (ROOT / path).exists()] == []
    examples = [t for t in targets if t.startswith("gallery/plot_")]
    assert [t for t in examples if not (ROOT / "examples" / f"{Path(t).stem}.py").exists()] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=names(EXAMPLES))
def test_examples_of_docstrings_run(path):
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    tests = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    for test in tests:
        test.globs = {}  # an example imports what it uses
        runner.run(test)
    assert tests
    assert runner.failures == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_an_example(name):
    assert ">>> " in PUBLIC[name].__doc__


def test_signatures_have_short_names_of_types():
    methods = [getattr(thing, name) for thing in PUBLIC.values() for name in ("fit", "predict") if hasattr(thing, name)]
    signatures = [str(inspect.signature(thing)) for thing in (*PUBLIC.values(), *methods)]
    assert [text for text in signatures if "numpy." in text] == []


def test_everything_public_stands_in_the_reference_once():
    listed = []
    for page in (ROOT / "docs" / "api").glob("*.rst"):
        module = None
        for directive, value in re.findall(
            r"^\.\. (currentmodule|autoclass|autofunction):: (\S+)", page.read_text(), re.M
        ):
            if directive == "currentmodule":
                module = value
            else:
                listed.append(getattr(importlib.import_module(module), value))
    assert len(listed) == len(set(listed))
    assert [name for name, thing in PUBLIC.items() if thing not in listed] == []
