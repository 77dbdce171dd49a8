"""Plots of fits (S4) with the interface of scikit-learn's displays. Matplotlib is imported at the first plot."""

from __future__ import annotations  # help() then shows the names of types

from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np

from presets import article
from presets.estimators._fitted import fitted_network
from presets.estimators.base import design_of
from presets.estimators.validation import check_X
from presets.evaluation.networks import find_network
from presets.evaluation.repeated_runs import RepeatedRuns, repeated_runs
from presets.typing import Array, Features, Values

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.lines import Line2D


class TrainingCurveDisplay:
    """Training and validation values over the epochs, with the changes of the learning rate and the best epoch.

    Use `from_estimator`.

    Parameters
    ----------
    history : dict of str to list of float
        `history_` of an estimator.
    metric : str, default="loss"
        Name of the training value. The validation value is named ``val_<metric>``.
    best_epoch : int, default=-1
        Index of the epoch whose weights are kept; -1 draws none.

    Attributes
    ----------
    lines_ : list of matplotlib Line2D
        Training and, if there is one, validation.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, TrainingCurveDisplay
    >>> network = DNNClassifier(epochs=5, random_state=0).fit(*load_iris(return_X_y=True))
    >>> display = TrainingCurveDisplay.from_estimator(network)
    >>> [line.get_label() for line in display.lines_]
    ['training', 'validation']
    """

    def __init__(self, history: dict[str, list[float]], *, metric: str = "loss", best_epoch: int = -1) -> None:
        self.history, self.metric, self.best_epoch = history, metric, best_epoch

    @classmethod
    def from_estimator(cls, estimator: Any, *, metric: str = "loss", ax: Axes | None = None) -> Self:
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network, or a fitted `Pipeline` or search that contains one.
        metric : str, default="loss"
            A name in `history_`.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        TrainingCurveDisplay

        Raises
        ------
        ValueError
            If `history_` has no such name.
        """
        network = find_network(estimator)
        if metric not in network.history_:
            raise ValueError(f"metric={metric!r} is not in history_, which has {', '.join(network.history_)}.")
        return cls(network.history_, metric=metric, best_epoch=network.best_epoch_).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        self
        """
        ax = self.ax_ = _axes(ax)
        self.figure_ = ax.figure
        epochs = np.arange(1, len(self.history["loss"]) + 1)
        self.lines_: list[Line2D] = [
            ax.plot(epochs, self.history[name], label=label)[0]
            for name, label in ((self.metric, "training"), (f"val_{self.metric}", "validation"))
            if name in self.history
        ]
        rates = np.array(self.history["learning_rate"])
        changes = np.flatnonzero(np.diff(rates)) + 2
        ratios = rates[changes - 1] / rates[changes - 2]
        follows_schedule = not np.allclose(ratios, ratios[:1], rtol=1e-3)  # the plateau rule has one factor
        for number, epoch in enumerate([] if follows_schedule else changes.tolist()):
            label = f"learning rate lowered, finally to {rates[-1]:.2g} (A5.3)" if number == 0 else None
            ax.axvline(epoch, color="gray", linestyle=":", linewidth=0.8, label=label)
        if self.best_epoch >= 0:
            ax.axvline(self.best_epoch + 1, color="green", linestyle="--", linewidth=1, label="best epoch")
        ax.set(xlabel="epoch", ylabel=self.metric)
        ax.legend()
        return self


class UpdateRatioDisplay:
    """Update ratio over the epochs, of all weights and of each layer, with the good range around 1e-3 (A5.4).

    The update ratio is ``norm(update) / norm(weights)``. Use `from_estimator`.

    Parameters
    ----------
    history : dict of str to list of float
        `history_` of an estimator.

    Attributes
    ----------
    lines_ : dict of str to matplotlib Line2D
        The keys are "all weights" and the names of the layers.
    band_ : matplotlib artist
        The range of good ratios.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, UpdateRatioDisplay
    >>> network = DNNClassifier(epochs=5, random_state=0).fit(*load_iris(return_X_y=True))
    >>> list(UpdateRatioDisplay.from_estimator(network).lines_)
    ['hidden_1', 'hidden_2', 'outputs', 'all weights']
    """

    def __init__(self, history: dict[str, list[float]]) -> None:
        self.history = history

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Axes | None = None) -> Self:
        """Draw the update ratios of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted network, or a fitted `Pipeline` or search that contains one.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        UpdateRatioDisplay
        """
        return cls(find_network(estimator).history_).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the update ratios.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        self
        """
        ax = self.ax_ = _axes(ax)
        self.figure_ = ax.figure
        low, high = article.UPDATE_RATIO_BAND
        self.band_ = ax.axhspan(low, high, color="gray", alpha=0.15, label=f"good range, {low:g} to {high:g}")
        ax.axhline(article.UPDATE_RATIO, color="gray", linewidth=0.8)
        names = [name for name in self.history if name.startswith("update_ratio/")]
        epochs = np.arange(1, len(self.history["update_ratio"]) + 1)
        self.lines_: dict[str, Line2D] = {
            name.removeprefix("update_ratio/"): ax.plot(epochs, self.history[name], linewidth=0.8)[0] for name in names
        }
        self.lines_["all weights"] = ax.plot(epochs, self.history["update_ratio"], color="black")[0]
        for label, line in self.lines_.items():
            line.set_label(label)
        ax.set(xlabel="epoch", ylabel="norm of update / norm of weights", yscale="log")
        ax.legend()
        return self


class RepeatedRunsDisplay:
    """Scores of repeated runs, with their mean and its confidence interval (A12).

    Use `from_runs` or `from_estimator`.

    Parameters
    ----------
    runs : dict of str to RepeatedRuns
        The keys are the labels of the x-axis.

    Attributes
    ----------
    points_ : list of matplotlib PathCollection
        The scores of all folds, for each entry of `runs`.
    errorbars_ : list of matplotlib ErrorbarContainer
        The mean and its interval, for each entry of `runs`.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from presets import DNNClassifier, RepeatedRunsDisplay, repeated_runs
    >>> X, y = load_iris(return_X_y=True)
    >>> runs = {
    ...     f"dropout {dropout}": repeated_runs(DNNClassifier(dropout=dropout, epochs=5), X, y, n_repeats=2, cv=2)
    ...     for dropout in (0.2, 0.5)
    ... }
    >>> RepeatedRunsDisplay.from_runs(runs).ax_.get_ylabel()
    'score'
    """

    def __init__(self, runs: dict[str, RepeatedRuns]) -> None:
        self.runs = runs

    @classmethod
    def from_runs(cls, runs: RepeatedRuns | dict[str, RepeatedRuns], *, ax: Axes | None = None) -> Self:
        """Draw the results of `repeated_runs`.

        Parameters
        ----------
        runs : RepeatedRuns or dict of str to RepeatedRuns
            One result, or several with their labels.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        RepeatedRunsDisplay
        """
        return cls(runs if isinstance(runs, dict) else {"": runs}).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Features, y: Values, *, ax: Axes | None = None, **options: Any) -> Self:
        """Fit and score an estimator several times, and draw the scores.

        Parameters
        ----------
        estimator : estimator
        X, y : array-like
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.
        **options
            Parameters of `repeated_runs`.

        Returns
        -------
        RepeatedRunsDisplay
        """
        return cls.from_runs({type(estimator).__name__: repeated_runs(estimator, X, y, **options)}, ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure by default.

        Returns
        -------
        self
        """
        ax = self.ax_ = _axes(ax)
        self.figure_ = ax.figure
        self.points_: list[PathCollection] = []
        self.errorbars_: list[ErrorbarContainer] = []
        for place, run in enumerate(self.runs.values()):
            low, high = run.interval
            beside = place + np.linspace(-0.15, 0.15, len(run.scores))
            self.points_.append(ax.scatter(np.repeat(beside, run.scores.shape[1]), run.scores, s=12, alpha=0.5))
            self.errorbars_.append(
                ax.errorbar([place], [run.mean], [[run.mean - low], [high - run.mean]], fmt="_k", ms=20, capsize=4)
            )
        ax.set_xticks(range(len(self.runs)), list(self.runs))
        ax.set(ylabel="score", xlim=(-0.5, len(self.runs) - 0.5), title=self._title())
        return self

    def _title(self):
        run = next(iter(self.runs.values()))
        n_repeats, n_folds = run.scores.shape
        return f"{n_repeats} repeats of {n_folds} folds, mean and {run.confidence:.0%} interval"


class AugmentationDisplay:
    """Images next to versions of them that training draws at random (A10).

    Use `from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_images, 1 + n_changes, height, width, n_channels)
        In the unit of X. The first image of each row is the original.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_images, 1 + n_changes)
    figure_ : matplotlib Figure

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from presets import AugmentationDisplay, CNNClassifier
    >>> digits = load_digits()
    >>> network = CNNClassifier(filters=(8,), epochs=1, random_state=0).fit(digits.images[:100], digits.target[:100])
    >>> AugmentationDisplay.from_estimator(network, digits.images[:3]).axes_.shape
    (3, 6)
    """

    def __init__(self, images: Array) -> None:
        self.images = images

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Array, *, n_images: int = 3, n_changes: int = 5, random_state: int = 0
    ) -> Self:
        """Augment the first images of X as the training of a fitted estimator does, and draw them.

        Parameters
        ----------
        estimator : CNNClassifier, CNNRegressor or Pipeline
            Fitted.
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, n_channels)
            Images as `predict` takes them.
        n_images : int, default=3
            Number of images.
        n_changes : int, default=5
            Number of augmented versions of each image.
        random_state : int, default=0
            Seed of the augmentation.

        Returns
        -------
        AugmentationDisplay

        Raises
        ------
        ValueError
            If the estimator has no augmentation.
        """
        network = find_network(estimator)
        fitted = fitted_network(network)
        core = fitted.recipe.network.model(seed=random_state)
        layers = [layer for layer in core.layers if layer.name.startswith("augmentation_")]
        if not layers:
            raise ValueError(f"{type(network).__name__} has augmentation=None, so there is nothing to show.")
        encoder = fitted.encoder
        encoded = encoder.rows(check_X(design_of(network), X[:n_images]), "float32").take(slice(None))
        drawn = [encoded, *(_changed(encoded, layers) for _ in range(n_changes))]
        return cls(encoder.standardizer.inverse_transform(np.stack(drawn, axis=1))).plot()

    def plot(self) -> Self:
        """Draw the images in a new figure.

        Returns
        -------
        self
        """
        import matplotlib.pyplot as plt

        n_images, n_columns = self.images.shape[:2]
        self.figure_, self.axes_ = plt.subplots(
            n_images, n_columns, squeeze=False, figsize=(1.3 * n_columns, 1.4 * n_images), layout="constrained"
        )
        low, high = self.images[:, 0].min(), self.images[:, 0].max()
        for row, images in zip(self.axes_, self.images, strict=True):
            for ax, image in zip(row, images, strict=True):
                shown = np.clip((image - low) / (high - low or 1), 0, 1)
                ax.imshow(shown if shown.shape[-1] == 3 else shown[..., 0], cmap="gray", vmin=0, vmax=1)
                ax.set_axis_off()
        self.axes_[0, 0].set_title("original", fontsize="small")
        if n_columns > 1:
            self.axes_[0, 1].set_title("in training", fontsize="small")
        return self


def _changed(images, layers):
    for layer in layers:
        images = layer(images, training=True)
    return keras.ops.convert_to_numpy(images)


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
