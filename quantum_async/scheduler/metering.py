"""OpenTelemetry metrics of jobs, where the program has set a meter provider up."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.models.job import JobEventKind, JobStatus

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

    from quantum_async.models.job import JobEvent

    Where: TypeAlias = dict[str, str]
    """The attributes of a target."""

DURATIONS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
"""Borders in seconds between which durations are counted, from simulators to queues of a day."""
LAGS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
"""Borders in seconds between which detection lags are counted."""


def current_meters() -> Meters | None:
    """Make the metrics, or return ``None`` where nobody would see them.

    Somebody who has set metrics up has imported their API: it is never imported from here.
    """
    api = sys.modules.get("opentelemetry.metrics")
    if api is None:
        return None
    provider = api.get_meter_provider()
    # The stand-in until a program sets one has no public name.
    if type(provider).__name__ in {"_ProxyMeterProvider", "NoOpMeterProvider"}:
        return None
    return Meters(provider)


class Meters:
    """Listens to a scheduler's events and counts.

    Args:
        provider: Where the numbers go.
    """

    def __init__(self, provider: MeterProvider) -> None:
        from importlib.metadata import version

        meter = provider.get_meter("quantum_async.scheduler", version("quantum_async"))
        self._begun: dict[str, tuple[float, Where]] = {}
        self._in_flight = meter.create_up_down_counter(
            "quantum_async.jobs.in_flight", "{job}", "Jobs that a provider has and that go on."
        )
        self._finished = meter.create_counter(
            "quantum_async.jobs.finished", "{job}", "Jobs with a result or an error."
        )
        self._retries = meter.create_counter(
            "quantum_async.jobs.retries", "{retry}", "Submissions and polls put off, per job."
        )
        self._shots = meter.create_counter("quantum_async.jobs.shots", "{shot}", "Shots measured.")
        self._cost = meter.create_counter(
            "quantum_async.jobs.cost", "{unit}", "What providers say that jobs cost."
        )
        self._duration = meter.create_histogram(
            "quantum_async.jobs.duration",
            "s",
            "Time from acceptance to result or error.",
            explicit_bucket_boundaries_advisory=DURATIONS,
        )
        self._polls = meter.create_counter(
            "quantum_async.polls", "{poll}", "Questions about the status of jobs."
        )
        self._lag = meter.create_histogram(
            "quantum_async.jobs.detection_lag",
            "s",
            "Longest time that an end can have gone unnoticed.",
            explicit_bucket_boundaries_advisory=LAGS,
        )

    def push(self, event: JobEvent) -> None:
        """Count an event."""
        where = {"quantum_async.provider": event.provider, "quantum_async.target": event.target}
        if event.kind is JobEventKind.SUBMITTED:
            # A job can be adopted by the scheduler that follows it already.
            if event.key not in self._begun:
                self._in_flight.add(1, where)
            self._begun[event.key] = event.time, where
        elif event.kind is JobEventKind.RETRIED:
            self._retries.add(1, where)
        elif event.kind is JobEventKind.FINISHED:
            self._end(event, where)

    def _end(self, event: JobEvent, where: Where) -> None:
        begun = self._begun.pop(event.key, None)
        if begun is not None:
            self._in_flight.add(-1, where)
            self._duration.record(max(event.time - begun[0], 0.0), where)
        outcome = {**where, "quantum_async.status": str(event.status)}
        if event.error_type:
            outcome["error.type"] = event.error_type
        self._finished.add(1, outcome)
        if event.status is JobStatus.SUCCEEDED:
            self._shots.add(event.shots, where)
        if event.cost is not None:
            price: dict[str, str | bool] = {
                "quantum_async.cost.unit": event.cost.unit,
                "quantum_async.cost.is_estimate": event.cost.is_estimate,
            }
            self._cost.add(event.cost.amount, {**where, **price})

    def leave(self, key: str) -> None:
        """Count a job no longer that goes on without us."""
        begun = self._begun.pop(key, None)
        if begun is not None:
            self._in_flight.add(-1, begun[1])

    def polled(self, provider: str) -> None:
        """Count a question about the status of jobs."""
        self._polls.add(1, {"quantum_async.provider": provider})

    def noticed(self, target: str, gap: float) -> None:
        """Note how long before a job's end was seen it was last seen going on.

        Args:
            target: Where it ran, as ``provider:device``.
            gap: Time in seconds; with a server that holds answers back, an upper bound only.
        """
        where = {"quantum_async.provider": target.partition(":")[0], "quantum_async.target": target}
        self._lag.record(gap, where)

    def end(self) -> None:
        """Count what was not finished no longer."""
        for key in tuple(self._begun):
            self.leave(key)
