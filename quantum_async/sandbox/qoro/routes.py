"""What the Qoro service answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from quantum_async.sandbox.qoro.programs import (
    BLUEPRINTS,
    CLUSTERS,
    SYSTEMS,
    analysed,
    page,
    positive,
)
from quantum_async.sandbox.qoro.store import ENDED
from quantum_async.sandbox.service import Refusal, Reply, Routes, route

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from quantum_async.sandbox.qoro.service import QoroService
    from quantum_async.sandbox.qoro.store import Record
    from quantum_async.sandbox.service import Request


_Handler = TypeVar("_Handler", bound="Callable[..., object]")


def both(method: str, path: str, *, submits: bool = False) -> Callable[[_Handler], _Handler]:
    """Mark a method's route with and without a slash at the end."""
    return route(method, f"/api/{path}/", f"/api/{path}", submits=submits)


class JobRoutes(Routes):
    """Answers requests about jobs."""

    _service: QoroService

    @both("POST", "job/init")
    def open(self, request: Request) -> Reply:
        """Open a job."""
        record = self._service.intake.open(request)
        return Reply.of_json({"job_id": record.id}, 201)

    @both("POST", "job/create_failed")
    def create_failed(self, request: Request) -> Reply:
        """Make a job that has failed already, as the service does for tests."""
        record = self._service.intake.open(request)
        record.failed = True
        return Reply.of_json({"job_id": record.id}, 201)

    @both("POST", "job/{id}/add_circuits", submits=True)
    def add_circuits(self, request: Request) -> Reply:
        """Fill a job."""
        record = self._service.record(request)
        self._service.intake.extend(record, request)
        return Reply.of_json({"status": "ok", "circuits": len(record.circuits)})

    @both("GET", "job/{id}/status")
    def status(self, request: Request) -> Reply:
        """Say where a job stands."""
        record = self._service.record(request)
        word = record.word(request.now, scheduled=self._service.options.scheduled)
        work = record.work
        document: dict[str, JsonValue] = {"status": word}
        if work is not None and word in ENDED:
            document["run_time"] = work.run_time
            if work.error:
                document["message"] = work.error
        return Reply.of_json(document)

    @both("GET", "job/{id}/resultsV2")
    def results(self, request: Request) -> Reply:
        """Send a page of results."""
        return Reply.of_json(self._service.results.page(self._service.record(request), request))

    @both("POST", "job/{id}/cancel")
    def cancel(self, request: Request) -> Reply:
        """Cancel a job."""
        record = self._service.record(request)
        if record.word(request.now) in ENDED:
            raise Refusal(409, "Can only cancel a PENDING or RUNNING job")
        if record.work is None:
            record.cancelled = True
        else:
            self._service.realm.cancel(record.target, [record.work], request.now)
        return Reply.of_json(
            {
                "status": "cancelled",
                "job_id": record.id,
                "circuits_cancelled": len(record.circuits),
            }
        )

    @both("DELETE", "job/{id}")
    def delete(self, request: Request) -> Reply:
        """Delete a job."""
        self._service.store.drop(self._service.record(request), request.now)
        return Reply(204)

    @both("POST", "job/{id}/execution_config")
    def set_config(self, request: Request) -> Reply:
        """Replace the older configuration of a job that waits."""
        record = self._service.record(request)
        if record.word(request.now) != "PENDING":
            raise Refusal(409, "Job is not in PENDING status")
        given = request.json_object()
        self._service.intake.check(given)
        record.execution = given
        return Reply.of_json(
            {"status": "ok", "job_id": record.id, "execution_configuration": given}
        )

    @both("GET", "job/{id}/execution_config")
    def config(self, request: Request) -> Reply:
        """Send the configurations of a job, to older clients in the older way."""
        record = self._service.record(request)
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


_MOST = 100


class OtherRoutes(Routes):
    """Answers the other requests."""

    _service: QoroService

    @route("GET", "/api/", "/api")
    def ping(self, request: Request) -> Reply:
        """Say that the service is there."""
        return Reply.of_json({"message": "Welcome"})

    @both("GET", "qpusystem")
    def systems(self, request: Request) -> Reply:
        """List the systems of quantum computers."""
        return Reply.of_json(SYSTEMS)

    @both("GET", "simulatorcluster")
    def clusters(self, request: Request) -> Reply:
        """List the clusters of simulators."""
        return Reply.of_json(CLUSTERS)

    @both("GET", "vendor-config-blueprint")
    def blueprints(self, request: Request) -> Reply:
        """List what can be set for each vendor."""
        return Reply.of_json(BLUEPRINTS)

    @both("GET", "credits")
    def balance(self, request: Request) -> Reply:
        """Say how many credits are left."""
        moment = self._service.clock.iso(0.0)
        return Reply.of_json(
            {
                "balance": self._service.options.balance,
                "total_used": "0",
                "created_at": moment,
                "updated_at": moment,
            }
        )

    @both("GET", "credits/transactions")
    def transactions(self, request: Request) -> Reply:
        """Send a page of the movements of credits."""
        size = min(positive(request, "page_size", 20), _MOST)
        number = positive(request, "page", 1)
        total = self._service.options.transactions
        pages = max(1, -(-total // size))
        if not 1 <= number <= pages:
            raise Refusal(404, "Invalid page.")
        moment, balance = self._service.clock.iso(0.0), self._service.options.balance
        rows = [
            {
                "id": place + 1,
                "amount": balance,
                "balance_after": balance,
                "transaction_type": "PURCHASE",
                "description": "Credit addition",
                "job_id": None,
                "created_at": moment,
            }
            for place in range((number - 1) * size, min(number * size, total))
        ]
        base = f"{request.base_url}{request.path}?page_size={size}&page="
        return Reply.of_json(
            {
                "count": total,
                "total_pages": pages,
                "next": f"{base}{number + 1}" if number < pages else None,
                "previous": f"{base}{number - 1}" if number > 1 else None,
                "results": rows,
            }
        )

    @both("POST", "job/{id}/submit_qubo", submits=True)
    def submit_qubo(self, request: Request) -> Reply:
        """Analyse a problem, before the answer is sent."""
        record = self._validation(request)
        if not record.is_open():
            raise Refusal(409, "Job is not in PENDING status")
        record.validation = analysed(request.json_object())
        record.completed = request.now
        return Reply.of_json({"status": "ok", "job_id": record.id})

    @both("GET", "job/{id}/validation_result")
    def validation(self, request: Request) -> Reply:
        """Send what was found out."""
        record = self._validation(request)
        if record.validation is None:
            raise Refusal(409, f"The job is {record.word(request.now)}")
        clock = self._service.clock
        return Reply.of_json(
            {
                "job_id": record.id,
                "status": "COMPLETED",
                **record.validation,
                "created_at": clock.iso(record.created),
                "completed_at": clock.iso(record.completed or record.created),
            }
        )

    @both("GET", "job/{id}/validation_result/html")
    def validation_page(self, request: Request) -> Reply:
        """Send the report for notebooks."""
        record = self._validation(request)
        if record.validation is None:
            raise Refusal(409, f"The job is {record.word(request.now)}")
        return Reply(200, page(record.id).encode(), b"text/html; charset=utf-8")

    def _validation(self, request: Request) -> Record:
        record = self._service.record(request)
        if record.job_type != "VALIDATE":
            raise Refusal(404, "No validation job matches the given query.")
        return record
