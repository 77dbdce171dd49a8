"""Pictures of fits (S4): what they show is what the fit recorded."""

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets import (
    AugmentationDisplay,
    DNNClassifier,
    RepeatedRunsDisplay,
    TrainingCurveDisplay,
    UpdateRatioDisplay,
    repeated_runs,
)
from presets.estimators import CNNClassifier

matplotlib.use("Agg")
X, LABELS = load_digits(return_X_y=True)
X, LABELS = X[:300], LABELS[:300]


@pytest.fixture(scope="module")
def fitted():
    network = DNNClassifier(
        hidden_layer_sizes=(16,), epochs=12, patience=1, min_delta=10.0, metrics=["accuracy"], random_state=0
    )
    return make_pipeline(StandardScaler(), network).fit(X, LABELS)


@pytest.fixture
def axes():
    import matplotlib.pyplot as plt

    yield plt.subplots()[1]
    plt.close("all")


def labels(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def test_training_curves(fitted, axes):
    display = TrainingCurveDisplay.from_estimator(fitted, ax=axes)
    history = fitted[-1].history_
    training, validation = display.lines_
    np.testing.assert_array_equal(training.get_ydata(), history["loss"])
    np.testing.assert_array_equal(validation.get_ydata(), history["val_loss"])
    np.testing.assert_array_equal(training.get_xdata(), np.arange(1, len(history["loss"]) + 1))
    assert display.ax_ is axes
    assert display.figure_ is axes.figure


def test_steps_of_the_rate_and_the_best_epoch_are_marked(fitted, axes):
    display = TrainingCurveDisplay.from_estimator(fitted, ax=axes)
    rates = fitted[-1].history_["learning_rate"]
    n_steps = np.count_nonzero(np.diff(rates))
    assert n_steps > 5
    assert len(axes.lines) == 2 + n_steps + 1
    assert f"learning rate lowered, finally to {rates[-1]:.2g} (A5.3)" in labels(display)
    assert "best epoch" in labels(display)


def test_curves_of_another_metric(fitted, axes):
    display = TrainingCurveDisplay.from_estimator(fitted, metric="accuracy", ax=axes)
    assert axes.get_ylabel() == "accuracy"
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), fitted[-1].history_["val_accuracy"])
    with pytest.raises(ValueError, match=r"metric='f1' is not in history_, which has .*val_loss"):
        TrainingCurveDisplay.from_estimator(fitted, metric="f1")


def test_update_ratios(fitted, axes):
    display = UpdateRatioDisplay.from_estimator(fitted, ax=axes)
    history = fitted[-1].history_
    assert list(display.lines_) == ["hidden_1", "outputs", "all weights"]
    np.testing.assert_array_equal(display.lines_["all weights"].get_ydata(), history["update_ratio"])
    np.testing.assert_array_equal(display.lines_["outputs"].get_ydata(), history["update_ratio/outputs"])
    assert "good range, 0.0001 to 0.01" in labels(display)
    assert axes.get_yscale() == "log"


def test_repeated_runs(axes):
    runs = repeated_runs(LogisticRegression(max_iter=50), X / 16, LABELS, n_repeats=3, cv=2)
    display = RepeatedRunsDisplay.from_runs({"one": runs, "two": runs}, ax=axes)
    first, _ = display.points_
    np.testing.assert_array_equal(np.sort(first.get_offsets()[:, 1]), np.sort(runs.scores.ravel()))
    mean_line, *_ = display.errorbars_[0]
    assert mean_line.get_ydata() == [runs.mean]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["one", "two"]
    assert axes.get_title() == "3 repeats of 2 folds, mean and 95% interval"


def test_repeated_runs_from_an_estimator(axes):
    display = RepeatedRunsDisplay.from_estimator(
        LogisticRegression(max_iter=50), X / 16, LABELS, n_repeats=2, cv=2, ax=axes
    )
    assert list(display.runs) == ["LogisticRegression"]
    assert RepeatedRunsDisplay.from_runs(display.runs["LogisticRegression"]).ax_ is not axes


def test_augmented_images():
    images = X.reshape(-1, 8, 8)
    network = CNNClassifier(filters=(2,), dense_units=4, epochs=1, init="scaled", random_state=0).fit(images, LABELS)
    display = AugmentationDisplay.from_estimator(network, images, n_images=2, n_changes=3)
    assert display.images.shape == (2, 4, 8, 8, 1)
    assert display.axes_.shape == (2, 4)
    np.testing.assert_allclose(display.images[:, 0, :, :, 0], images[:2], atol=1e-4)
    assert np.abs(np.diff(display.images, axis=1)).max(axis=(2, 3, 4)).min() > 0.5
    again = AugmentationDisplay.from_estimator(network, images, n_images=2, n_changes=3)
    np.testing.assert_array_equal(again.images, display.images)


def test_nothing_to_augment(fitted):
    with pytest.raises(ValueError, match="DNNClassifier has augmentation=None"):
        AugmentationDisplay.from_estimator(fitted, X)
