"""The documentation of the parameters, and where nothing is written."""

import inspect
import re

import pandas as pd
from estimator_list import (
    X,
    quick,
    target,
)
from fits import (
    every_estimator,
    fit,
    plain_estimator,
)


@every_estimator
def test_documented_defaults_are_those_of_the_signature(estimator):
    section = inspect.getdoc(estimator).split("Attributes\n")[0]
    documented = dict(re.findall(r"^(\w+) : .*, default=(.*)$", section, flags=re.MULTILINE))
    signature = inspect.signature(estimator).parameters
    defaults = {name: parameter.default for name, parameter in signature.items()}
    assert documented == {name: getattr(value, "__name__", repr(value)) for name, value in defaults.items()}


@every_estimator
def test_documented_attributes_exist_after_fit(estimator):
    section = inspect.getdoc(estimator).split("Attributes\n")[1]
    model = quick(estimator).fit(pd.DataFrame(X, columns=list("abcd")), target(estimator))
    names = re.findall(r"^(\w+) : ", section, flags=re.MULTILINE)
    assert {"model_", "history_", "n_epochs_", "init_"} <= set(names)
    for name in names:
        assert hasattr(model, name), name


@plain_estimator
def test_nothing_is_written_to_the_working_directory(estimator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit(estimator)
    assert list(tmp_path.iterdir()) == []
