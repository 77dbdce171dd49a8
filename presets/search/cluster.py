"""A search by several processes: Keras Tuner's chief, which owns the oracle, and its workers.

The environment variables ``KERASTUNER_TUNER_ID``, ``KERASTUNER_ORACLE_IP`` and ``KERASTUNER_ORACLE_PORT`` give each
process its role. This module adds to Keras Tuner: another worker takes over the trial of a worker that dies; `timeout`
ends the search; and the scores of all folds are stored in the directory that the processes share. The port accepts
everyone who can reach it: use loopback or a private network.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent import futures

import grpc
import keras_tuner
from keras_tuner.src import protos
from keras_tuner.src.distribute import utils as roles
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from keras_tuner.src.distribute.oracle_client import OracleClient
from keras_tuner.src.engine.metrics_tracking import MetricsTracker

from presets.search.evaluation import INTERRUPTED, Bar, Evaluation, Result
from presets.search.journal import Journal
from presets.search.local import ParametersOf, proposal
from presets.search.oracles import tell
from presets.training.deadline import Deadline

HEARTBEAT = 5.0
"""Seconds between two heartbeats of a worker."""

LEASE = 30.0
"""Seconds without a heartbeat after which another worker gets the trial."""

PAUSE = 0.5
"""Seconds that a worker waits before it asks again for a trial."""


def has_chief() -> bool:
    """Whether this process belongs to a search of several processes."""
    return bool(roles.has_chief_oracle())


def is_chief() -> bool:
    """Whether this process owns the oracle."""
    return bool(roles.is_chief_oracle())


class Leases(OracleServicer):
    """Keras Tuner's service with leases: a worker without heartbeats loses its trial."""

    def __init__(self, oracle: keras_tuner.Oracle, deadline: Deadline | None) -> None:
        super().__init__(oracle)
        self._deadline = deadline
        self._heard: dict[str, float] = {}
        self._stopped: set[str] = set()

    def CreateTrial(self, request, context):
        """Give a worker a trial, or tell it to wait or to stop."""
        self._hear(request.tuner_id)
        self._take_back()
        if self._is_over():
            status = "STOPPED"
        else:
            response = super().CreateTrial(request, context)
            status = _status(response)
            if status == "STOPPED" and self.oracle.ongoing_trials:  # one of them may need another worker
                status = "IDLE"
        if status == "RUNNING":
            return response
        if status == "STOPPED":
            self._stopped.add(request.tuner_id)
        return _empty_trial(status)

    def GetTrial(self, request, context):
        """Take the heartbeat of a worker."""
        for tuner_id, trial in list(self.oracle.ongoing_trials.items()):
            if trial.trial_id == request.trial_id:
                self._hear(tuner_id)
        return super().GetTrial(request, context)

    def is_done(self) -> bool:
        """Whether all workers have stopped or fallen silent."""
        waiting = {tuner_id for tuner_id in self._heard.keys() - self._stopped if not self._is_silent(tuner_id)}
        return not waiting and (bool(self._stopped) or self._is_over())

    def _hear(self, tuner_id):
        self._heard[tuner_id] = time.monotonic()

    def _is_silent(self, tuner_id):
        return time.monotonic() - self._heard[tuner_id] > LEASE

    def _is_over(self):
        return self._deadline is not None and self._deadline.seconds_left < 0

    def _take_back(self):
        for tuner_id, trial in list(self.oracle.ongoing_trials.items()):
            if self._is_silent(tuner_id):
                del self.oracle.ongoing_trials[tuner_id]
                trial.metrics = MetricsTracker()
                self.oracle._retry_queue.append(trial.trial_id)


def serve(oracle: keras_tuner.Oracle, deadline: Deadline | None) -> None:
    """Give trials to workers until all trials are done, or the time is over.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
    deadline : Deadline or None
    """
    address = f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
    leases = Leases(oracle, deadline)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=1))
    protos.get_service_grpc().add_OracleServicer_to_server(leases, server)
    server.add_insecure_port(address)
    server.start()
    while not leases.is_done():
        time.sleep(PAUSE)
    server.stop(grace=PAUSE).wait()


def work(
    oracle: keras_tuner.Oracle,
    parameters: ParametersOf,
    evaluation: Evaluation,
    open_journal: Callable[[], Journal],
    *,
    deadline: Deadline | None,
    prune: bool,
    announce: Callable[[Result, list[Result]], None],
) -> Journal:
    """Run the trials that the chief gives.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
        With the settings of the chief's oracle; nothing else of it is used.
    parameters, evaluation, deadline, prune, announce
        See `run_trials`.
    open_journal : callable
        Opens the journal that the chief has started. It is called after the first answer of the chief.

    Returns
    -------
    Journal
    """
    client = OracleClient(oracle)
    journal = None
    while (trial := client.create_trial(client.tuner_id)).status != "STOPPED":
        if trial.status != "RUNNING":
            time.sleep(PAUSE)
            continue
        journal = journal or open_journal()
        journal.refresh()
        bar = Bar.of(journal.results.values(), evaluation.metric) if prune else None
        with _Heartbeats(trial.trial_id):
            seconds = None if deadline is None else deadline.seconds_left
            result = evaluation.run(*proposal(trial, parameters), bar=bar, seconds=seconds)
        announce(result, [*journal.results.values(), result])
        if result.status == INTERRUPTED:  # the chief's deadline may be a little later
            time.sleep(PAUSE)
            continue
        journal.write(result)
        tell(client, trial, result.mean(evaluation.metric), result.failure)
    journal = journal or open_journal()
    journal.refresh()
    return journal


class _Heartbeats:
    """A context in which a thread tells the chief every few seconds that the trial is still running."""

    def __init__(self, trial_id):
        self._trial_id = trial_id
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def _run(self):
        client = OracleClient(None)
        while not self._is_over.wait(HEARTBEAT):
            client.get_trial(self._trial_id)


def _status(response):
    return protos.get_proto().TrialStatus.Name(response.trial.status)


def _empty_trial(status):
    trial = protos.get_proto().Trial(status=protos.get_proto().TrialStatus.Value(status))
    return protos.get_service().CreateTrialResponse(trial=trial)
