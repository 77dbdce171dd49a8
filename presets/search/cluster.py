"""A search by several processes: Keras Tuner's chief, which owns the oracle, and its workers.

Keras Tuner tells the processes apart by ``KERASTUNER_TUNER_ID``, ``KERASTUNER_ORACLE_IP`` and
``KERASTUNER_ORACLE_PORT``. What it lacks is added here: a worker that dies loses its trial to another one, the time of
the search ends it, and the folds of every trial come back, in the directory that all processes share. The port is open
to everyone who reaches it: use loopback or a private network.
"""

import os
import threading
import time
from concurrent import futures

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute import utils as roles
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from keras_tuner.src.distribute.oracle_client import OracleClient
from keras_tuner.src.engine.metrics_tracking import MetricsTracker

from presets.search.evaluation import INTERRUPTED, Bar
from presets.search.local import proposal
from presets.search.oracles import tell

HEARTBEAT = 5.0
"""Seconds between two signs of life of a worker."""

LEASE = 30.0
"""Seconds of silence after which a worker's trial is given to another one."""

PAUSE = 0.5
"""Seconds that a worker waits before it asks again, where all trials are under way."""


def has_chief():
    """Whether this process belongs to a search of several processes."""
    return roles.has_chief_oracle()


def is_chief():
    """Whether this process is the one that owns the oracle."""
    return roles.is_chief_oracle()


class Leases(OracleServicer):
    """Keras Tuner's service, which takes a trial away from a worker that has fallen silent."""

    def __init__(self, oracle, deadline):
        super().__init__(oracle)
        self._deadline = deadline
        self._heard = {}
        self._sent_home = set()

    def CreateTrial(self, request, context):
        """Give a worker a trial, or tell it to wait or to go home."""
        self._hear(request.tuner_id)
        self._take_back()
        if self._is_over():
            status = "STOPPED"
        else:
            response = super().CreateTrial(request, context)
            status = _status(response)
            if status == "STOPPED" and self.oracle.ongoing_trials:  # one of them may come back
                status = "IDLE"
        if status == "RUNNING":
            return response
        if status == "STOPPED":
            self._sent_home.add(request.tuner_id)
        return _empty_trial(status)

    def GetTrial(self, request, context):
        """A worker's sign of life."""
        for tuner_id, trial in list(self.oracle.ongoing_trials.items()):
            if trial.trial_id == request.trial_id:
                self._hear(tuner_id)
        return super().GetTrial(request, context)

    def is_done(self):
        """Whether no worker is left who would ask for a trial."""
        waiting = {tuner_id for tuner_id in self._heard.keys() - self._sent_home if not self._is_silent(tuner_id)}
        return not waiting and (bool(self._sent_home) or self._is_over())

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


def serve(oracle, deadline):
    """Give trials to workers until all are done, or the time is over.

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


def work(oracle, parameters, evaluation, open_journal, *, deadline, prune, announce):
    """Run the trials that the chief gives.

    Parameters
    ----------
    oracle : keras_tuner.Oracle
        As the chief's; only its settings are used.
    parameters, evaluation, deadline, prune, announce
        See `run_trials`.
    open_journal : callable
        Opens the journal that the chief has begun; called when the chief has answered.

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
        with _signs_of_life(trial.trial_id):
            seconds = None if deadline is None else deadline.seconds_left
            result = evaluation.run(*proposal(trial, parameters), bar=bar, seconds=seconds)
        announce(result, [*journal.results.values(), result])
        if result.status == INTERRUPTED:  # the chief's clock may be a little behind
            time.sleep(PAUSE)
            continue
        journal.write(result)
        tell(client, trial, result.mean(evaluation.metric), result.failure)
    journal = journal or open_journal()
    journal.refresh()
    return journal


class _signs_of_life:
    """While this is open, tells the chief every few seconds that the trial goes on."""

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
