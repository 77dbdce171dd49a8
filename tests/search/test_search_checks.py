"""scikit-learn's checks of meta-estimators, on searches over networks."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from presets import DNNClassifier, DNNRegressor, TunerSearchCV
from presets.search import Choice

# a search seeds its proposals, not its estimator
SEEDED = {"epochs": 20, "momentum": 0.9, "random_state": 0}
OF_PIPELINES = {"check_estimators_nan_inf": "a Pipeline does not tell that all of its steps take NaN"}


def search(estimator):
    # both trials train by one compiled program
    return TunerSearchCV(
        estimator, space={"clipnorm": Choice(5.0, 15.0)}, n_trials=2, cv=2, oracle="grid", random_state=0
    )


@parametrize_with_checks(
    [
        search(DNNClassifier(**SEEDED)),
        search(make_pipeline(StandardScaler(), DNNRegressor(**SEEDED))),
    ],
    expected_failed_checks=lambda search: {} if isinstance(search.estimator, DNNClassifier) else OF_PIPELINES,
)
def test_check(estimator, check):
    check(estimator)
