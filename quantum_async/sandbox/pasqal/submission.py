"""New batches and jobs: what the service refuses, and how it takes the rest."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pydantic_core

from quantum_async.sandbox.emulation import common_part, default_shots
from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.pasqal.documents import reason
from quantum_async.sandbox.pasqal.records import Batch, PasqalJob
from quantum_async.sandbox.pasqal.sequences import Sequence, SequenceReader
from quantum_async.sandbox.pasqal.specs import MACHINES, Machine, specification
from quantum_async.sandbox.simulator import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.faults.book import Effects
    from quantum_async.sandbox.pasqal.store import Store
    from quantum_async.sandbox.world import Realm

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
    sequence: Sequence
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

    def _drafts(self, items: list[JsonValue], shared: Sequence | None) -> list[Draft]:
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

    def _draft(self, item: JsonValue, shared: Sequence | None) -> Draft:
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


def _machine(body: Mapping[str, JsonValue], sequence: Sequence | None) -> Machine:
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
