"""A small classification problem and the pieces to train a network on it without an estimator."""

import numpy as np
from sklearn.datasets import make_classification

from presets.builders.dnn import build_dnn
from presets.builders.initializers import kernel_initializer
from presets.builders.network import Network
from presets.data.rows import Rows
from presets.data.standardize import Standardizer
from presets.training.dataset import Dataset
from presets.training.loop import train
from presets.training.optimizers import optimizer_config
from presets.training.plan import Plan, Rules
from presets.training.pool import program_class
from presets.training.recipe import Recipe

N_FEATURES, N_CLASSES = 6, 3
OPTIMIZER = {"learning_rate": 0.1, "momentum": 0.0, "nesterov": False, "clipnorm": 5.0, "global_clipnorm": None}


def make_data(n_samples=150, weighted=False):
    """Standardised features, class codes and weights or None."""
    x, y = make_classification(
        n_samples, N_FEATURES, n_informative=5, n_redundant=0, n_classes=N_CLASSES, random_state=0
    )
    weights = np.random.default_rng(1).uniform(0.2, 2.0, n_samples).astype("float32") if weighted else None
    rows = Rows(x, Standardizer.identity(N_FEATURES), "float32")
    return Dataset(rows, y.astype("int32"), weights)


def make_recipe(
    build=build_dnn, *, optimizer="sgd", metrics=("accuracy",), dtype="float32", dropout=0.0, l2=0.0, **constants
):
    """A recipe for a small network."""
    arguments = {
        "hidden_layer_sizes": (8,),
        "activation": "relu",
        "kernel_initializer": kernel_initializer("scaled", init_stddev=0.02, init_scale=1.0),
        "dropout": dropout,
        "l1": 0.0,
        "l2": l2,
        "dtype": dtype,
        "seed": 0,
    }
    network = Network(build, (N_FEATURES,), N_CLASSES, arguments)
    return Recipe(network, "softmax", "auto", metrics, optimizer_config(optimizer, **{**OPTIMIZER, **constants}), dtype)


def make_rules(**changes):
    """Rules of a short training whose last batch is short."""
    rules = {
        "epochs": 4,
        "batch_size": 32,
        "patience": 100,
        "monitor": "val_loss",
        "n_averaged": 1,
        "lr_factor": 0.5,
        "min_lr_factor": 1e-3,
        "min_delta": 1e-4,
        "min_lr_of_best": 0.0,
        "restore_best_weights": False,
        "shuffle": True,
        "by_steps": False,
    }
    return Rules(**rules | changes)


def run(recipe, dataset, rules, *, program=None, n_training=120, seed=3, **options):
    """Train from weights drawn with `seed`; give the outcome and the program."""
    rows = np.arange(len(dataset))
    with program_class().scope(recipe):
        program = program or program_class()(recipe, dataset.take(rows[:1]))
        program.load(program.draw(seed), recipe, seed=seed)
        outcome = train(program, make_plan(dataset, rules, n_training, seed), **options)
    return outcome, program


def make_plan(dataset, rules, n_training=120, seed=3):
    """Train on the first rows and validate on the others."""
    rows = np.arange(len(dataset))
    return Plan(
        training=dataset,
        rows=rows[:n_training],
        validation=dataset,
        validation_rows=rows[n_training:],
        rules=rules,
        rng=np.random.default_rng(seed),
    )
