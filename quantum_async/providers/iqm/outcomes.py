"""What jobs measured: one request for all circuits of a job, kept while it is being read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from quantum_async.errors import ProgramError, ResultError
from quantum_async.models._recent import Recent
from quantum_async.providers.iqm.circuits import Circuit
from quantum_async.providers.iqm.translate.results import Expected, layout_of, result_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.models.job import JobRef
    from quantum_async.models.result import Result
    from quantum_async.providers.iqm.dialect import CircuitMeasurements
    from quantum_async.providers.iqm.server import Server
    from quantum_async.providers.iqm.translate.results import Layout
    from quantum_async.providers.iqm.wire import IQMJob

_KEPT_JOBS = 4096
_KEPT_ANSWERS = 2


@dataclass(frozen=True, slots=True)
class _Answer:
    measurements: Sequence[CircuitMeasurements]
    expected: Sequence[Expected]


class Outcomes:
    """Results of jobs.

    Args:
        server: Where they are.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._expected: Recent[str, tuple[Expected, ...]] = Recent(_KEPT_JOBS)
        self._facts: Recent[str, Mapping[str, str | float | int | None]] = Recent(_KEPT_JOBS)
        self._answers: Recent[str, _Answer] = Recent(_KEPT_ANSWERS)
        self._locks: dict[str, anyio.Lock] = {}

    def expect(self, job_id: str, expected: tuple[Expected, ...]) -> None:
        """Remember how the circuits of a job fill their registers."""
        self._answers.pop(job_id, None)
        self._expected[job_id] = expected

    def note(self, job: IQMJob) -> None:
        """Remember what the server said of a job that has ended."""
        run_time = None if job.runtime_ms is None else job.runtime_ms / 1000
        facts = {"calibration_set_id": job.calibration_set_id, "run_time": run_time}
        self._facts[job.id] = {name: fact for name, fact in facts.items() if fact is not None}

    async def one(self, ref: JobRef) -> Result:
        """Read the result of one circuit.

        Raises:
            ResultError: It cannot be understood.
        """
        answer = await self._answer(ref.id)
        return await anyio.to_thread.run_sync(self._result, answer, ref)

    async def many(self, job_id: str, refs: Sequence[JobRef]) -> dict[JobRef, Result]:
        """Read the results of several circuits of one job; those that make no sense are left out."""
        answer = await self._answer(job_id)
        found = await anyio.to_thread.run_sync(self._results, answer, refs)
        self._answers.pop(job_id, None)
        return found

    def _results(self, answer: _Answer, refs: Sequence[JobRef]) -> dict[JobRef, Result]:
        found: dict[JobRef, Result] = {}
        for ref in refs:
            try:
                found[ref] = self._result(answer, ref)
            except ResultError:
                continue  # `fetch` tells what is wrong, to this job alone
        return found

    def _result(self, answer: _Answer, ref: JobRef) -> Result:
        if ref.index >= len(answer.measurements):
            raise ResultError(
                f"job {ref.id} has {len(answer.measurements)} results, not {ref.index + 1}",
                provider="iqm",
                job_id=ref.id,
                remedy="Check the job's id, and which of its circuits is meant.",
            )
        if answer.expected and len(answer.expected) != len(answer.measurements):
            raise ResultError(
                f"job {ref.id} has {len(answer.measurements)} results of "
                f"{len(answer.expected)} circuits",
                provider="iqm",
                job_id=ref.id,
                remedy="client.jobs.measurements(job_id) reads them as they are.",
            )
        expected = answer.expected[ref.index] if answer.expected else Expected()
        metadata: dict[str, str | float | int | None] = {
            "device": ref.target,
            "job_id": ref.id,
            "circuit": ref.index,
        }
        metadata.update(self._facts.get(ref.id, {}))
        return result_of(answer.measurements[ref.index], expected, metadata)

    async def _answer(self, job_id: str) -> _Answer:
        lock = self._locks.setdefault(job_id, anyio.Lock())
        try:
            async with lock:
                answer = self._answers.get(job_id)
                if answer is None:
                    answer = self._answers[job_id] = await self._asked(job_id)
                return answer
        finally:
            if not lock.statistics().tasks_waiting:
                self._locks.pop(job_id, None)

    async def _asked(self, job_id: str) -> _Answer:
        dialect = await self._server.dialect()
        expected = self._expected.get(job_id)
        stored = await dialect.stored(job_id, with_payload=expected is None)
        if expected is None and stored.payload is not None:
            expected = await anyio.to_thread.run_sync(expected_of, stored.payload)
            self.expect(job_id, expected)
        return _Answer(stored.measurements, expected or ())


def _layout(document: JsonValue) -> Layout | None:
    try:
        return layout_of(Circuit.of(document))
    except ProgramError:
        return None  # QIR, or a dialect of its own: the keys must do


def expected_of(payload: Mapping[str, JsonValue]) -> tuple[Expected, ...]:
    """Say what the circuits of a submission yield, whoever has sent it.

    Args:
        payload: What was submitted.
    """
    circuits, shots = payload.get("circuits"), payload.get("shots")
    is_heralded = payload.get("heralding_mode") not in (None, "none")
    wanted = shots if isinstance(shots, int) else None
    return tuple(
        Expected(_layout(document), wanted, is_heralded)
        for document in (circuits if isinstance(circuits, list) else ())
    )
