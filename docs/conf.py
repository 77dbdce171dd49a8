"""How Sphinx builds the site: ``tox -e docs``. The gallery runs every example once; nothing is fetched."""

import os
import re

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import presets

project = "presets"
author = "The presets maintainers"
copyright = "The presets maintainers. License: Apache-2.0"
version = release = presets.__version__

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build", "gallery/*.ipynb", "gallery/*.py"]
default_role = "py:obj"
add_module_names = False
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False  # autodoc writes methods and properties below their class

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "plot_",
    "ignore_pattern": r"(quiet_start|ray_search)\.py$",  # no example, and one that needs Ray
    "nested_sections": False,  # examples/data has no examples
    "run_stale_examples": True,  # the examples are a check of the package, so each build runs them all
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "parallel": 2,  # processes, since an example keeps one core busy
}

html_theme = "furo"
html_title = "presets"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False

# Files of the repository that are pages of the site: links that work in a clone work here, too
PAGES = {
    "../SECURITY.md": "security.md",
    "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../benchmarks/README.md": "benchmarks.md",
}


def link_pages(app, docname, source):
    """Turn links to files of the repository into links to pages."""
    for path, page in PAGES.items():
        source[0] = source[0].replace(f"]({path}", f"]({page}")
    source[0] = re.sub(r"\]\(\.\./examples/(plot_\w+)\.py", r"](gallery/\1.rst", source[0])


def leave_out(app, what, name, member, skip, options):
    """Leave out what scikit-learn and Keras document: only what this package adds stands in the reference."""
    function = member.fget if isinstance(member, property) else member
    module = getattr(function, "__module__", None) or ""
    return skip or not module.startswith("presets")


def shorten(app, what, name, thing, options, signature, returns):
    """Leave the signature of an estimator to the list of its parameters, which has the defaults as well."""
    return ("(**parameters)" if what == "class" and len(signature or "") > 300 else signature), returns


def setup(app):
    """Connect the functions above."""
    app.connect("autodoc-process-signature", shorten)
    app.connect("source-read", link_pages)
    app.connect("autodoc-skip-member", leave_out)
