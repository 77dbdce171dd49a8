"""`diagnose` names the planted cause first, with its figures, and raises no alarm on healthy runs."""

import re
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from presets import DNNClassifier, DNNRegressor, EnsembleClassifier, diagnose

RNG = np.random.default_rng(0)
DIGITS, LABELS = load_digits(return_X_y=True)
DIABETES, VALUES = load_diabetes(return_X_y=True)
FIVE_EACH = np.concatenate([np.flatnonzero(digit == LABELS)[:5] for digit in range(10)])
NOISE = np.where(RNG.random(400) < 0.4, RNG.integers(10, size=400), LABELS[:400])


def classifier(**parameters):
    return DNNClassifier(**{"epochs": 30, "random_state": 0} | parameters)


def regressor(**parameters):
    return DNNRegressor(**{"epochs": 30, "random_state": 0} | parameters)


def shifted_relu(x):
    return keras.ops.relu(x - 100)


# name of the fault: code of the finding, estimator, X, y, what the text says
FAULTS = {
    "rate 100 times too large": (
        "rate_too_large",
        classifier(learning_rate=10.0),
        DIGITS,
        LABELS,
        r"the loss of a constant prediction \(2\.302\).*Lower learning_rate=10 to 1 or less.*A5\.4",
    ),
    "rate too large for values": (
        "rate_too_large",
        regressor(learning_rate=10.0),
        DIABETES,
        VALUES,
        r"constant prediction \(1\)\. The update ratio reached .*; about 0\.001 is right",
    ),
    "rate 1000 times too small": (
        "rate_too_small",
        classifier(learning_rate=1e-4),
        DIGITS,
        LABELS,
        r"The update ratio was at most \d(\.\d)?e-06;",
    ),
    "rate too small for values": (
        "rate_too_small",
        regressor(learning_rate=1e-4),
        DIABETES,
        VALUES,
        r"Raise learning_rate=0\.0001; .* times this rate gives the right ratio",
    ),
    "0.02 in 8 layers": (
        "signal_vanishes",
        classifier(hidden_layer_sizes=(64,) * 8, init="normal"),
        DIGITS,
        LABELS,
        r"from layer 'hidden_1' to 'hidden_8' it shrinks to .*e-07 .*init='normal'.*A7\.4",
    ),
    "unscaled inputs": (
        "unscaled",
        classifier(standardize=False),
        *load_wine(return_X_y=True),
        r"column 12 has a root mean square of 8\d\d;.*standardize=True.*A2",
    ),
    "shuffled labels": (
        "labels_unrelated",
        classifier(),
        DIGITS,
        RNG.permutation(LABELS),
        r"training loss is 2\.3\d* \(constant prediction: 2\.302\) and the lowest validation loss is 2\.30\d.*A1",
    ),
    "shuffled values": (
        "labels_unrelated",
        regressor(epochs=60),
        DIABETES,
        RNG.permutation(VALUES),
        r"X says nothing about y: the lowest training loss is .* prediction: 1\).*rows of X and y belong together",
    ),
    "5 rows a class": ("few_rows_per_class", classifier(), DIGITS[FIVE_EACH], LABELS[FIVE_EACH], "0 has 5"),
    "dead units": (
        "dead_units",
        classifier(activation=shifted_relu),
        DIGITS,
        LABELS,
        r"all 128 rows of a batch.*: 100% in layer 'hidden_1', 100% in layer 'hidden_2'.*A7",
    ),
    "clipped all the time": (
        "clipped",
        classifier(clipnorm=1e-3),
        DIGITS,
        LABELS,
        r"100% of all steps were clipped by clipnorm=0\.001.*Raise clipnorm to 5 or 15.*A8",
    ),
    "clipped all the time, globally": (
        "clipped",
        classifier(clipnorm=None, global_clipnorm=1e-2),
        DIGITS,
        LABELS,
        r"100% of all steps were clipped by global_clipnorm=0\.01",
    ),
    "too few epochs": (
        "too_few_epochs",
        classifier(epochs=3),
        DIGITS,
        LABELS,
        r"after 3 epochs \(39 updates\) with val_loss at 2\.29.*Raise epochs=3",
    ),
    "still falling": (
        "too_few_epochs",
        classifier(epochs=60),
        *load_iris(return_X_y=True),
        r"60 epochs \(120 updates\)",
    ),
    "overfit": (
        "overfit",
        classifier(dropout=0, epochs=150, momentum=0.9, patience=1000),
        DIGITS[:400],
        NOISE,
        r"lowest validation loss was .*, in epoch \d+\. The weights of epoch \d+ are kept.*dropout=0 or l2=0",
    ),
    "leaked target": (
        "leaked_target",
        classifier(),
        np.c_[DIGITS, LABELS],
        LABELS,
        "Column 64 of X determines y exactly: it has one constant value for each class",
    ),
    "constant target": (
        "constant_target",
        regressor(),
        DIABETES,
        np.full(len(VALUES), 3.0),
        "y is 3 in all 442 rows",
    ),
    "repeated rows with other labels": (
        "conflicting_labels",
        classifier(),
        np.r_[DIGITS[:600], DIGITS[:600]],
        np.r_[LABELS[:600], (LABELS[:600] + 1) % 10],
        r"600 of 1200 rows repeat another row, some with a different y: no model can predict more than 50\.0%",
    ),
    "imbalance": (
        "imbalance",
        classifier(),
        np.r_[DIGITS[LABELS == 0], DIGITS[LABELS == 1][:12]],
        np.r_[np.zeros(178), np.ones(12)],
        r"Class 0\.0 has 178 rows, 14\.8 times as many as class 1\.0 with 12",
    ),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_planted_fault_is_the_first_finding(fault):
    code, estimator, X, y, text = FAULTS[fault]
    report = diagnose(estimator.fit(X, y))
    assert report.codes[0] == code, str(report)
    assert report.alarms
    assert re.search(text, str(report[0]), flags=re.DOTALL), str(report[0])


HEALTHY = {
    "digits": (classifier(epochs=60), DIGITS, LABELS),
    "digits, adaptive": (classifier(epochs=40, optimizer="rmsprop", learning_rate=1e-3), DIGITS, LABELS),
    "iris": (classifier(epochs=200), *load_iris(return_X_y=True)),
    "wine": (classifier(epochs=200), *load_wine(return_X_y=True)),
    "breast cancer": (classifier(epochs=100), *load_breast_cancer(return_X_y=True)),
    "diabetes": (regressor(epochs=60), DIABETES, VALUES),
    "diabetes, momentum": (regressor(epochs=60, momentum=0.9, nesterov=True), DIABETES, VALUES),
}


@pytest.mark.parametrize("run", HEALTHY)
def test_healthy_run_raises_no_alarm(run):
    estimator, X, y = HEALTHY[run]
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        estimator.fit(X, y)
    report = diagnose(estimator)
    assert report.alarms == (), str(report)


def test_title_tells_how_training_went():
    network = classifier(epochs=4).fit(DIGITS[:300], LABELS[:300])
    best = f"best epoch {network.best_epoch_ + 1}; init normal"
    assert diagnose(network).title == f"DNNClassifier: 4 epochs, ended by epochs; rate 0.1 to 0.1 by plateau; {best}"


def test_loss_that_is_not_finite():
    with pytest.warns(UserWarning, match="loss became"):
        network = regressor(learning_rate=1e30, clipnorm=None).fit(DIABETES, VALUES)
    finding = diagnose(network)[0]
    assert finding.code == "non_finite_loss"
    assert f"in epoch {finding.figure} at learning_rate=1e+30" in finding.what


def test_notes_have_their_figures():
    network = classifier(epochs=150, validation_fraction=0).fit(*load_wine(return_X_y=True))
    notes = {finding.code: finding for finding in diagnose(network)}
    assert "A batch of 128 is 72% of the 178 training rows" in notes["large_batch"].what
    assert "no validation rows (all 178 rows" in notes["no_validation"].what


def test_underfit_is_a_note():
    X = RNG.normal(size=(600, 3))
    y = X[:, 0] + 2 * RNG.normal(size=600)
    network = regressor(epochs=150).fit(X, y)
    notes = {finding.code: finding for finding in diagnose(network)}
    assert "underfit" in notes, str(diagnose(network))
    share = network.history_["loss"][-1] / network.health_.constant_loss[0]
    assert f"still {share:.0%} of the loss of a constant prediction" in notes["underfit"].what


@pytest.mark.parametrize(
    "wrap",
    [
        lambda network: make_pipeline(StandardScaler(), network),
        lambda network: GridSearchCV(network, {"dropout": [0.1]}, cv=2),
        lambda network: make_pipeline(StandardScaler(), GridSearchCV(network, {"dropout": [0.1]}, cv=2)),
    ],
    ids=["pipeline", "search", "search in a pipeline"],
)
def test_network_is_found_in_what_is_around_it(wrap):
    fitted = wrap(classifier(epochs=2)).fit(DIGITS[:200], LABELS[:200])
    assert diagnose(fitted).title.startswith("DNNClassifier: 2 epochs")


def test_what_holds_no_network():
    with pytest.raises(TypeError, match="is no fitted network of presets"):
        diagnose(LogisticRegression().fit(*load_iris(return_X_y=True)))
    with pytest.raises(NotFittedError):
        diagnose(classifier())


def test_members_of_an_ensemble_are_judged_together():
    X, y = load_wine(return_X_y=True)
    ensemble = EnsembleClassifier(DNNClassifier(epochs=2, hidden_layer_sizes=(8,), learning_rate=1e-6), n_members=2)
    report = diagnose(make_pipeline(StandardScaler(), ensemble).fit(X, y))
    assert "2 members" in str(report)
    assert len(set(report.codes)) == len(report.codes)
    [finding] = [finding for finding in report if finding.code == "rate_too_small"]
    assert finding.what.startswith("In 2 of 2 members")
    with pytest.raises(TypeError, match="is no fitted network of presets"):
        diagnose(EnsembleClassifier(LogisticRegression(max_iter=5000), n_members=2).fit(X, y))


def test_a_negative_loss_is_no_explosion():
    """A likelihood may begin below zero."""
    X, y = load_diabetes(return_X_y=True)
    network = DNNRegressor(loss="poisson", epochs=3, hidden_layer_sizes=(8,), random_state=0).fit(X, y)
    assert network.history_["loss"][0] < 0
    assert "rate_too_large" not in diagnose(network).codes


def test_columns_behind_other_steps_have_their_names():
    frame = pd.DataFrame({"city": np.repeat(["a", "b"], 60), "size": np.random.default_rng(0).normal(size=120)})
    encode = make_column_transformer((OneHotEncoder(sparse_output=False), ["city"]), (StandardScaler(), ["size"]))
    pipeline = make_pipeline(encode, DNNClassifier(hidden_layer_sizes=(4,), epochs=1, random_state=0))
    y = np.repeat([0, 1], 60)
    pipeline.fit(frame, y)
    [finding] = [finding for finding in diagnose(pipeline) if finding.code == "leaked_target"]
    assert finding.columns == ("onehotencoder__city_a", "onehotencoder__city_b")
    assert "0 is 'onehotencoder__city_a', 1 is 'onehotencoder__city_b'" in finding.what
    assert "city_a" in str(diagnose(GridSearchCV(pipeline, {"dnnclassifier__dropout": [0.0]}, cv=2).fit(frame, y)))
