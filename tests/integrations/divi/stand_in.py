"""What Divi promises a circuit runner, in two generations, for where Divi is not installed.

`tests/conformance/qoro/test_stand_in.py` and its older neighbour hold it against Divi itself.
"""

from __future__ import annotations

import enum
import importlib
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType

RUNNER = "quantum_async.integrations.divi.runner"
OLDER, NEWER = "0.12", "0.15"


class ExecutionCancelledError(Exception):
    """Somebody set the event."""


class CircuitRunner(ABC):
    """The interface that both generations have in common."""

    def __init__(self, shots: int, track_depth: bool = False) -> None:
        if shots <= 0:
            raise ValueError(f"{shots} shots")
        self._shots = shots
        self.track_depth = track_depth
        self._depth_history: list[list[int]] = []

    @property
    def shots(self) -> int:
        return self._shots

    @property
    @abstractmethod
    def supports_expval(self) -> bool: ...

    @property
    @abstractmethod
    def is_async(self) -> bool: ...

    @abstractmethod
    def submit_circuits(self, payloads, *, cancellation_event=None, **kwargs): ...

    @property
    def depth_history(self) -> list[list[int]]:
        return self._depth_history.copy()


class NewerCircuitRunner(CircuitRunner):
    """The interface since 0.14."""

    @property
    def resolves_parameters(self) -> bool:
        return False


@dataclass(frozen=True)
class OlderExecutionResult:
    """A job or its results, before 0.14."""

    results: list[dict] | None = None
    job_id: str | None = None

    def is_async(self) -> bool:
        return self.job_id is not None and self.results is None

    def with_results(self, results: list[dict]):
        return replace(self, results=results)


@dataclass(frozen=True)
class ExecutionResult:
    """A job or its results, with the time it ran."""

    results: list[dict] | None = None
    job_id: str | None = None
    backend_jobs: int = 1
    run_time: float = 0.0

    def is_async(self) -> bool:
        return self.job_id is not None and self.results is None

    def with_results(self, results: list[dict], run_time: float = 0.0):
        return replace(self, results=results, run_time=run_time)


class ExecutionConfig:
    """How a job is simulated, before 0.14."""

    @staticmethod
    def from_response(data: dict):
        made = ExecutionConfig()
        vars(made).update(data)
        return made


_OLDER_WORDS = ["PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
_NEWER_WORDS = [*_OLDER_WORDS, "SCHEDULED", "PAUSED", "INSUFFICIENT_CREDITS", "TIMED_OUT"]
OlderJobStatus = enum.Enum("OlderJobStatus", {word: word for word in _OLDER_WORDS})
JobStatus = enum.StrEnum("JobStatus", {word: word for word in _NEWER_WORDS})


class QoroJobError(Exception):
    """A job ended without results."""

    def __init__(self, job_id: str) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class JobFailedError(QoroJobError):
    status = JobStatus.FAILED


class JobCancelledError(QoroJobError):
    status = JobStatus.CANCELLED


class InsufficientCreditsError(QoroJobError):
    status = JobStatus.INSUFFICIENT_CREDITS


class JobTimedOutError(QoroJobError):
    status = JobStatus.TIMED_OUT


def maestro_config_to_payload(config) -> dict:
    """Write a simulator's configuration as the service reads it."""
    return {name: value for name, value in vars(config).items() if value is not None}


BACKENDS = {
    OLDER: {
        "CircuitRunner": CircuitRunner,
        "ExecutionResult": OlderExecutionResult,
        "JobStatus": OlderJobStatus,
        "ExecutionConfig": ExecutionConfig,
    },
    NEWER: {
        "CircuitRunner": NewerCircuitRunner,
        "ExecutionResult": ExecutionResult,
        "JobStatus": JobStatus,
        **{
            kind.__name__: kind
            for kind in (
                QoroJobError,
                JobFailedError,
                JobCancelledError,
                InsufficientCreditsError,
                JobTimedOutError,
            )
        },
    },
}


def modules(generation: str) -> dict[str, ModuleType]:
    """Make the modules that our runner imports."""
    contents = {
        "divi": {},
        "divi.exceptions": {"ExecutionCancelledError": ExecutionCancelledError},
        "divi.backends": BACKENDS[generation],
    }
    if generation == NEWER:
        contents["divi.backends.runners"] = {}
        contents["divi.backends.runners._maestro_payload"] = {
            "maestro_config_to_payload": maestro_config_to_payload
        }
    made = {}
    for name, content in contents.items():
        made[name] = ModuleType(name)
        vars(made[name]).update(content)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(made[parent], last, made[name])
    return made


@contextmanager
def runner_module(generation: str) -> Iterator[ModuleType]:
    """Import our runner where this stands in for Divi; afterwards all is as it was."""

    def ours(name: str) -> bool:
        return name.startswith(RUNNER.rpartition(".")[0]) or name.partition(".")[0] == "divi"

    before = {name: module for name, module in sys.modules.items() if ours(name)}
    for name in before:
        del sys.modules[name]
    sys.modules.update(modules(generation))
    try:
        yield importlib.import_module(RUNNER)
    finally:
        for name in list(filter(ours, sys.modules)):
            del sys.modules[name]
        sys.modules.update(before)
