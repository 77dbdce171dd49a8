"""Logs of the trials of a search: a folder for each, in which TensorBoard finds its name and parameters."""

from pathlib import Path

import keras

from presets.evaluation.networks import networks
from presets.training.callbacks import copy_callback

LOGS = {keras.callbacks.TensorBoard: "log_dir", keras.callbacks.CSVLogger: "filename"}
"""Callbacks that write while a network trains, and where."""


def with_own_logs(estimator, params, trial, part):
    """Parameters that make callbacks of an estimator's networks write where no other trial does.

    Parameters
    ----------
    estimator : estimator
        With the parameters of the trial.
    params : dict of str to object
        Those that the trial varies; TensorBoard lists them.
    trial : int
    part : str
        Such as "fold_0".

    Returns
    -------
    dict of str to list of keras.callbacks.Callback
        Empty if there are no such callbacks.
    """
    changed = {}
    for prefix, network in networks(estimator).items():
        given = network.callbacks or []
        callbacks = list(given) if isinstance(given, list | tuple) else [given]
        if any(map(_place, callbacks)):
            changed[f"{prefix}callbacks"] = [_moved(callback, params, trial, part) for callback in callbacks]
    return changed


def _place(callback):
    """Name of the attribute that holds where a callback writes, or None."""
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
    """Tell TensorBoard's table of trials the parameters; parts of one trial stand in it as one."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    shown = {name: value if type(value) in (bool, int, float, str) else repr(value) for name, value in params.items()}
    writer = EventFileWriter(str(directory))
    writer.add_event(Event(summary=hparams_pb(shown, trial_id=f"trial {trial}")))
    writer.close()
