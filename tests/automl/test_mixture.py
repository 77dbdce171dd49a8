"""The choice among mixtures of candidates, from predictions out of fold."""

import numpy as np
import pytest

from presets.automl.clock import Clock
from presets.automl.metric import metric_for
from presets.automl.mixture import mixtures
from presets.automl.trials import Rows, Trial

CODES = np.arange(30) % 2
ROWS = Rows(None, CODES, CODES, None, np.arange(2), [], metric_for(None, np.arange(2)), "table")


def best_score(trials, predicted):
    found = mixtures(ROWS, trials, predicted, 10, Clock(None))
    return max(ROWS.score(mixture.rows, mixture.predictions) for mixture in found)


@pytest.mark.parametrize(("n_candidates", "seed"), [(12, 400), (45, 100)])  # 45 are more than a selection uses
def test_another_candidate_never_makes_the_best_mixture_worse(n_candidates, seed):
    trials, predicted = [], {}
    for number in range(n_candidates):
        random = np.random.default_rng(seed + number)
        logits = (random.normal(size=len(CODES)) + CODES - 0.5) * random.choice([1, 3])
        second = 1 / (1 + np.exp(-logits))
        predicted[str(number)] = np.arange(len(CODES)), np.column_stack([1 - second, second])
        trials.append(Trial(str(number), "", None, score=ROWS.score(*predicted[str(number)])))
    scores = [best_score(trials[:n], predicted) for n in range(n_candidates - 9, n_candidates + 1)]
    assert scores == sorted(scores)
