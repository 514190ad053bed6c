"""What IQM answers."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

import anyio

from quantum_async.sandbox.iqm import calibration as cal
from quantum_async.sandbox.iqm.chips import stable_id
from quantum_async.sandbox.iqm.programs import MEDIA, channel_dictionary, settings, sweep_results
from quantum_async.sandbox.iqm.store import ARTIFACTS
from quantum_async.sandbox.service import Refusal, Reply, Routes, route

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.iqm.service import IQMService
    from quantum_async.sandbox.iqm.store import IQMRecord
    from quantum_async.sandbox.service import Request


COCOS = "/cocos"
_REALM = "/realms/cortex/protocol/openid-connect"


LONGEST_HOLD = 30
HELD = (b"iqm-long-poll-timed-out", b"true")
_SHORTEST_STEP, _LONGEST_STEP = 0.001, 0.05
_LONGEST_TAG = 50


class JobRoutes(Routes):
    """Answers what is asked of jobs."""

    _service: IQMService

    @route("POST", "/jobs/{id}/{id}", submits=True)
    def submit(self, request: Request) -> Reply:
        """POST jobs/{qc}/{type}."""
        service, query = self._service, request.query
        chip = service.chip(request.ids[0])
        kind = request.ids[1]
        if kind not in ARTIFACTS:
            raise Refusal(400, f"unknown job type {kind}", "unsupported_job_type")
        tag = query.get("tag", [""])[-1] or None
        if tag is not None and len(tag) > _LONGEST_TAG:
            raise Refusal(400, "the tag is longer than 50 characters", "invalid_input")
        wants_slot = query.get("use_timeslot", ["false"])[-1] == "true"
        if wants_slot and not service.slots.booked.get(chip.alias):
            raise Refusal(403, "no timeslot is booked", "no_booked_timeslots")
        accept = service.store.accept if kind == "circuit" else service.store.accept_pulses
        record = accept(request, chip, tag=tag)
        return Reply.of_json(service.write.job(record, request.now), 201)

    @route("GET", "/jobs/{id}")
    async def get(self, request: Request) -> Reply:
        """GET jobs/{id}, held back until the job has ended where that is asked for."""
        service, record = self._service, self._job(request)
        seconds = self._hold(request)
        deadline = time.monotonic() + seconds
        now, step = request.now, _SHORTEST_STEP
        while seconds and not record.work.status(now).is_terminal:
            if (left := deadline - time.monotonic()) <= 0:
                return Reply.of_json(service.write.job(record, now), headers=(HELD,))
            # Up to its end a job is looked at in case it is cancelled; beyond it, it waits for
            # its simulation, and many such jobs must not take the simulators' time.
            planned = record.work.end - now
            is_soon = 0 < planned < _LONGEST_STEP
            await anyio.sleep(min(left, max(_SHORTEST_STEP, planned) if is_soon else step))
            step = min(2 * step, _LONGEST_STEP)
            now = service.clock.now()
        return Reply.of_json(service.write.job(record, now))

    @route("GET", "/jobs/{id}/payload")
    def payload(self, request: Request) -> Reply:
        """GET jobs/{id}/payload."""
        record = self._job(request)
        media = b"application/json" if record.pulses is None else MEDIA
        headers = ((b"iqm-job-type", record.kind.encode()),)
        return Reply(200, record.payload, media, headers)

    @route("GET", "/jobs/{id}/artifacts/{id}")
    def artifact(self, request: Request) -> Reply:
        """GET jobs/{id}/artifacts/{type}."""
        record, kind = self._job(request), request.ids[1]
        found = self._service.measurements
        if found.is_ready(record, request.now) and kind in ARTIFACTS[record.kind]:
            if record.pulses is not None:
                seed = self._service.world.settings.seed
                label = f"{seed} pulses {record.work.number}"
                return Reply(200, sweep_results(record.pulses, label), MEDIA)
            wanted = found.documents if kind == "measurements" else found.counts
            return Reply.of_json(wanted(record))
        raise Refusal(404, f"Job has no artifact {kind}", "job_artifact_not_found")

    @route("POST", "/jobs/{id}/cancel")
    def cancel(self, request: Request) -> Reply:
        """POST jobs/{id}/cancel."""
        record = self._job(request)
        if not self._service.store.cancel(record, request.now):
            word = record.word(request.now)
            raise Refusal(403, f"A job that is {word} cannot be cancelled", "illegal_job_status")
        return Reply.of_json(self._service.write.job(record, request.now))

    @route("DELETE", "/jobs/{id}")
    def delete(self, request: Request) -> Reply:
        """DELETE jobs/{id}."""
        record = self._job(request)
        self._service.store.cancel(record, request.now)
        record.deleted = True
        return Reply(204)

    def _job(self, request: Request) -> IQMRecord:
        record = self._service.store.job(request.ids[0])
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
        return int(text) if self._service.options.long_poll else 0


VERSION = "61.2"
_AHEAD = 30 * 86_400.0
"""For how many seconds a quantum computer says that it is available."""


class ComputerRoutes(Routes):
    """Answers what is asked of quantum computers."""

    _service: IQMService

    @route("GET", "/quantum-computers")
    def list(self, request: Request) -> Reply:
        """GET quantum-computers."""
        found = [
            {
                "id": chip.id,
                "alias": chip.alias,
                "display_name": chip.title,
                "station_control_version": VERSION,
                "proxy_path": None,
            }
            for chip in self._service.chips
        ]
        return Reply.of_json({"quantum_computers": found})

    @route("GET", "/quantum-computers/{id}/health")
    def health(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/health."""
        self._chip(request)
        return Reply.of_json(
            {"healthy": True, "updated_at": self._service.write.moment(request.now)}
        )

    @route("GET", "/quantum-computers/{id}/limits")
    def limits(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/limits."""
        self._chip(request)
        options = self._service.options
        return Reply.of_json(
            {
                "max_executions_per_job": options.max_executions_per_job,
                "max_instructions_per_circuit": options.max_instructions_per_circuit,
                "max_circuits_per_job": options.max_circuits_per_job,
                "max_shots_per_circuit": options.max_shots_per_circuit,
            }
        )

    @route("GET", "/quantum-computers/{id}/queue-availability")
    def queue(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/queue-availability."""
        chip, now = self._chip(request), request.now
        waiting = sum(
            record.chip is chip and record.word(now) == "waiting"
            for record in self._service.store.jobs.values()
        )
        query = request.query
        moment = self._service.write.moment
        start = query.get("timerange_start", [moment(now)])[-1]
        end = query.get("timerange_end", [moment(now + _AHEAD)])[-1]
        return Reply.of_json({"queue_length": waiting, "available": [{"start": start, "end": end}]})

    @route("GET", "/quantum-computers/{id}/artifacts/{id}")
    def artifact(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/artifacts/{type}."""
        chip, kind = self._chip(request), request.ids[1]
        documents: dict[str, JsonValue] = {
            "about": {"version": VERSION, "software_versions": {"iqm-station-control": VERSION}},
            "static-quantum-architectures": [cal.static_architecture(chip)],
            "duts": [{"label": chip.label, "dut_type": "chip"}],
            "chip-design-records": [cal.chip_design_record(chip)],
            "channel-properties": dict(cal.channel_properties(chip)),
        }
        if kind == "settings":
            if "protobuf" not in request.header("accept"):
                raise Refusal(406, "settings are a protocol buffer", "invalid_data_format")
            return Reply(200, settings(), MEDIA)
        if kind not in documents:
            raise Refusal(404, f"there is no artifact {kind}", "qc_artifact_not_found")
        if kind == "channel-properties" and "protobuf" in request.header("accept"):
            content = channel_dictionary(cal.channel_properties(chip))
            return Reply(200, content, MEDIA)
        if "json" not in request.header("accept") and "*" not in request.header("accept"):
            raise Refusal(406, f"{kind} is JSON", "invalid_data_format")
        return Reply.of_json(documents[kind])

    @route("GET", "/calibration-sets/{id}/{id}")
    def calibration_set(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.calibration_set(chip, name))

    @route("GET", "/calibration-sets/{id}/{id}/dynamic-quantum-architecture")
    def architecture(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}/dynamic-quantum-architecture."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.dynamic_architecture(chip, name))

    @route("GET", "/calibration-sets/{id}/{id}/metrics")
    def metrics(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}/metrics."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.metrics(chip, name))

    @route("GET", "/about")
    def about(self, request: Request) -> Reply:
        """GET about."""
        return Reply.of_json({"iqm_server": True, "version": "1.0", "station_control": VERSION})

    def versions(self, request: Request) -> Reply:
        """GET /api/versions."""
        return Reply.of_json({"versions": ["v1"], "latest": "v1"})

    def _chip(self, request: Request) -> Chip:
        return self._service.chip(request.ids[0])

    def _calibration(self, request: Request) -> tuple[Chip, str]:
        chip = self._chip(request)
        return chip, cal.calibration_id(chip, request.ids[1])


class AccountRoutes(Routes):
    """Answers what is asked of an account."""

    _service: IQMService

    @route("GET", "/quantum-computers/{id}/timeslots")
    def timeslots(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/timeslots."""
        return Reply.of_json(self._service.slots.overview(self._service.chip(request.ids[0])))

    @route("POST", "/quantum-computers/{id}/timeslots")
    def book(self, request: Request) -> Reply:
        """POST quantum-computers/{qc}/timeslots."""
        chip, wanted = self._service.chip(request.ids[0]), request.json_object().get("timeslots")
        booked = self._service.slots.book(chip, wanted, self._service.options.credits)
        return Reply.of_json({"timeslots": booked})

    @route("GET", "/tokens")
    def tokens(self, request: Request) -> Reply:
        """GET tokens."""
        return Reply.of_json({"tokens": [self._described(request, request.bearer)]})

    @route("POST", "/tokens/current/refresh")
    def refresh(self, request: Request) -> Reply:
        """POST tokens/current/refresh."""
        properties = request.json_object().get("new_token_properties")
        if not isinstance(properties, dict):
            raise Refusal(400, "new_token_properties is missing", "bad_request")
        token = secrets.token_urlsafe(24)
        is_active = bool(properties.get("activated", True))
        return Reply.of_json(
            {
                "token": token,
                "refresh_token": secrets.token_urlsafe(24),
                "activated": is_active,
                "metadata": self._described(request, token),
            }
        )

    @route("POST", "/tokens/current/activate")
    def activate(self, request: Request) -> Reply:
        """POST tokens/current/activate."""
        if not request.json_object().get("api_token"):
            raise Refusal(400, "api_token is missing", "bad_request")
        return Reply.of_json({"activated_at": self._service.write.moment(request.now)})

    @route("POST", "/tokens/{id}/revoke")
    def revoke(self, request: Request) -> Reply:
        """POST tokens/{id}/revoke."""
        if request.ids[0] == stable_id("token", request.bearer):
            self._service.revoke(request)
        return Reply.of_json({"revoked_at": self._service.write.moment(request.now)})

    def _described(self, request: Request, token: str) -> dict[str, JsonValue]:
        moment = self._service.write.moment
        return {
            "id": stable_id("token", token),
            "created_at": moment(request.now),
            "expires_at": moment(request.now + self._service.world.settings.token_lifetime),
            "activated_at": None,
            "last_characters": token[-4:],
            "refresh_token": {"expires_at": moment(request.now + 86400)},
        }


_MOMENTS = {
    "created": "job_start",
    "compilation_started": "compile_start",
    "compilation_ended": "compile_end",
    "pending_execution": "submit_end",
    "execution_started": "execution_start",
    "execution_ended": "execution_end",
}


class LegacyRoutes(Routes):
    """Answers what is asked through the older interface."""

    _service: IQMService

    @route("POST", f"{COCOS}/jobs", submits=True)
    def submit(self, request: Request) -> Reply:
        """POST jobs."""
        record = self._service.store.accept(request, self._service.legacy_chip, in_turns=True)
        return Reply.of_json({"id": record.work.id}, 201)

    @route("GET", f"{COCOS}/jobs/{{id}}/status")
    def status(self, request: Request) -> Reply:
        """GET jobs/{id}/status."""
        return Reply.of_json(self._status(self._job(request), request.now))

    @route("GET", f"{COCOS}/jobs/{{id}}")
    def get(self, request: Request) -> Reply:
        """GET jobs/{id}."""
        record, now = self._job(request), request.now
        found: dict[str, object] = dict(self._status(record, now))
        if found["status"] == "ready":
            found["measurements"] = self._service.measurements.documents(record)
        found["metadata"] = {
            "calibration_set_id": record.calibration,
            "request": json.loads(record.payload),
            "cocos_version": "30.2",
            "timestamps": self._timestamps(record, now),
        }
        return Reply.of_json(found)

    @route("GET", f"{COCOS}/jobs/{{id}}/counts")
    def counts(self, request: Request) -> Reply:
        """GET jobs/{id}/counts."""
        record = self._job(request)
        word = record.legacy_word(request.now)
        counts = self._service.measurements.counts(record) if word == "ready" else []
        return Reply.of_json({"status": word, "counts_batch": counts})

    @route("POST", f"{COCOS}/jobs/{{id}}/abort")
    def abort(self, request: Request) -> Reply:
        """POST jobs/{id}/abort."""
        record = self._job(request)
        if not self._service.store.cancel(record, request.now):
            raise Refusal(400, f"the job is {record.legacy_word(request.now)}")
        return Reply.of_json({})

    @route("DELETE", f"{COCOS}/jobs/{{id}}")
    def delete(self, request: Request) -> Reply:
        """DELETE jobs/{id}."""
        record = self._job(request)
        self._service.store.cancel(record, request.now)
        record.deleted = True
        return Reply.of_json({})

    @route("GET", f"{COCOS}/quantum-architecture")
    def architecture(self, request: Request) -> Reply:
        """GET quantum-architecture."""
        chip = self._service.legacy_chip
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

    @route("GET", f"{COCOS}/api/v1/quantum-architecture")
    def static_architecture(self, request: Request) -> Reply:
        """GET api/v1/quantum-architecture."""
        return Reply.of_json(cal.static_architecture(self._service.legacy_chip))

    @route("GET", f"{COCOS}/api/v1/calibration/{{id}}/gates")
    def gates(self, request: Request) -> Reply:
        """GET api/v1/calibration/{id}/gates."""
        chip = self._service.legacy_chip
        return Reply.of_json(cal.dynamic_architecture(chip, self._calibration(request)))

    @route("GET", f"{COCOS}/api/v1/calibration/{{id}}")
    def calibration_set(self, request: Request) -> Reply:
        """GET api/v1/calibration/{id}."""
        found = cal.calibration_set(self._service.legacy_chip, self._calibration(request))
        return Reply.of_json({**_head(found, "calibration_set"), "observations": _by_field(found)})

    @route("GET", f"{COCOS}/calibration/metrics/{{id}}")
    def metrics(self, request: Request) -> Reply:
        """GET calibration/metrics/{id}."""
        chip, name = self._service.legacy_chip, self._calibration(request)
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

    @route("GET", f"{COCOS}/info/client-libraries")
    def libraries(self, request: Request) -> Reply:
        """GET info/client-libraries."""
        empty = {"package_name": None, "repo_url": None, "package_url": None}
        library = {"name": "iqm-client", "min": "15.0", "max": "29.0", **empty}
        return Reply.of_json({"iqm-client": library})

    @route("GET", f"{COCOS}/about")
    def about(self, request: Request) -> Reply:
        """GET about."""
        return Reply.of_json({"cocos_version": "30.2"})

    @route("GET", f"{COCOS}/health")
    def health(self, request: Request) -> Reply:
        """GET health."""
        return Reply.of_json({"healthy": True})

    @route("POST", f"{_REALM}/token", needs_token=False)
    def token(self, request: Request) -> Reply:
        """POST a login, or a renewal."""
        service, now = self._service, request.now
        lifetime = service.world.settings.token_lifetime
        refresh = service.options.refresh_lifetime
        epoch = service.clock.epoch(now)
        return Reply.of_json(service.tokens.grant(request.form(), now, epoch, lifetime, refresh))

    @route("POST", f"{_REALM}/logout", needs_token=False)
    def logout(self, request: Request) -> Reply:
        """POST the end of a session."""
        self._service.tokens.logout(request.form().get("refresh_token", ""))
        return Reply(204)

    def _job(self, request: Request) -> IQMRecord:
        record = self._service.store.job(request.ids[0])
        if record.pulses is not None:
            raise Refusal(404, f"Job {request.ids[0]} was not found")
        return record

    def _calibration(self, request: Request) -> str:
        return cal.calibration_id(self._service.legacy_chip, request.ids[0])

    def _status(self, record: IQMRecord, now: float) -> dict[str, JsonValue]:
        word = record.legacy_word(now)
        message = record.work.error if word == "failed" else None
        return {"status": word, "message": message, "warnings": None}

    def _timestamps(self, record: IQMRecord, now: float) -> dict[str, JsonValue]:
        timeline = self._service.write.timeline(record, now)
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
