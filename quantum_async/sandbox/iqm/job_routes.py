"""Routes of IQM Server that are about jobs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.iqm.documents import ARTIFACTS
from quantum_async.sandbox.iqm.pulses import MEDIA, sweep_results

if TYPE_CHECKING:
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.desk import Desk
    from quantum_async.sandbox.iqm.records import IQMRecord

LONGEST_HOLD = 30
HELD = (b"iqm-long-poll-timed-out", b"true")
_SHORTEST_STEP, _LONGEST_STEP = 0.001, 0.05
_LONGEST_TAG = 50


class JobRoutes:
    """Answers what is asked of jobs.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def submit(self, request: Request) -> Reply:
        """POST jobs/{qc}/{type}."""
        desk, query = self._desk, request.query
        chip = desk.chip(request.ids[0])
        kind = request.ids[1]
        if kind not in ARTIFACTS:
            raise Refusal(400, f"unknown job type {kind}", "unsupported_job_type")
        tag = query.get("tag", [""])[-1] or None
        if tag is not None and len(tag) > _LONGEST_TAG:
            raise Refusal(400, "the tag is longer than 50 characters", "invalid_input")
        wants_slot = query.get("use_timeslot", ["false"])[-1] == "true"
        if wants_slot and not desk.slots.booked.get(chip.alias):
            raise Refusal(403, "no timeslot is booked", "no_booked_timeslots")
        accept = desk.store.accept if kind == "circuit" else desk.store.accept_pulses
        record = accept(request, chip, tag=tag)
        return Reply.of_json(desk.write.job(record, request.now), 201)

    async def get(self, request: Request) -> Reply:
        """GET jobs/{id}, held back until the job has ended where that is asked for."""
        desk, record = self._desk, self._job(request)
        seconds = self._hold(request)
        deadline = time.monotonic() + seconds
        now, step = request.now, _SHORTEST_STEP
        while seconds and not record.work.status(now).is_terminal:
            if (left := deadline - time.monotonic()) <= 0:
                return Reply.of_json(desk.write.job(record, now), headers=(HELD,))
            # Up to its end a job is looked at in case it is cancelled; beyond it, it waits for
            # its simulation, and many such jobs must not take the simulators' time.
            planned = record.work.end - now
            is_soon = 0 < planned < _LONGEST_STEP
            await anyio.sleep(min(left, max(_SHORTEST_STEP, planned) if is_soon else step))
            step = min(2 * step, _LONGEST_STEP)
            now = desk.clock.now()
        return Reply.of_json(desk.write.job(record, now))

    def payload(self, request: Request) -> Reply:
        """GET jobs/{id}/payload."""
        record = self._job(request)
        media = b"application/json" if record.pulses is None else MEDIA
        headers = ((b"iqm-job-type", record.kind.encode()),)
        return Reply(200, record.payload, media, headers)

    def artifact(self, request: Request) -> Reply:
        """GET jobs/{id}/artifacts/{type}."""
        record, kind = self._job(request), request.ids[1]
        found = self._desk.measurements
        if found.is_ready(record, request.now) and kind in ARTIFACTS[record.kind]:
            if record.pulses is not None:
                seed = self._desk.world.settings.seed
                label = f"{seed} pulses {record.work.number}"
                return Reply(200, sweep_results(record.pulses, label), MEDIA)
            wanted = found.documents if kind == "measurements" else found.counts
            return Reply.of_json(wanted(record))
        raise Refusal(404, f"Job has no artifact {kind}", "job_artifact_not_found")

    def cancel(self, request: Request) -> Reply:
        """POST jobs/{id}/cancel."""
        record = self._job(request)
        if not self._desk.store.cancel(record, request.now):
            word = record.word(request.now)
            raise Refusal(403, f"A job that is {word} cannot be cancelled", "illegal_job_status")
        return Reply.of_json(self._desk.write.job(record, request.now))

    def delete(self, request: Request) -> Reply:
        """DELETE jobs/{id}."""
        record = self._job(request)
        self._desk.store.cancel(record, request.now)
        record.deleted = True
        return Reply(204)

    def _job(self, request: Request) -> IQMRecord:
        record = self._desk.store.job(request.ids[0])
        if record.deleted:
            raise Refusal(404, f"Job {request.ids[0]} was not found", "job_not_found")
        return record

    def _hold(self, request: Request) -> int:
        query = request.query
        if query.get("wait_until_terminal", ["false"])[-1] != "true":
            return 0
        text = query.get("timeout_seconds", ["10"])[-1]
        if not text.isdigit() or int(text) > LONGEST_HOLD:
            raise Refusal(400, "timeout_seconds is not from 0 to 30", "invalid_input")
        return int(text) if self._desk.options.long_poll else 0
