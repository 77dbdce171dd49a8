"""Logs of the trials of a search: one folder for each trial, with its name and parameters for TensorBoard."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from presets.evaluation.networks import networks
from presets.training.callbacks import copy_callback
from presets.typing import Estimator

LOGS = {keras.callbacks.TensorBoard: "log_dir", keras.callbacks.CSVLogger: "filename"}
"""Callbacks that write files during training, and the attribute that holds their path."""


def with_own_logs(
    estimator: Estimator, params: Mapping[str, Any], trial: int, part: str
) -> dict[str, list[keras.callbacks.Callback]]:
    """Parameters that let the callbacks of an estimator write to a folder of this trial.

    Parameters
    ----------
    estimator : estimator
        With the parameters of the trial.
    params : dict of str to object
        The parameters that the trial varies; TensorBoard lists them.
    trial : int
    part : str
        Part of the trial, such as "fold_0".

    Returns
    -------
    dict of str to list of keras.callbacks.Callback
        Parameters for `set_params`; empty if no callback writes files.
    """
    changed = {}
    for prefix, network in networks(estimator).items():
        given = network.callbacks or []
        callbacks = list(given) if isinstance(given, list | tuple) else [given]
        if any(map(_place, callbacks)):
            changed[f"{prefix}callbacks"] = [_moved(callback, params, trial, part) for callback in callbacks]
    return changed


def _place(callback):
    """Name of the attribute that holds the path of a callback, or None."""
    return next((place for kind, place in LOGS.items() if isinstance(callback, kind)), None)


def _moved(callback, params, trial, part):
    place = _place(callback)
    if place is None:
        return callback
    moved, path = copy_callback(callback), Path(getattr(callback, place))
    if place == "log_dir":
        path = path / f"trial_{trial:05d}" / part
        _write_parameters(path, params, trial)
    else:
        path = path.parent / f"trial_{trial:05d}" / part / path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    setattr(moved, place, str(path))
    return moved


def _write_parameters(directory, params, trial):
    """Write the parameters for TensorBoard's table of trials. The parts of a trial share one row."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    shown = {name: value if type(value) in (bool, int, float, str) else repr(value) for name, value in params.items()}
    writer = EventFileWriter(str(directory))
    writer.add_event(Event(summary=hparams_pb(shown, trial_id=f"trial {trial}")))
    writer.close()
