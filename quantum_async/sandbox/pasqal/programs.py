"""Sequences as Pasqal takes them, devices that run them, and results as it writes them."""

from __future__ import annotations

import hmac
import json
import secrets
import uuid
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pydantic_core

from quantum_async.sandbox.chance import content_label, seeded_counts, shuffled_shots
from quantum_async.sandbox.emulation import common_part, default_shots, pulser_results
from quantum_async.sandbox.pasqal.store import Batch, PasqalJob, reason
from quantum_async.sandbox.service import Refusal, Reply
from quantum_async.sandbox.simulator import Task
from quantum_async.sandbox.world import Latest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.faults import Effects
    from quantum_async.sandbox.pasqal.service import PasqalOptions
    from quantum_async.sandbox.pasqal.store import Store
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.world import Realm, World


@dataclass(frozen=True, slots=True)
class Machine:
    """A device type.

    Args:
        name: Its name.
        emulator: Whether it is simulated by the provider, many jobs at once.
        public: Whether its specifications are shown to everybody.
        id: Its id in device lists.
    """

    name: str
    emulator: bool
    public: bool
    id: str

    @property
    def slots(self) -> int | None:
        """How many jobs run at once; ``None`` for all of them."""
        return None if self.emulator else 1


_QPUS = ("FRESNEL", "FRESNEL_CAN1")
_EMULATORS = ("EMU_FREE", "EMU_TN", "EMU_MPS", "EMU_SV", "EMU_FRESNEL")

MACHINES = {
    name: Machine(
        name,
        emulator=name in _EMULATORS,
        public=name != "FRESNEL_CAN1",
        id=f"5a0dd0c5-0000-4000-8000-{place:012d}",
    )
    for place, name in enumerate((*_QPUS, *_EMULATORS), start=1)
}
"""Every device type that takes jobs."""


@cache
def specification(name: str) -> str:
    """Give a QPU's specification: the abstract representation of a Pulser device.

    Raises:
        Refusal: There is no such QPU.
    """
    if name not in _QPUS:
        raise Refusal(404, f"no specification of device type {name!r}")
    source = files(__package__ or "") / "specifications_data" / f"{name}.json"
    return source.read_text(encoding="utf-8").strip()


def specifications(*, public: bool) -> dict[str, str]:
    """Give every QPU's specification, or those that everybody may see."""
    names = [name for name in _QPUS if MACHINES[name].public or not public]
    return {name: specification(name) for name in names}


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """A sequence as text and what follows from it.

    Args:
        text: The abstract representation.
        problem: Why it is none; empty where it is.
        device: The device's name.
        max_runs: Most shots the device takes at once, or ``None``.
        qubits: Names of the atoms in order.
        mappable: Whether a job says where its atoms are.
        variables: Length of each declared variable.
    """

    text: str
    problem: str = ""
    device: str = ""
    max_runs: int | None = None
    qubits: tuple[str, ...] = ()
    mappable: bool = False
    variables: Mapping[str, int] = field(default_factory=dict)

    def width(self, variables: Mapping[str, JsonValue]) -> int:
        """Count the atoms of a job."""
        mapped = variables.get("qubits")
        return len(mapped) if self.mappable and isinstance(mapped, dict) else len(self.qubits)

    def faults_of(self, variables: Mapping[str, JsonValue]) -> list[str]:
        """List what is wrong with a job's variables."""
        if self.problem:
            return []
        given = {name: value for name, value in variables.items() if name != "qubits"}
        unknown = [f"variable '{name}' is not declared" for name in given.keys() - self.variables]
        missing = [f"no value for variable '{name}'" for name in self.variables.keys() - given]
        lengths = [
            f"variable '{name}' has {self.variables[name]} elements, got {_length(value)}"
            for name, value in given.items()
            if name in self.variables and _length(value) != self.variables[name]
        ]
        return sorted(unknown) + sorted(missing) + lengths + self._faults_of_mapping(variables)

    def _faults_of_mapping(self, variables: Mapping[str, JsonValue]) -> list[str]:
        mapped = variables.get("qubits")
        if not self.mappable:
            return ["the register is not mappable: 'qubits' not expected"] if mapped else []
        if not isinstance(mapped, dict) or not mapped:
            return ["the register is mappable: 'qubits' expected"]
        if set(mapped) != set(self.qubits[: len(mapped)]):
            return [f"'qubits' must name the first {len(mapped)} atoms of the register"]
        return []


class SequenceReader:
    """Reads sequences; remembers the latest ones, so that equal texts are kept once.

    Args:
        remembered: How many.
    """

    def __init__(self, remembered: int = 256) -> None:
        self._known: Latest[str, SequenceFacts] = Latest(remembered)

    def read(self, text: str) -> SequenceFacts:
        """Read a sequence; one that is none has a `problem`."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = _read(text)
        return known


def _read(text: str) -> SequenceFacts:
    try:
        document = json.loads(text)
        return _facts(text, document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return SequenceFacts(text, problem=f"not a serialized sequence: {error!r}")


def _facts(text: str, document: Any) -> SequenceFacts:
    register = [dict(atom) for atom in document["register"]]
    device = document["device"]
    variables = document.get("variables") or {}
    _ = document["operations"]
    max_runs = device.get("max_runs")
    return SequenceFacts(
        text,
        device=str(device["name"]),
        max_runs=max_runs if isinstance(max_runs, int) else None,
        qubits=tuple(str(atom.get("name", atom.get("qid"))) for atom in register),
        mappable=any("qid" in atom for atom in register),
        variables={name: len(spec["value"]) for name, spec in variables.items()},
    )


def _length(value: JsonValue) -> int:
    return len(value) if isinstance(value, list) else 1


KEY_PREFIX = "quantum-async:"
"""A tag that begins like this is a client's key of the submission."""

FOREIGN_PROJECT = "00000000-0000-4000-8000-00000000f0e0"
"""A project that nobody belongs to, for tests of a refusal."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A job before it is taken.

    Args:
        runs: The shots asked for, or ``None``.
        variables: Values of the sequence's variables, or ``None``.
        sequence: What it runs.
        own_sequence: Whether it brought the sequence itself.
        parent_id: The job it repeats.
    """

    runs: int | None
    variables: dict[str, JsonValue] | None
    sequence: SequenceFacts
    own_sequence: bool = False
    parent_id: str | None = None


class Intake:
    """Takes new batches and jobs.

    Args:
        realm: The provider's part of the world.
        store: Where they are kept.
    """

    def __init__(self, realm: Realm, store: Store) -> None:
        self._realm = realm
        self._store = store
        self._reader = SequenceReader()

    def create(self, request: Request, user: str, *, third_party: bool = False) -> Batch:
        """Take a new batch.

        Raises:
            Refusal: Something about it is wrong.
        """
        body = request.json_object()
        project = _project(body, third_party=third_party)
        text = body.get("sequence_builder") or body.get("sequence")
        shared = self._reader.read(text) if isinstance(text, str) else None
        is_open = _is_open(body)
        items = body.get("jobs") or []
        if not isinstance(items, list) or (not items and not is_open):
            raise Refusal(422, [dict(reason(["jobs"], "at least one job is required"))])
        self._check_number(len(items))
        drafts = self._drafts(items, shared)
        machine = _machine(body, shared or (drafts[0].sequence if drafts else None))
        _check(drafts, machine, strict=_strict(body))
        batch = Batch(
            id=str(uuid.uuid4()),
            project_id=project,
            user_id=user,
            machine=machine,
            sequence=shared,
            created=request.now,
            listed=request.now + request.effects.list_lag,
            open=is_open,
            tags=tags_of(body.get("tags")),
            clock=self._realm.world.clock,
            webhook=body.get("webhook"),
            configuration=body.get("configuration"),
            backend_configuration=_text(body, "backend_configuration"),
            origin="OVH" if third_party else "CLIENT",
            updated=request.now,
        )
        self._note(batch)
        self._take(batch, drafts, request.now, request.effects)
        self._store.add(batch, request.now)
        return batch

    def extend(self, batch: Batch, request: Request) -> None:
        """Take further jobs into an open batch.

        Raises:
            Refusal: The batch is closed, or something about the jobs is wrong.
        """
        items = request.json()
        if not isinstance(items, list) or not items:
            raise Refusal(422, [dict(reason([], "a non-empty list of jobs is expected"))])
        if not batch.open:
            raise Refusal(409, f"Batch '{batch.id}' is closed and takes no more jobs.")
        self._check_number(len(batch.jobs) + len(items))
        drafts = self._drafts(items, batch.sequence)
        _check(drafts, batch.machine, strict=False)
        batch.updated = request.now
        self._take(batch, drafts, request.now, request.effects)
        self._store.trim(request.now)

    def repeat(self, parent: Batch, jobs: list[PasqalJob], request: Request, user: str) -> Batch:
        """Take a batch that repeats jobs of an old one."""
        drafts = [
            Draft(job.runs, job.variables, job.sequence, job.own_sequence, job.work.id)
            for job in jobs
        ]
        batch = Batch(
            id=str(uuid.uuid4()),
            project_id=parent.project_id,
            user_id=user,
            machine=parent.machine,
            sequence=parent.sequence,
            created=request.now,
            listed=request.now + request.effects.list_lag,
            open=False,
            # The key in the tags belongs to the first submission alone.
            tags=[tag for tag in parent.tags if not tag.startswith(KEY_PREFIX)],
            clock=parent.clock,
            webhook=parent.webhook,
            configuration=parent.configuration,
            backend_configuration=parent.backend_configuration,
            parent_id=parent.id,
            updated=request.now,
        )
        self._take(batch, drafts, request.now, request.effects)
        self._store.add(batch, request.now)
        return batch

    def _check_number(self, jobs: int) -> None:
        if jobs > self._store.options.max_jobs_per_batch:
            raise Refusal(422, [dict(reason([], "too many jobs in one batch"))])

    def _drafts(self, items: list[JsonValue], shared: SequenceFacts | None) -> list[Draft]:
        wrong: list[JsonValue] = []
        drafts = []
        for place, item in enumerate(items):
            try:
                drafts.append(self._draft(item, shared))
            except ValueError as error:
                wrong.append(dict(reason(["jobs", place], str(error))))
        if wrong:
            raise Refusal(422, wrong)
        return drafts

    def _draft(self, item: JsonValue, shared: SequenceFacts | None) -> Draft:
        if not isinstance(item, dict):
            raise ValueError("a job is an object")
        runs, variables, text = item.get("runs"), item.get("variables"), item.get("sequence")
        if runs is not None and (isinstance(runs, bool) or not isinstance(runs, int)):
            raise ValueError("runs: value is not a valid integer")
        if variables is not None and not isinstance(variables, dict):
            raise ValueError("variables: value is not a valid dict")
        if text is not None and not isinstance(text, str):
            raise ValueError("sequence: value is not a valid string")
        if text is None and shared is None:
            raise ValueError("neither the batch nor the job has a sequence")
        if text is not None and variables:
            raise ValueError("a job with its own sequence takes no variables")
        sequence = self._reader.read(text) if text is not None else shared
        if sequence is None:
            raise ValueError("no sequence")
        return Draft(runs, variables, sequence, text is not None)

    def _take(self, batch: Batch, drafts: list[Draft], now: float, effects: Effects) -> None:
        for draft in drafts:
            shots = draft.runs or default_shots(batch.backend_configuration or "")
            work = self._realm.accept_job(
                batch.machine.name,
                shots=shots,
                slots=batch.machine.slots,
                now=now,
                effects=effects,
                tasks=partial(_tasks, batch, draft, shots),
                failure=draft.sequence.problem or None,
            )
            job = PasqalJob(
                work=work,
                batch=batch,
                runs=draft.runs,
                variables=draft.variables,
                sequence=draft.sequence,
                own_sequence=draft.own_sequence,
                order=len(batch.jobs) + 1,
                listed=now + effects.list_lag,
                parent_id=draft.parent_id,
            )
            batch.jobs.append(job)
            self._store.jobs[work.id] = job

    def _note(self, batch: Batch) -> None:
        key = next((tag for tag in batch.tags if tag.startswith(KEY_PREFIX)), None)
        self._realm.ledger.note_submission(key)


def _tasks(batch: Batch, draft: Draft, shots: int, seed: int) -> list[Task]:
    task = Task(
        device="pulser",
        format="pulser",
        payload=draft.sequence.text,
        shots=shots,
        variables=draft.variables or {},
        seed=seed,
        emulation=common_part(batch.backend_configuration or ""),
    )
    return [task]


def _check(drafts: list[Draft], machine: Machine, *, strict: bool) -> None:
    wrong: list[JsonValue] = []
    for place, draft in enumerate(drafts):
        faults = draft.sequence.faults_of(draft.variables or {})
        faults += _faults_of_runs(draft, machine, strict=strict)
        wrong += [dict(reason(["jobs", place], fault)) for fault in faults]
    if wrong:
        raise Refusal(422, wrong)


def _faults_of_runs(draft: Draft, machine: Machine, *, strict: bool) -> list[str]:
    is_limited = strict or not machine.emulator
    if draft.runs is None:
        return ["runs: field required"] if is_limited else []
    if draft.runs <= 0:
        return ["runs must be positive"]
    most = draft.sequence.max_runs
    if not machine.emulator:
        most = pydantic_core.from_json(specification(machine.name))["max_runs"]
    if is_limited and most is not None and draft.runs > most:
        return [f"runs must not exceed {most}"]
    return []


def _project(body: Mapping[str, JsonValue], *, third_party: bool) -> str:
    project = body.get("project_id")
    if third_party and not project:
        return ""
    try:
        found = str(uuid.UUID(str(project)))
    except ValueError:
        raise Refusal(422, [dict(reason(["project_id"], "value is not a valid uuid"))]) from None
    if found == FOREIGN_PROJECT:
        raise Refusal(403, "You are not a member of this project.")
    return found


def _is_open(body: Mapping[str, JsonValue]) -> bool:
    for name, meaning in (("open", True), ("complete", False)):
        value = body.get(name)
        if value is not None and not isinstance(value, bool):
            raise Refusal(422, [dict(reason([name], "value is not a valid boolean"))])
        if value is not None:
            return value is meaning
    return False


def _machine(body: Mapping[str, JsonValue], sequence: SequenceFacts | None) -> Machine:
    name = body.get("device_type") or body.get("emulator")
    name = name or (sequence.device if sequence is not None else "")
    machine = MACHINES.get(str(name))
    if machine is None:
        known = ", ".join(MACHINES)
        message = f"unknown device type '{name}'; known: {known}"
        raise Refusal(422, [dict(reason(["device_type"], message))])
    return machine


def _strict(body: Mapping[str, JsonValue]) -> bool:
    configuration = body.get("configuration")
    return isinstance(configuration, dict) and configuration.get("strict_validation") is True


def _text(body: Mapping[str, JsonValue], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(422, [dict(reason([name], "value is not a valid string"))])
    return value


def tags_of(value: JsonValue) -> list[str]:
    """Read a list of tags.

    Raises:
        Refusal: It is none, or names one twice.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise Refusal(422, [dict(reason(["tags"], "a list of strings is expected"))])
    if len(set(map(str, value))) < len(value):
        raise Refusal(422, [dict(reason(["tags"], "the list has duplicated items"))])
    return [str(tag) for tag in value]


class Results:
    """Gives results away.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: PasqalOptions) -> None:
        self._world = world
        self._secret = secrets.token_bytes(16)
        self.options = options

    def link(self, base_url: str, path: str, now: float) -> str:
        """Sign a link.

        Args:
            base_url: Where the service listens.
            path: What the link leads to.
            now: World time.
        """
        expires = f"{now + self.options.link_lifetime:.3f}"
        return f"{base_url}{path}?expires={expires}&signature={self._sign(path, expires)}"

    def check(self, request: Request) -> None:
        """Refuse a link that has expired or was not given by this service.

        Raises:
            Refusal: As storage refuses it.
        """
        query = request.query
        expires = query.get("expires", ["0"])[-1]
        signature = query.get("signature", [""])[-1]
        wanted = self._sign(request.path, expires)
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise Refusal(403, "SignatureDoesNotMatch")
        if request.now >= float(expires):
            raise Refusal(403, "Request has expired")

    def is_ready(self, job: PasqalJob, now: float) -> bool:
        """Whether there is a link to a job's result."""
        finished = job.work.finished(now)
        return (
            job.word(now) == "DONE"
            and finished is not None
            and now >= finished + self.options.results_lag
        )

    def document(self, job: PasqalJob) -> dict[str, JsonValue]:
        """Write a job's result."""
        outcome = job.work.outcome
        seed, label = self._world.settings.seed, _label(job)
        if outcome is not None:
            counter = dict(outcome.counts)
        else:
            width = job.sequence.width(job.variables or {})
            counter = seeded_counts(seed, label, width, job.work.shots)
        result: dict[str, JsonValue] = {"counter": dict(counter), "serialised_results": None}
        if self.options.raw:
            samples = outcome.samples if outcome is not None else None
            result["raw"] = [*(samples or shuffled_shots(counter, seed, label))]
        if job.batch.backend_configuration:
            result["serialised_results"] = self._serialised(job, counter)
        return result

    def _serialised(self, job: PasqalJob, counter: dict[str, int]) -> str:
        outcome = job.work.outcome
        if outcome is not None and outcome.raw:
            return outcome.raw
        atoms = outcome.atoms if outcome is not None else ()
        width = job.sequence.width(job.variables or {})
        return pulser_results(atoms or job.sequence.qubits[:width], 0, counter)

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), "sha256").hexdigest()


def _label(job: PasqalJob) -> str:
    variables = sorted((job.variables or {}).items())
    return content_label("pasqal", job.sequence.text, variables, job.work.shots)


def storage_refusal(refusal: Refusal) -> Reply:
    """Write a refusal as object storage does: in XML."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>AccessDenied</Code><Message>{escape(str(refusal.description))}</Message>"
        "</Error>"
    )
    return Reply(refusal.status, text.encode(), b"application/xml")
