"""What a fit prints."""

import re

import pytest
from fits import fit, plain_estimator


@plain_estimator
def test_silent_by_default(estimator, capfd):
    fit(estimator, verbose=0)
    assert capfd.readouterr().out == ""


@plain_estimator
@pytest.mark.parametrize("verbose", [1, 2, True, "auto"])
def test_verbose_shows_the_epochs(estimator, verbose, capsys):
    fit(estimator, verbose=verbose, epochs=3)
    shown = capsys.readouterr().out
    assert len(re.findall(r"Epoch \d/3", shown)) == 3
    assert len(re.findall(r"val_loss: \d\.\d+", shown)) >= 3
