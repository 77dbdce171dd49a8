"""Fits on folds: the same predictions as scikit-learn's, with the models kept."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from presets.evaluation.folds import fit_fold, fit_weighted, out_of_fold, predictions_of

X, LABELS = load_iris(return_X_y=True)
VALUES = X @ [1.0, -2.0, 3.0, 0.5]
MODEL = make_pipeline(StandardScaler(), LogisticRegression())


def folds_of(estimator, y, cv, **options):
    return [fit_fold(clone(estimator), X, y, train, test, **options) for train, test in cv.split(X, y)]


def test_out_of_fold_probabilities_are_those_of_cross_val_predict():
    cv = StratifiedKFold(5, shuffle=True, random_state=0)
    rows, predictions = out_of_fold(folds_of(MODEL, LABELS, cv, classes=np.unique(LABELS)), len(X))
    np.testing.assert_array_equal(rows, np.arange(len(X)))
    np.testing.assert_allclose(
        predictions, cross_val_predict(MODEL, X, LABELS, cv=cv, method="predict_proba"), rtol=1e-12
    )


def test_values_and_the_models_that_gave_them():
    folds = folds_of(Ridge(), VALUES, KFold(3))
    for fold in folds:
        np.testing.assert_array_equal(fold.model.predict(X[fold.rows]), fold.predictions)


def test_rows_that_no_fold_predicts_are_left_out():
    rows, predictions = out_of_fold(folds_of(Ridge(), VALUES, TimeSeriesSplit(3)), len(X))
    assert len(rows) == len(predictions) < len(X)
    assert rows[-1] == len(X) - 1


def test_a_row_predicted_twice_has_the_mean():
    split = (np.arange(100), np.arange(100, 150))
    other = (np.arange(50, 100), np.arange(100, 150))
    folds = [fit_fold(Ridge(), X, VALUES, *rows) for rows in (split, other)]
    expected = (folds[0].predictions + folds[1].predictions) / 2
    np.testing.assert_allclose(out_of_fold(folds, len(X))[1], expected, rtol=1e-12)


def test_a_class_that_the_model_has_not_met_has_probability_zero():
    model = LogisticRegression(max_iter=1000).fit(X[LABELS != 1], LABELS[LABELS != 1])
    probabilities = predictions_of(model, X, np.unique(LABELS))
    assert (probabilities[:, 1] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_weights_reach_the_last_step_of_a_pipeline():
    weights = np.linspace(0, 1, len(X))
    pipeline = fit_weighted(make_pipeline(StandardScaler(with_mean=False, with_std=False), Ridge()), X, VALUES, weights)
    np.testing.assert_allclose(pipeline[-1].coef_, Ridge().fit(X, VALUES, weights).coef_)


class Infinite(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full(len(X), np.inf)


def test_predictions_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="Infinite gives predictions that are not finite"):
        fit_fold(Infinite(), X, VALUES, np.arange(100), np.arange(100, 150))


class Scores(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 7.0)


def test_scores_that_are_not_probabilities_are_refused():
    with pytest.raises(ValueError, match="Scores gives probabilities that are negative or do not sum to 1"):
        fit_fold(Scores(), X, LABELS, np.arange(100), np.arange(100, 150), classes=np.unique(LABELS))
