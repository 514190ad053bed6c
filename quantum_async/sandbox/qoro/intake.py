"""New jobs: opened, filled and completed."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.qoro.machines import MACHINES
from quantum_async.sandbox.qoro.packing import filled, observables_in, unpacked
from quantum_async.sandbox.qoro.records import Circuit, Record
from quantum_async.sandbox.simulator import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.qoro.options import QoroOptions
    from quantum_async.sandbox.qoro.store import Store
    from quantum_async.sandbox.world import Realm

KEY_PREFIX = "quantum-async:"
"""What follows this in a tag is a client's key of the submission."""

DEFAULT_SHOTS = 1000
_TYPES = ("EXECUTE", "EXPECTATION", "VALIDATE")
_METHODS = {1: "matrix_product_state", 2: "stabilizer"}
_META: dict[str, tuple[type, ...]] = {
    "optimization_level": (int,),
    "resilience_level": (int,),
    "max_execution_time": (int,),
    "transpilation_seed": (int,),
    "layout_method": (str,),
    "routing_method": (str,),
    "approximation_degree": (int, float),
}


class Intake:
    """Takes new jobs.

    Args:
        realm: The provider's part of the world.
        store: Where they are kept.
        options: How the service behaves.
    """

    def __init__(self, realm: Realm, store: Store, options: QoroOptions) -> None:
        self._realm = realm
        self._store = store
        self.options = options

    def open(self, request: Request) -> Record:
        """Open a job.

        Raises:
            Refusal: Something about it is wrong.
        """
        body = request.json_object()
        job_type = str(body.get("job_type", "EXECUTE"))
        if job_type not in _TYPES:
            raise Refusal(400, f"unknown job_type {job_type!r}")
        cluster, system = body.get("simulator_cluster"), body.get("qpu_system_name")
        target = str(cluster or system or "qoro_maestro")
        if cluster and system:
            raise Refusal(400, "a job has one target")
        if target not in MACHINES or MACHINES[target].is_simulator != (system is None):
            raise Refusal(400, f"unknown target {target!r}")
        record = Record(
            id=str(uuid.uuid4()),
            owner=request.bearer,
            job_type=job_type,
            tag=str(body.get("tag") or ""),
            target=target,
            created=request.now,
            execution=_object(body, "execution_configuration"),
            maestro=_object(body, "maestro_config"),
            device=_object(body, "device_config"),
        )
        self.check(record.execution)
        self.check(record.maestro)
        self._store.add(record, request.now)
        return record

    def extend(self, record: Record, request: Request) -> None:
        """Add circuits to a job, and start it with the last of them.

        Raises:
            Refusal: The job takes none, or something about them is wrong.
        """
        if len(request.body) > self.options.max_body:
            raise Refusal(413, "the body is too large")
        if not record.is_open() or record.job_type == "VALIDATE":
            raise Refusal(409, "Circuits can only be added to a job that is not finalized")
        body = request.json_object()
        labelled = _labelled(body)
        record.circuits += _measured(body, labelled, record, len(record.circuits))
        if body.get("finalized") in {"true", True}:
            self._start(record, request)

    def check(self, configuration: Mapping[str, JsonValue] | None) -> None:
        """Check a configuration.

        Raises:
            Refusal: It asks for too much, or for something that does not exist.
        """
        given = configuration or {}
        bond = given.get("bond_dimension") or given.get("max_bond_dimension")
        cap = self.options.max_bond_dimension
        if isinstance(bond, int) and bond > cap:
            raise Refusal(403, f"Free tier limits bond dimension to {cap}. Upgrade for more.")
        meta = given.get("api_meta")
        for name, value in meta.items() if isinstance(meta, dict) else ():
            if name not in _META:
                raise Refusal(400, f"Unknown api_meta key: {name}")
            if not isinstance(value, _META[name]):
                raise Refusal(400, f"api_meta key {name} has the wrong type")

    def _start(self, record: Record, request: Request) -> None:
        _, found, key = record.tag.rpartition(KEY_PREFIX)
        self._realm.ledger.note_submission(key if found else None)
        machine = MACHINES[record.target]
        record.work = self._realm.accept_job(
            record.target,
            shots=sum(circuit.shots for circuit in record.circuits),
            slots=machine.slots,
            now=request.now,
            effects=request.effects,
            tasks=partial(_tasks, record),
        )


def _tasks(record: Record, seed: int) -> list[Task]:
    return [_task(record, circuit, seed + place) for place, circuit in enumerate(record.circuits)]


def _task(record: Record, circuit: Circuit, seed: int) -> Task:
    wanted = (record.maestro or record.execution or {}).get("simulation_type")
    given = (record.maestro or {}).get("seed")
    method = _METHODS.get(wanted, "statevector") if isinstance(wanted, int) else "statevector"
    return Task(
        device=method,
        format="qasm2",
        payload=circuit.text,
        shots=circuit.shots,
        seed=given if isinstance(given, int) else seed,
        observables=tuple(term[::-1] for term in circuit.observables),
    )


def _labelled(body: Mapping[str, JsonValue]) -> list[tuple[str, str]]:
    circuits, template = body.get("circuits"), body.get("circuit_template")
    if (circuits is None) == (template is None):
        raise Refusal(400, "either circuits or circuit_template is expected")
    if template is None:
        if not isinstance(circuits, dict):
            raise Refusal(400, "circuits is not an object")
        return [(label, unpacked(text, f"circuit {label!r}")) for label, text in circuits.items()]
    text = unpacked(template, "circuit_template")
    names, sets = body.get("parameter_names"), body.get("parameter_sets")
    if not isinstance(names, list) or not isinstance(sets, list) or not sets:
        raise Refusal(400, "a template needs parameter_names and parameter_sets")
    words = [str(name) for name in names]
    return [_row(text, words, row) for row in sets]


def _row(text: str, names: list[str], row: JsonValue) -> tuple[str, str]:
    label = row.get("label") if isinstance(row, dict) else None
    values = row.get("values") if isinstance(row, dict) else None
    if not isinstance(label, str) or not isinstance(values, list) or len(values) != len(names):
        raise Refusal(400, "a parameter set has a label and a value for each name")
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        raise Refusal(400, f"parameter set {label!r} holds something that is no number")
    return label, filled(text, names, numbers)


def _measured(
    body: Mapping[str, JsonValue], labelled: list[tuple[str, str]], record: Record, offset: int
) -> list[Circuit]:
    packed, groups = body.get("observables"), body.get("shot_groups")
    if (packed is not None) != (record.job_type == "EXPECTATION"):
        raise Refusal(400, f"a job of type {record.job_type} has other measurements")
    if packed is None:
        shots = _shots_of(body, len(labelled))
        return [Circuit(*pair, shots=n) for pair, n in zip(labelled, shots, strict=True)]
    if groups is not None or body.get("shots") is not None:
        raise Refusal(400, "observables and shots exclude each other")
    found = observables_in(str(packed))
    spans = body.get("circuit_ham_map")
    return [
        Circuit(*pair, shots=1, observables=tuple(_terms(found, spans, offset + place)))
        for place, pair in enumerate(labelled)
    ]


def _terms(groups: list[list[str]], spans: JsonValue, position: int) -> list[str]:
    if isinstance(spans, list):
        for group, span in zip(groups, spans, strict=False):
            if isinstance(span, list) and len(span) == 2:
                first, last = span
                if isinstance(first, int) and isinstance(last, int) and first <= position < last:
                    return group
    return [term for group in groups for term in group]


def _shots_of(body: Mapping[str, JsonValue], circuits: int) -> list[int]:
    groups = body.get("shot_groups")
    if groups is None:
        shots = body.get("shots")
        if shots is not None and (not isinstance(shots, int) or shots <= 0):
            raise Refusal(400, "shots must be positive")
        return [shots or DEFAULT_SHOTS] * circuits
    taken: dict[int, int] = {}
    for part in groups if isinstance(groups, list) else ():
        if not isinstance(part, list) or len(part) != 3:
            raise Refusal(400, "a shot group is [start, end, shots]")
        start, end, shots = (item if isinstance(item, int) else -1 for item in part)
        if not 0 <= start < end <= circuits or shots <= 0 or taken.keys() & set(range(start, end)):
            raise Refusal(400, f"the shot group {part} does not fit {circuits} circuits")
        taken |= dict.fromkeys(range(start, end), shots)
    if len(taken) < circuits:
        raise Refusal(400, "the shot groups leave circuits out")
    return [taken[place] for place in range(circuits)]


def _object(body: Mapping[str, JsonValue], name: str) -> dict[str, JsonValue] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal(400, f"{name} is not an object")
    return value
