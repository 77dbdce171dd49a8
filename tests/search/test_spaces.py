"""The article's search spaces hold what the article says, for each family, wherever its network stands."""

import itertools

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import CNNClassifier, DNNClassifier, DNNRegressor, KerasClassifier, LSTMClassifier
from presets.estimators.base import design_of
from presets.search import Choice, LogUniform, SearchSpace, cnn_space, dnn_space, lstm_space, space_for, training_space

FAMILIES = [
    (dnn_space, DNNClassifier),
    (dnn_space, DNNRegressor),
    (lstm_space, LSTMClassifier),
    (cnn_space, CNNClassifier),
    (training_space, KerasClassifier),
]


def test_the_article_in_the_space():
    space = dnn_space()
    assert space["learning_rate"] == LogUniform(1e-5, 0.1)
    assert space["lr_factor"] == Choice(1 / 2, 1 / 5)
    assert space["clipnorm"] == Choice(5.0, 15.0)
    assert space["dropout"] == Choice(0.2, 0.5)
    assert set(space["optimizer"].settings_of) == {"sgd", "nesterov", "adagrad", "rmsprop", "adam"}
    assert {"init": "scaled", "init_scale": 0.1} in space["init"].settings_of.values()
    assert all(size & (size - 1) == 0 for sizes in space["hidden_layer_sizes"].values for size in sizes)
    assert all(size & (size - 1) == 0 for size in space["batch_size"].values)


@pytest.mark.parametrize(("space", "estimator"), FAMILIES)
def test_an_estimator_takes_every_parameter(space, estimator):
    assert space_for(estimator()) == space()
    for params in ParameterSampler(space().distributions(), 20, random_state=0):
        design_of(estimator(**params)).check()


@pytest.mark.parametrize(("space", "estimator"), FAMILIES)
def test_the_defaults_are_in_the_space(space, estimator):
    own = estimator().get_params()
    found = space().settings(space().hyperparameters(own).values)
    assert {name for name in found if found[name] != own[name]} <= {"l1", "l2"}  # 0 is off, a range begins above it


def test_prefix_of_a_step():
    pipeline = make_pipeline(StandardScaler(), DNNClassifier())
    assert space_for(pipeline).parameters == dnn_space().prefixed("dnnclassifier__").parameters


@pytest.mark.parametrize("estimator", [LogisticRegression(), make_pipeline(StandardScaler())])
def test_other_estimators_need_a_space(estimator):
    with pytest.raises(ValueError, match="set space"):
        space_for(estimator)


def test_one_kind_of_clipping_excludes_the_other():
    assert "clipnorm" not in space_for(DNNClassifier(clipnorm=None, global_clipnorm=5.0))


def test_spaces_are_independent():
    assert isinstance(dnn_space() | {"epochs": [3]}, SearchSpace)
    assert "epochs" not in dnn_space()


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        *itertools.product([DNNClassifier, DNNRegressor, LSTMClassifier, CNNClassifier], ["quick", "tuned"]),
        *itertools.product([DNNClassifier, DNNRegressor], ["realmlp"]),
    ],
)
def test_the_space_of_a_preset_with_a_schedule_begins_with_its_values(estimator, name):
    network = estimator.from_preset(name)
    space = space_for(network)
    assert {"learning_rate", "lr_schedule", "weight_decay", "dropout"} <= set(space)
    assert ("label_smoothing" in space) == (estimator is not DNNRegressor)
    assert ("numeric_embedding" in space) == (estimator in (DNNClassifier, DNNRegressor))
    assert ({"block", "se_ratio"} <= set(space)) == (estimator is CNNClassifier)
    assert not {"optimizer", "lr_factor", "init", "clipnorm"} & set(space)
    own = network.get_params()
    found = space.settings(space.hyperparameters(own).values)
    changed = {parameter for parameter in found if found[parameter] != own[parameter]}
    assert changed <= {"weight_decay"}  # 0 is off, a range begins above it
    for params in ParameterSampler(space.distributions(), 10, random_state=0):
        design_of(estimator.from_preset(name, **params)).check()


def test_the_network_s_own_augmentation_is_in_the_space():
    space = space_for(CNNClassifier.from_preset("quick", augmentation="shift_flip"))
    assert set(space["augmentation"].values) == {None, "shift", "cutout", "shift_flip"}
