"""The article's numbers stand once, and signatures and presets read from there."""

import inspect
import re

import pytest

import presets
from presets import DNNClassifier, DNNRegressor, article

ESTIMATORS = [DNNClassifier, DNNRegressor]

# The defaults of dense networks
CHECKLIST = {
    "hidden_layer_sizes": (128, 128),
    "activation": "relu",
    "init": "auto",
    "init_stddev": 0.02,
    "init_scale": 1.0,
    "dropout": 0.2,
    "l1": 0.0,
    "l2": 0.0,
    "standardize": True,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "momentum": 0.0,
    "nesterov": False,
    "clipnorm": 5.0,
    "global_clipnorm": None,
    "batch_size": 128,
    "epochs": "auto",
    "patience": "auto",
    "lr_factor": 0.5,
    "min_lr_factor": 1e-3,
    "monitor": "val_loss",
    "validation_fraction": 0.1,
    "restore_best_weights": True,
    "shuffle": True,
    "loss": "auto",
    "metrics": None,
    "warm_start": False,
    "callbacks": None,
    "steps_per_execution": "auto",
    "dtype": "float32",
    "random_state": None,
    "verbose": 0,
}

# What the article prints, by its items
PRINTED = {
    "A3": {"BATCH_SIZE": 128},
    "A5.2": {"LEARNING_RATE": 0.1, "SEARCH_LEARNING_RATE": (1e-5, 0.1)},
    "A5.3": {"LR_FACTOR": 1 / 2, "SEARCH_LR_FACTOR": (1 / 2, 1 / 5)},
    "A5.4": {"UPDATE_RATIO": 1e-3},
    "A7.1": {"INIT_STDDEV": 0.02},
    "A7.2": {"INIT_SCALE": 1.0, "SEARCH_INIT_SCALE": (0.1, 1.0)},
    "A8": {"CLIPNORM": 5.0, "SEARCH_CLIPNORM": (5.0, 15.0)},
    "S3": {"DROPOUT": 0.2, "DROPOUT_COMPLEX": 0.5, "SEARCH_DROPOUT": (0.2, 0.5)},
}


def defaults(estimator):
    return {name: parameter.default for name, parameter in inspect.signature(estimator).parameters.items()}


@pytest.mark.parametrize("item", PRINTED)
def test_numbers_are_those_that_the_article_prints(item):
    assert {name: getattr(article, name) for name in PRINTED[item]} == PRINTED[item]


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_signature_holds_the_checklist(estimator):
    found = defaults(estimator)
    assert {name: found[name] for name in CHECKLIST} == CHECKLIST


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_presets_override_real_parameters(estimator):
    for name, overrides in article.DNN_PRESETS.items():
        assert overrides.keys() <= defaults(estimator).keys(), name
        assert all(value != defaults(estimator)[parameter] for parameter, value in overrides.items()), name
    assert article.DNN_PRESETS["article"] == {}


def test_presets_cannot_be_changed():
    with pytest.raises(TypeError):
        article.DNN_PRESETS["mine"] = {}


@pytest.mark.parametrize(
    ("updates_per_epoch", "epochs", "patience"),
    [(1, 8000, 150), (6, 1334, 25), (15, 534, 10), (80, 100, 10), (81, 100, 10), (10_000, 100, 10)],
)
def test_budget_of_dense_networks(updates_per_epoch, epochs, patience):
    assert article.DNN_BUDGET.n_epochs(updates_per_epoch) == epochs
    assert article.DNN_BUDGET.patience(updates_per_epoch) == patience


@pytest.mark.parametrize(("epochs", "n_averaged"), [(1, 1), (100, 1), (199, 1), (200, 2), (2667, 26)])
def test_only_long_trainings_of_dense_networks_average(epochs, n_averaged):
    assert article.DNN_BUDGET.n_averaged(epochs) == n_averaged
    assert article.LSTM_BUDGET.n_averaged(epochs) == article.CNN_BUDGET.n_averaged(epochs) == 1


def test_recurrent_networks_wait_longer():
    assert [article.LSTM_BUDGET.patience(updates) for updates in (2, 100)] == [250, 10]


def test_budgets_of_the_families():
    assert [
        (budget.epochs, budget.updates) for budget in (article.DNN_BUDGET, article.LSTM_BUDGET, article.CNN_BUDGET)
    ] == [(100, 8000), (50, 4000), (20, 3000)]


@pytest.mark.parametrize("presets", [article.DNN_PRESETS, article.LSTM_PRESETS, article.CNN_PRESETS])
def test_every_family_has_the_article_first(presets):
    assert next(iter(presets)) == "article"


@pytest.mark.parametrize("name", presets.__all__)
def test_documented_defaults_are_those_of_the_signature(name):
    public = getattr(presets, name)
    documented = dict(re.findall(r"^(\w+) : .*, default=(.*)$", inspect.getdoc(public), flags=re.MULTILINE))
    defaults = {key: parameter.default for key, parameter in inspect.signature(public).parameters.items()}
    for parameter, default in documented.items():
        expected = getattr(defaults[parameter], "__name__", repr(defaults[parameter]))
        assert default.replace('"', "'") == expected, parameter
