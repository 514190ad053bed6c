"""Everything but jobs: targets, credits and characterisations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.qoro.analysis import analysed, page
from quantum_async.sandbox.qoro.machines import BLUEPRINTS, CLUSTERS, SYSTEMS
from quantum_async.sandbox.qoro.results import positive

if TYPE_CHECKING:
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.qoro.desk import Desk
    from quantum_async.sandbox.qoro.records import Record

_MOST = 100


class OtherRoutes:
    """Answers the other requests.

    Args:
        desk: The service's books and tools.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def ping(self, request: Request) -> Reply:
        """Say that the service is there."""
        return Reply.of_json({"message": "Welcome"})

    def systems(self, request: Request) -> Reply:
        """List the systems of quantum computers."""
        return Reply.of_json(SYSTEMS)

    def clusters(self, request: Request) -> Reply:
        """List the clusters of simulators."""
        return Reply.of_json(CLUSTERS)

    def blueprints(self, request: Request) -> Reply:
        """List what can be set for each vendor."""
        return Reply.of_json(BLUEPRINTS)

    def balance(self, request: Request) -> Reply:
        """Say how many credits are left."""
        moment = self._desk.clock.iso(0.0)
        return Reply.of_json(
            {
                "balance": self._desk.options.balance,
                "total_used": "0",
                "created_at": moment,
                "updated_at": moment,
            }
        )

    def transactions(self, request: Request) -> Reply:
        """Send a page of the movements of credits."""
        size = min(positive(request, "page_size", 20), _MOST)
        number = positive(request, "page", 1)
        total = self._desk.options.transactions
        pages = max(1, -(-total // size))
        if not 1 <= number <= pages:
            raise Refusal(404, "Invalid page.")
        moment, balance = self._desk.clock.iso(0.0), self._desk.options.balance
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

    def submit_qubo(self, request: Request) -> Reply:
        """Analyse a problem, before the answer is sent."""
        record = self._validation(request)
        if not record.is_open():
            raise Refusal(409, "Job is not in PENDING status")
        record.validation = analysed(request.json_object())
        record.completed = request.now
        return Reply.of_json({"status": "ok", "job_id": record.id})

    def validation(self, request: Request) -> Reply:
        """Send what was found out."""
        record = self._validation(request)
        if record.validation is None:
            raise Refusal(409, f"The job is {record.word(request.now)}")
        clock = self._desk.clock
        return Reply.of_json(
            {
                "job_id": record.id,
                "status": "COMPLETED",
                **record.validation,
                "created_at": clock.iso(record.created),
                "completed_at": clock.iso(record.completed or record.created),
            }
        )

    def validation_page(self, request: Request) -> Reply:
        """Send the report for notebooks."""
        record = self._validation(request)
        if record.validation is None:
            raise Refusal(409, f"The job is {record.word(request.now)}")
        return Reply(200, page(record.id).encode(), b"text/html; charset=utf-8")

    def _validation(self, request: Request) -> Record:
        record = self._desk.record(request)
        if record.job_type != "VALIDATE":
            raise Refusal(404, "No validation job matches the given query.")
        return record
