"""Routes of IQM Server that are about quantum computers and their calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal, Reply
from quantum_async.sandbox.iqm import calibration as cal
from quantum_async.sandbox.iqm.protobuf import channel_dictionary
from quantum_async.sandbox.iqm.pulses import MEDIA, settings

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.iqm.desk import Desk

VERSION = "61.2"
_AHEAD = 30 * 86_400.0
"""For how many seconds a quantum computer says that it is available."""


class ComputerRoutes:
    """Answers what is asked of quantum computers.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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
            for chip in self._desk.chips
        ]
        return Reply.of_json({"quantum_computers": found})

    def health(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/health."""
        self._chip(request)
        return Reply.of_json({"healthy": True, "updated_at": self._desk.write.moment(request.now)})

    def limits(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/limits."""
        self._chip(request)
        options = self._desk.options
        return Reply.of_json(
            {
                "max_executions_per_job": options.max_executions_per_job,
                "max_instructions_per_circuit": options.max_instructions_per_circuit,
                "max_circuits_per_job": options.max_circuits_per_job,
                "max_shots_per_circuit": options.max_shots_per_circuit,
            }
        )

    def queue(self, request: Request) -> Reply:
        """GET quantum-computers/{qc}/queue-availability."""
        chip, now = self._chip(request), request.now
        waiting = sum(
            record.chip is chip and record.word(now) == "waiting"
            for record in self._desk.store.jobs.values()
        )
        query = request.query
        moment = self._desk.write.moment
        start = query.get("timerange_start", [moment(now)])[-1]
        end = query.get("timerange_end", [moment(now + _AHEAD)])[-1]
        return Reply.of_json({"queue_length": waiting, "available": [{"start": start, "end": end}]})

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

    def calibration_set(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.calibration_set(chip, name))

    def architecture(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}/dynamic-quantum-architecture."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.dynamic_architecture(chip, name))

    def metrics(self, request: Request) -> Reply:
        """GET calibration-sets/{qc}/{cal_set}/metrics."""
        chip, name = self._calibration(request)
        return Reply.of_json(cal.metrics(chip, name))

    def about(self, request: Request) -> Reply:
        """GET about."""
        return Reply.of_json({"iqm_server": True, "version": "1.0", "station_control": VERSION})

    def versions(self, request: Request) -> Reply:
        """GET /api/versions."""
        return Reply.of_json({"versions": ["v1"], "latest": "v1"})

    def _chip(self, request: Request) -> Chip:
        return self._desk.chip(request.ids[0])

    def _calibration(self, request: Request) -> tuple[Chip, str]:
        chip = self._chip(request)
        return chip, cal.calibration_id(chip, request.ids[1])
