"""Routes of the older interface, and of the login that goes with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.iqm import calibration as cal

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.desk import Desk
    from quantum_async.sandbox.iqm.records import IQMRecord

_MOMENTS = {
    "created": "job_start",
    "compilation_started": "compile_start",
    "compilation_ended": "compile_end",
    "pending_execution": "submit_end",
    "execution_started": "execution_start",
    "execution_ended": "execution_end",
}


class LegacyRoutes:
    """Answers what is asked through the older interface.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def submit(self, request: Request) -> Reply:
        """POST jobs."""
        record = self._desk.store.accept(request, self._desk.legacy_chip, in_turns=True)
        return Reply.of_json({"id": record.work.id}, 201)

    def status(self, request: Request) -> Reply:
        """GET jobs/{id}/status."""
        return Reply.of_json(self._status(self._job(request), request.now))

    def get(self, request: Request) -> Reply:
        """GET jobs/{id}."""
        record, now = self._job(request), request.now
        found: dict[str, object] = dict(self._status(record, now))
        if found["status"] == "ready":
            found["measurements"] = self._desk.measurements.documents(record)
        found["metadata"] = {
            "calibration_set_id": record.calibration,
            "request": json.loads(record.payload),
            "cocos_version": "30.2",
            "timestamps": self._timestamps(record, now),
        }
        return Reply.of_json(found)

    def counts(self, request: Request) -> Reply:
        """GET jobs/{id}/counts."""
        record = self._job(request)
        word = record.legacy_word(request.now)
        counts = self._desk.measurements.counts(record) if word == "ready" else []
        return Reply.of_json({"status": word, "counts_batch": counts})

    def abort(self, request: Request) -> Reply:
        """POST jobs/{id}/abort."""
        record = self._job(request)
        if not self._desk.store.cancel(record, request.now):
            raise Refusal(400, f"the job is {record.legacy_word(request.now)}")
        return Reply.of_json({})

    def delete(self, request: Request) -> Reply:
        """DELETE jobs/{id}."""
        record = self._job(request)
        self._desk.store.cancel(record, request.now)
        record.deleted = True
        return Reply.of_json({})

    def architecture(self, request: Request) -> Reply:
        """GET quantum-architecture."""
        chip = self._desk.legacy_chip
        operations: dict[str, JsonValue] = {
            name: [list(locus) for locus in sorted(loci)]
            for name, loci in chip.loci.items()
            if name in {"prx", "cz", "measure", "move"}
        }
        described: dict[str, JsonValue] = {
            "name": chip.alias,
            "qubits": [*chip.resonators, *chip.qubits],
            "qubit_connectivity": [list(edge) for edge in chip.edges],
            "operations": {**operations, "barrier": []},
        }
        return Reply.of_json({"quantum_architecture": described})

    def static_architecture(self, request: Request) -> Reply:
        """GET api/v1/quantum-architecture."""
        return Reply.of_json(cal.static_architecture(self._desk.legacy_chip))

    def gates(self, request: Request) -> Reply:
        """GET api/v1/calibration/{id}/gates."""
        chip = self._desk.legacy_chip
        return Reply.of_json(cal.dynamic_architecture(chip, self._calibration(request)))

    def calibration_set(self, request: Request) -> Reply:
        """GET api/v1/calibration/{id}."""
        found = cal.calibration_set(self._desk.legacy_chip, self._calibration(request))
        return Reply.of_json({**_head(found, "calibration_set"), "observations": _by_field(found)})

    def metrics(self, request: Request) -> Reply:
        """GET calibration/metrics/{id}."""
        chip, name = self._desk.legacy_chip, self._calibration(request)
        described = _head(cal.calibration_set(chip, name), "calibration_set")
        found = cal.metrics(chip, name)
        observed = _by_field(found)
        values = {
            field: {
                "value": str(item["value"]),
                "unit": item["unit"],
                "uncertainty": item["uncertainty"],
                "timestamp": item["created_timestamp"],
            }
            for field, item in observed.items()
        }
        head = {"calibration_set_number_of_observations": len(chip.qubits), **described}
        return Reply.of_json({**head, **_head(found, "quality_metric_set"), "metrics": values})

    def libraries(self, request: Request) -> Reply:
        """GET info/client-libraries."""
        empty = {"package_name": None, "repo_url": None, "package_url": None}
        library = {"name": "iqm-client", "min": "15.0", "max": "29.0", **empty}
        return Reply.of_json({"iqm-client": library})

    def about(self, request: Request) -> Reply:
        """GET about."""
        return Reply.of_json({"cocos_version": "30.2"})

    def health(self, request: Request) -> Reply:
        """GET health."""
        return Reply.of_json({"healthy": True})

    def token(self, request: Request) -> Reply:
        """POST a login, or a renewal."""
        desk, now = self._desk, request.now
        lifetime = desk.world.settings.token_lifetime
        refresh = desk.options.refresh_lifetime
        epoch = desk.clock.epoch(now)
        return Reply.of_json(desk.tokens.grant(request.form(), now, epoch, lifetime, refresh))

    def logout(self, request: Request) -> Reply:
        """POST the end of a session."""
        self._desk.tokens.logout(request.form().get("refresh_token", ""))
        return Reply(204)

    def _job(self, request: Request) -> IQMRecord:
        record = self._desk.store.job(request.ids[0])
        if record.pulses is not None:
            raise Refusal(404, f"Job {request.ids[0]} was not found")
        return record

    def _calibration(self, request: Request) -> str:
        return cal.calibration_id(self._desk.legacy_chip, request.ids[0])

    def _status(self, record: IQMRecord, now: float) -> dict[str, JsonValue]:
        word = record.legacy_word(now)
        message = record.work.error if word == "failed" else None
        return {"status": word, "message": message, "warnings": None}

    def _timestamps(self, record: IQMRecord, now: float) -> dict[str, JsonValue]:
        timeline = self._desk.write.timeline(record, now)
        found = {
            _MOMENTS[str(entry["status"])]: entry["timestamp"]
            for entry in timeline
            if entry["status"] in _MOMENTS
        }
        if "compile_end" in found:
            found["submit_start"] = found["compile_end"]
        if record.work.finished(now) is not None:
            found["job_end"] = timeline[-1]["timestamp"]
        return found


def _head(found: dict[str, JsonValue], prefix: str) -> dict[str, JsonValue]:
    return {
        f"{prefix}_id": found["observation_set_id"],
        f"{prefix}_dut_label": found["dut_label"],
        f"{prefix}_is_invalid": found["invalid"],
        f"{prefix}_created_timestamp": found["created_timestamp"],
        f"{prefix}_end_timestamp": found["end_timestamp"],
    }


def _by_field(found: dict[str, JsonValue]) -> dict[str, dict[str, JsonValue]]:
    observations = found["observations"]
    assert isinstance(observations, list)
    return {str(item["dut_field"]): item for item in observations if isinstance(item, dict)}
