"""Programs as Qoro takes them, and results as it writes them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from typing import TYPE_CHECKING

from quantum_async.sandbox.chance import content_label, seeded_counts, uniform
from quantum_async.sandbox.qoro.store import (
    Circuit,
    Record,
    filled,
    histogram,
    observables_in,
    unpacked,
)
from quantum_async.sandbox.service import Refusal
from quantum_async.sandbox.simulator import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.qoro.service import QoroOptions
    from quantum_async.sandbox.qoro.store import Store
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.simulator import Outcome
    from quantum_async.sandbox.world import Realm, World


@dataclass(frozen=True, slots=True)
class Machine:
    """A cluster of simulators or a system of quantum computers.

    Args:
        name: What jobs name it by.
        is_simulator: Whether it is a cluster.
        slots: How many jobs it runs at once; ``None`` runs all of them.
        qubits: How many qubits its computers have.
    """

    name: str
    is_simulator: bool
    slots: int | None
    qubits: int = 0


MACHINES = {
    machine.name: machine
    for machine in (
        Machine("qoro_maestro", is_simulator=True, slots=4),
        Machine("gpu_cluster", is_simulator=True, slots=4),
        Machine("lab_qpu", is_simulator=False, slots=1, qubits=20),
    )
}

CLUSTERS = [
    {"name": "qoro_maestro", "access_level": "PUBLIC", "minimum_tier": "FREE"},
    {"name": "gpu_cluster", "access_level": "ADMIN", "minimum_tier": "PRO"},
]

# Clients before 0.13 break on any other field of a computer.
SYSTEMS: list[JsonValue] = [
    {
        "name": "lab_qpu",
        "access_level": "PUBLIC",
        "qpus": [
            {
                "nickname": "A1",
                "q_bits": 20,
                "status": "ONLINE",
                "system_kind": "superconducting",
            }
        ],
    }
]

BLUEPRINTS: dict[str, JsonValue] = {
    "ibm": {
        "label": "IBM Quantum",
        "credentials": [
            {"name": "IBM_TOKEN", "kind": "text", "required": True, "secret": True},
        ],
        "device": [
            {"name": "TRANSPILE_LEVEL", "kind": "number", "required": False, "default": 2},
            {
                "name": "USE_TWIRLING",
                "kind": "toggle",
                "required": False,
                "choices": ["true", "false"],
            },
            {"name": "USE_MITIGATION", "kind": "toggle", "required": False},
        ],
    },
    "iqm": {"label": "IQM", "credentials": [], "device": []},
}


_GROUPS = {
    "analysis",
    "ansatz",
    "cost_qubo",
    "penalty_qubo",
    "constraints",
    "n_qubits",
    "preset",
    "subspace",
}
_LARGEST = 12


def analysed(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Analyse a problem.

    Raises:
        Refusal: The problem or an option is wrong.
    """
    qubo = body.get("qubo")
    options = body.get("options")
    options = {} if options is None else options
    if not isinstance(qubo, dict) or not qubo:
        raise Refusal(400, "qubo must be a non-empty object")
    if not isinstance(options, dict):
        raise Refusal(400, "options must be an object")
    if unknown := sorted(set(options) - _GROUPS):
        raise Refusal(400, f"Unknown option keys: {', '.join(unknown)}")
    states = body.get("reference_states", body.get("target_states")) or []
    wanted = [str(state) for state in states] if isinstance(states, list) else []
    terms = _terms(qubo)
    best = _best(terms)
    found: list[JsonValue] = [
        {
            "state": state,
            "is_reference": True,
            "probability": 1 / max(1, len(wanted)),
            "energy": _energy(terms, state),
        }
        for state in wanted
    ]
    close = [1.0 for state in wanted if best is not None and _energy(terms, state) <= best + 1e-9]
    score = 100.0 * len(close) / len(wanted) if wanted else None
    report: dict[str, JsonValue] = {
        "regime": "exact" if best is not None else "estimate",
        "confidence": "proven" if best is not None else "open",
        "reference_concentration_score": score,
        "state_probabilities": found,
        "best_parameters": {"gamma": 1.2, "beta": 0.7},
    }
    deep = options.get("preset") == "deep" or _asks_hardness(options.get("analysis"))
    hardness: JsonValue = {"difficulty": "easy", "treewidth_estimate": 1} if deep else None
    advice: JsonValue = {
        "level": "info",
        "metric": "quality_score",
        "text": "fine",
        "html": "<b>fine</b>",
    }
    return {"hardness": hardness, "report": report, "recommendations": [advice]}


def page(job_id: str) -> str:
    """Write the report for notebooks."""
    return f'<div class="qvr-root"><h3>Characterisation {job_id}</h3></div>'


def _asks_hardness(analysis: JsonValue) -> bool:
    return isinstance(analysis, dict) and analysis.get("hardness_only") is True


def _terms(qubo: Mapping[str, JsonValue]) -> list[tuple[tuple[int, ...], float]]:
    if qubo.get("_format") == "factored_v1":
        return []
    try:
        return [
            (tuple(sorted({int(index) for index in key.split(",")})), float(str(value)))
            for key, value in qubo.items()
        ]
    except ValueError as error:
        raise Refusal(400, f"bad qubo: {error}") from error


def _best(terms: list[tuple[tuple[int, ...], float]]) -> float | None:
    size = 1 + max((index for indices, _ in terms for index in indices), default=-1)
    if not 0 < size <= _LARGEST:
        return None
    every: Iterable[tuple[str, ...]] = islice(product("01", repeat=size), 2**_LARGEST)
    return min(_energy(terms, "".join(bits)) for bits in every)


def _energy(terms: list[tuple[tuple[int, ...], float]], state: str) -> float:
    return sum(
        value
        for indices, value in terms
        if all(index < len(state) and state[index] == "1" for index in indices)
    )


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
        Circuit(*pair, shots=1, observables=tuple(_terms_of_groups(found, spans, offset + place)))
        for place, pair in enumerate(labelled)
    ]


def _terms_of_groups(groups: list[list[str]], spans: JsonValue, position: int) -> list[str]:
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


class Results:
    """Writes what was measured.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: QoroOptions) -> None:
        self._world = world
        self.options = options

    def page(self, record: Record, request: Request) -> dict[str, JsonValue]:
        """Write one page.

        Raises:
            Refusal: The job has no results, or not yet.
        """
        word = record.word(request.now)
        if record.work is None or word != "COMPLETED":
            raise Refusal(400, f"Results are not available: the job is {word}")
        most = self.options.max_page
        limit = min(positive(request, "limit", most), most)
        offset = positive(request, "offset", 0)
        count, stop = len(record.circuits), offset + limit
        outcomes = record.work.outcomes
        rows: list[JsonValue] = [
            {
                "label": circuit.label,
                "results": self._row(circuit, outcomes[place] if outcomes else None),
            }
            for place, circuit in enumerate(record.circuits[offset:stop], offset)
        ]
        base = f"{request.base_url}{request.path}?limit={limit}"
        return {
            "count": count,
            "next": f"{base}&offset={stop}" if stop < count else None,
            "previous": f"{base}&offset={max(0, offset - limit)}" if offset else None,
            "results": rows,
        }

    def _row(self, circuit: Circuit, outcome: Outcome | None) -> dict[str, JsonValue]:
        seed, label = self._world.settings.seed, content_label("qoro", circuit.text, circuit.shots)
        if circuit.observables:
            values = outcome.expectation_values if outcome is not None else None
            return {
                term: values[term[::-1]]
                if values is not None
                else 2 * uniform(seed, label, term) - 1
                for term in circuit.observables
            }
        if outcome is None:
            counts = seeded_counts(seed, label, circuit.width, circuit.shots)
        else:
            counts = {key.replace(" ", ""): count for key, count in outcome.counts.items()}
        return dict(histogram(counts, circuit.width))


def positive(request: Request, name: str, usual: int) -> int:
    """Read a number of a query; one that is missing, malformed or 0 is the usual one."""
    given = request.query.get(name, [])
    return int(given[-1]) if given and given[-1].isdigit() and int(given[-1]) else usual
