"""Jobs: what their routes answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.qoro.records import ENDED

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.qoro.desk import Desk


class JobRoutes:
    """Answers requests about jobs.

    Args:
        desk: The service's books and tools.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open(self, request: Request) -> Reply:
        """Open a job."""
        record = self._desk.intake.open(request)
        return Reply.of_json({"job_id": record.id}, 201)

    def create_failed(self, request: Request) -> Reply:
        """Make a job that has failed already, as the service does for tests."""
        record = self._desk.intake.open(request)
        record.failed = True
        return Reply.of_json({"job_id": record.id}, 201)

    def add_circuits(self, request: Request) -> Reply:
        """Fill a job."""
        record = self._desk.record(request)
        self._desk.intake.extend(record, request)
        return Reply.of_json({"status": "ok", "circuits": len(record.circuits)})

    def status(self, request: Request) -> Reply:
        """Say where a job stands."""
        record = self._desk.record(request)
        word = record.word(request.now, scheduled=self._desk.options.scheduled)
        work = record.work
        document: dict[str, JsonValue] = {"status": word}
        if work is not None and word in ENDED:
            document["run_time"] = work.run_time
            if work.error:
                document["message"] = work.error
        return Reply.of_json(document)

    def results(self, request: Request) -> Reply:
        """Send a page of results."""
        return Reply.of_json(self._desk.results.page(self._desk.record(request), request))

    def cancel(self, request: Request) -> Reply:
        """Cancel a job."""
        record = self._desk.record(request)
        if record.word(request.now) in ENDED:
            raise Refusal(409, "Can only cancel a PENDING or RUNNING job")
        if record.work is None:
            record.cancelled = True
        else:
            self._desk.realm.cancel(record.target, [record.work], request.now)
        return Reply.of_json(
            {
                "status": "cancelled",
                "job_id": record.id,
                "circuits_cancelled": len(record.circuits),
            }
        )

    def delete(self, request: Request) -> Reply:
        """Delete a job."""
        self._desk.store.drop(self._desk.record(request), request.now)
        return Reply(204)

    def set_config(self, request: Request) -> Reply:
        """Replace the older configuration of a job that waits."""
        record = self._desk.record(request)
        if record.word(request.now) != "PENDING":
            raise Refusal(409, "Job is not in PENDING status")
        given = request.json_object()
        self._desk.intake.check(given)
        record.execution = given
        return Reply.of_json(
            {"status": "ok", "job_id": record.id, "execution_configuration": given}
        )

    def config(self, request: Request) -> Reply:
        """Send the configurations of a job, to older clients in the older way."""
        record = self._desk.record(request)
        is_older = request.header("user-agent").startswith("python-requests/")
        if is_older and record.execution is None:
            raise Refusal(404, "No execution configuration exists for this job.")
        document: dict[str, JsonValue] = {
            "job_id": record.id,
            "maestro_config": record.maestro,
            "device_config": record.device,
        }
        if record.execution is not None:
            document["execution_configuration"] = record.execution
        return Reply.of_json(document)
