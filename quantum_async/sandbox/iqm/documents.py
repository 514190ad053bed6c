"""What the service says of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.iqm.measurements import Measurements
    from quantum_async.sandbox.iqm.records import IQMRecord
    from quantum_async.sandbox.iqm.store import Store

SERVER, STATION = "iqm-server", "iqm-station-control"

ARTIFACTS: dict[str, tuple[str, ...]] = {
    "circuit": ("measurements", "measurement_counts"),
    "run": ("sweep_results",),
}
"""What a job of each kind produces."""

# Stages, and at which part of the run time each is reached.
_STAGES = (
    ("received", 0.0),
    ("validation_started", 0.0),
    ("validation_ended", 0.02),
    ("fetch_calibration_started", 0.02),
    ("fetch_calibration_ended", 0.05),
    ("compilation_started", 0.05),
    ("compilation_ended", 0.2),
    ("pending_execution", 0.2),
    ("execution_started", 0.2),
    ("execution_ended", 0.95),
    ("post_processing_pending", 0.95),
    ("post_processing_started", 0.95),
    ("post_processing_ended", 1.0),
)


class Writer:
    """Writes jobs.

    Args:
        clock: The world's clock.
        store: Where queue positions come from.
        measurements: Knows which artifacts there are.
    """

    def __init__(self, clock: Clock, store: Store, measurements: Measurements) -> None:
        self._clock = clock
        self._store = store
        self._measurements = measurements

    def job(self, record: IQMRecord, now: float) -> dict[str, JsonValue]:
        """Write a job as it stands."""
        word = record.word(now)
        has_failed = word == "failed"
        has_artifacts = self._measurements.is_ready(record, now)
        kinds = ARTIFACTS[record.kind] if has_artifacts else ()
        errors: list[JsonValue] = [
            {
                "source": STATION,
                "error_code": record.error_code,
                "message": record.work.error or "the job failed",
            }
        ]
        is_compiled = word == "completed" or (word == "processing" and now >= record.compiled_at())
        return {
            "id": record.work.id,
            "type": record.kind,
            "status": word,
            "qc": {"id": record.chip.id},
            "queue_position": self._store.queue_position(record, now),
            "tag": record.tag,
            "runtime_ms": round(1000 * record.work.run_time) if word == "completed" else None,
            "execution": self._progress(record, now) if word == "processing" else None,
            "compilation": {
                "calibration_set_id": record.calibration,
                "execution_runtime_estimate_ms": round(1000 * record.work.run_time),
            }
            if is_compiled
            else None,
            "messages": [],
            "errors": errors if has_failed else [],
            "artifacts": [{"type": kind} for kind in kinds],
            "timeline": list(self.timeline(record, now)),
        }

    def timeline(self, record: IQMRecord, now: float) -> list[dict[str, JsonValue]]:
        """Write what has happened to a job so far."""
        work, word = record.work, record.word(now)
        entries = [_entry(SERVER, "created", self.moment(work.accepted))]
        ended = work.finished(now)
        last = now if ended is None else ended
        for stage, part in _STAGES:
            at = work.start + part * work.run_time
            if word in {"failed", "cancelled"} and part > 0.05:
                break
            if at <= last:
                entries.append(_entry(STATION, stage, self.moment(at)))
        if ended is not None:
            final = {"completed": "ready", "cancelled": "aborted"}.get(word, word)
            source = SERVER if word == "completed" else STATION
            entries.append(_entry(source, final, self.moment(ended)))
        return entries

    def moment(self, at: float) -> str:
        """Write a world time."""
        return self._clock.iso(at).replace("+00:00", "Z")

    def _progress(self, record: IQMRecord, now: float) -> JsonValue:
        run_time = record.work.run_time
        part = (now - record.work.start) / run_time if run_time else 1.0
        done = int(min(1.0, max(0.0, part)) * record.shots)
        return {"progress": {"Shots": {"value": done, "max_value": record.shots}}}


def _entry(source: str, status: str, timestamp: str) -> dict[str, JsonValue]:
    return {"source": source, "status": status, "timestamp": timestamp}
