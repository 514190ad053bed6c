"""What IQM keeps of jobs, and how it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.iqm.calibration import T2, calibration_id
from quantum_async.sandbox.iqm.programs import CircuitFault, mapping_of, read_circuit, read_run
from quantum_async.sandbox.service import Refusal
from quantum_async.sandbox.simulator import Task
from quantum_async.sandbox.world import oldest_ended

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.iqm.programs import Measurements, PulseRun, Step, SubmittedCircuit
    from quantum_async.sandbox.iqm.service import IQMSandboxOptions
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.world import Clock, Realm, SandboxJob


WORDS = {
    JobStatus.QUEUED: "waiting",
    JobStatus.RUNNING: "processing",
    JobStatus.SUCCEEDED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLING: "processing",
    JobStatus.CANCELLED: "cancelled",
    JobStatus.UNKNOWN: "waiting",
}
"""The service's words for where a job stands."""

COMPILED = 0.2
"""Part of a job's run time that compiling takes."""


@dataclass(slots=True, eq=False)
class IQMRecord:
    """A job.

    Args:
        work: The job in the world.
        chip: Where it runs.
        circuits: What it runs.
        shots: How often each.
        payload: What was submitted, byte for byte.
        calibration: The calibration set's id.
        is_heralded: Whether some shots are dropped.
        tag: The tag, or ``None``.
        error_code: Why it fails, in one word.
        deleted: Whether it was deleted.
        pulses: What it measures, where it is a pulse job.
    """

    work: SandboxJob
    chip: Chip
    circuits: Sequence[SubmittedCircuit]
    shots: int
    payload: bytes
    calibration: str
    is_heralded: bool
    tag: str | None = None
    error_code: str = "job_failed"
    deleted: bool = False
    pulses: PulseRun | None = None

    @property
    def kind(self) -> str:
        """Which kind of job it is."""
        return "circuit" if self.pulses is None else "run"

    def word(self, now: float) -> str:
        """Say where it stands, in the service's words."""
        return WORDS[self.work.status(now)]

    def compiled_at(self) -> float:
        """Say when it is, or will be, compiled."""
        return self.work.start + COMPILED * self.work.run_time

    def legacy_word(self, now: float) -> str:
        """Say where it stands, in the older interface's words."""
        if self.deleted:
            return "deleted"
        word = self.word(now)
        if word == "processing":
            is_compiled = now >= self.compiled_at()
            return "pending execution" if is_compiled else "pending compilation"
        words = {"waiting": "pending compilation", "completed": "ready", "cancelled": "aborted"}
        return words.get(word, word)


_DURATIONS = {"prx": 40e-9, "cc_prx": 500e-9, "cz": 60e-9, "move": 80e-9, "measure": 1e-6}
_ANYWHERE = {"reset", "barrier", "delay"}


def check(
    circuit: SubmittedCircuit, chip: Chip, *, moves: str, duration_over_t2: float | None
) -> None:
    """Find out whether a circuit can be run on a chip.

    Args:
        circuit: The circuit.
        chip: The chip.
        moves: How strictly MOVE gates are checked.
        duration_over_t2: Longest duration as a part of T2; 0 or ``None`` checks nothing.

    Raises:
        CircuitFault: It cannot.
    """
    if not circuit.keys:
        raise CircuitFault("it measures nothing")
    for step in circuit.steps:
        _placed(step, chip)
    _check_feedback(circuit)
    if moves != "none":
        _check_moves(circuit, moves)
    if duration_over_t2:
        duration = sum(_DURATIONS.get(step.name, 0.0) for step in circuit.steps)
        if duration > duration_over_t2 * T2:
            raise CircuitFault("the circuit is longer than max_circuit_duration_over_t2 allows")


def _check_feedback(circuit: SubmittedCircuit) -> None:
    measured: set[tuple[str, str]] = set()
    for step in circuit.steps:
        key = step.args.get("feedback_key")
        if step.name == "measure" and key is not None:
            measured |= {(str(key), qubit) for qubit in step.locus}
        source = (str(key), str(step.args.get("feedback_qubit")))
        if step.name == "cc_prx" and source not in measured:
            raise CircuitFault(f"no earlier measurement feeds back {key!r}")


def _placed(step: Step, chip: Chip) -> None:
    strange = [name for name in step.locus if name not in chip.components]
    if strange:
        raise CircuitFault(f"{step.name}: the chip has no {', '.join(strange)}")
    if step.name in _ANYWHERE:
        return
    loci = chip.loci.get(step.name, frozenset())
    shown = ", ".join(step.locus)
    if step.name == "measure":
        if not all((name,) in loci for name in step.locus):
            raise CircuitFault(f"measure is not calibrated on {shown}")
    elif step.locus not in loci and not (step.name == "cz" and step.locus[::-1] in loci):
        raise CircuitFault(f"{step.name} is not calibrated on {shown}")


def _check_moves(circuit: SubmittedCircuit, moves: str) -> None:
    held: dict[str, str] = {}
    allowed = {"barrier", "prx"} if moves == "allow_prx" else {"barrier"}
    for step in circuit.steps:
        if step.name == "move":
            qubit, resonator = step.locus
            if held.get(resonator) == qubit:
                del held[resonator]
            elif resonator in held or qubit in held.values():
                raise CircuitFault(f"MOVE on {qubit}, {resonator}: the state is elsewhere")
            else:
                held[resonator] = qubit
        elif step.name not in allowed and set(step.locus) & set(held.values()):
            raise CircuitFault(f"{step.name} on {', '.join(step.locus)}: its state was moved away")


@dataclass(slots=True)
class _Writer:
    places: dict[str, int]
    lines: list[str] = field(default_factory=list)
    bits: int = 0
    feedback: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        qubits = [f"q[{self.places[name]}]" for name in step.locus]
        match step.name:
            case "prx":
                self.lines.append(f"{_prx(step)} {qubits[0]};")
            case "cc_prx":
                key, qubit = str(step.args["feedback_key"]), str(step.args["feedback_qubit"])
                bit = self.feedback[key, qubit]
                self.lines.append(f"if(c{bit}==1) {_prx(step)} {qubits[0]};")
            case "cz":
                self.lines.append(f"cz {','.join(qubits)};")
            case "move":
                # An empty resonator makes a MOVE a swap; the phases cancel when it comes back.
                self.lines.append(f"swap {','.join(qubits)};")
            case "reset":
                self.lines += [f"reset {qubit};" for qubit in qubits]
            case "barrier":
                self.lines.append(f"barrier {','.join(qubits)};")
            case _:
                self._measure(step, qubits)

    def _measure(self, step: Step, qubits: list[str]) -> None:
        key = step.args.get("feedback_key")
        for name, qubit in zip(step.locus, qubits, strict=True):
            if key is not None:
                self.feedback[str(key), name] = self.bits
            self.lines.append(f"measure {qubit}->c{self.bits}[0];")
            self.bits += 1


def script(circuit: SubmittedCircuit) -> str:
    """Write a circuit that was checked, with a register of one bit for each bit measured."""
    active = [step for step in circuit.steps if step.name not in {"barrier", "delay"}]
    names = dict.fromkeys(name for step in active for name in step.locus)
    writer = _Writer({name: place for place, name in enumerate(names)})
    for step in active:
        writer.add(step)
    head = ['OPENQASM 2.0; include "qelib1.inc";', f"qreg q[{max(1, len(names))}];"]
    head += [f"creg c{bit}[1];" for bit in range(writer.bits)]
    return "\n".join([*head, *writer.lines])


def _prx(step: Step) -> str:
    # RZ(phase) RX(angle) RZ(-phase), as one gate.
    angle, phase = step.number("angle"), step.number("phase")
    return f"u3({angle!r},{phase - math.pi / 2!r},{math.pi / 2 - phase!r})"


class Store:
    """What the service keeps.

    Args:
        realm: The provider's part of the world.
        options: How the service behaves.
    """

    def __init__(self, realm: Realm, options: IQMSandboxOptions) -> None:
        self.realm = realm
        self.options = options
        self.jobs: dict[str, IQMRecord] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.jobs.clear()

    def job(self, job_id: str) -> IQMRecord:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        job = self.jobs.get(job_id)
        if job is None:
            raise Refusal(404, f"Job {job_id} was not found", "job_not_found")
        return job

    def accept(
        self, request: Request, chip: Chip, *, tag: str | None = None, in_turns: bool = False
    ) -> IQMRecord:
        """Take a submission.

        Args:
            request: What came in.
            chip: Where it is to run.
            tag: What it can be found by.
            in_turns: Whether it came through the older interface.

        Raises:
            Refusal: It is too large, or no submission.
        """
        self._check_payload(request)
        document = request.json_object()
        documents, shots = self._sizes(document)
        calibration = document.get("calibration_set_id")
        name = calibration_id(chip, str(calibration or "default"))
        circuits, fault = _read(document, documents, chip, in_turns=in_turns)
        work = self.realm.accept_job(
            chip.alias,
            shots=shots,
            slots=1,
            now=request.now,
            effects=request.effects,
            tasks=partial(_tasks, circuits, shots),
            failure=fault,
        )
        record = IQMRecord(
            work,
            chip,
            circuits,
            shots,
            request.content,
            name,
            is_heralded=document.get("heralding_mode") == "zeros",
            tag=tag,
            error_code="circuit_validation_error" if fault else "job_failed",
        )
        return self._kept(record, request.now)

    def accept_pulses(self, request: Request, chip: Chip, *, tag: str | None) -> IQMRecord:
        """Take a pulse job.

        Args:
            request: What came in.
            chip: Where it is to run.
            tag: What it can be found by.

        Raises:
            Refusal: It is too large, or no run definition.
        """
        self._check_payload(request)
        run = read_run(request.content)
        work = self.realm.accept_job(
            chip.alias, shots=1, slots=1, now=request.now, effects=request.effects
        )
        calibration = calibration_id(chip, "default")
        record = IQMRecord(
            work, chip, (), 1, request.content, calibration, is_heralded=False, tag=tag, pulses=run
        )
        return self._kept(record, request.now)

    def _check_payload(self, request: Request) -> None:
        if len(request.content) > self.options.max_payload:
            raise Refusal(413, "the payload is too large", "request_payload_too_large")

    def _kept(self, record: IQMRecord, now: float) -> IQMRecord:
        self.jobs[record.work.id] = record
        self.realm.ledger.note_submission(record.tag)
        self._trim(now)
        return record

    def cancel(self, record: IQMRecord, now: float) -> bool:
        """Cancel a job.

        Returns:
            Whether it could still be cancelled.
        """
        return bool(self.realm.cancel(record.chip.alias, [record.work], now))

    def queue_position(self, record: IQMRecord, now: float) -> int | None:
        """Count the jobs in front of one that waits."""
        return self.realm.queue_position(record.chip.alias, record.work, now)

    def _sizes(self, document: Mapping[str, JsonValue]) -> tuple[list[JsonValue], int]:
        circuits, shots, limits = document.get("circuits"), document.get("shots"), self.options
        if not isinstance(circuits, list) or not circuits:
            raise Refusal(400, "circuits must be a list that is not empty", "invalid_job_payload")
        if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
            raise Refusal(400, "shots must be a positive integer", "invalid_job_payload")
        if len(circuits) > limits.max_circuits_per_job:
            raise Refusal(400, "too many circuits in one job", "invalid_input")
        if shots > limits.max_shots_per_circuit:
            raise Refusal(400, "too many shots", "invalid_input")
        if shots * len(circuits) > limits.max_executions_per_job:
            raise Refusal(400, "too many executions in one job", "invalid_input")
        if any(_length(item) > limits.max_instructions_per_circuit for item in circuits):
            raise Refusal(400, "too many instructions in one circuit", "invalid_input")
        return circuits, shots

    def _trim(self, now: float) -> None:
        surplus = len(self.jobs) - self.realm.world.settings.max_jobs
        for record in oldest_ended(
            self.jobs.values(), surplus, lambda record: record.work.status(now).is_terminal
        ):
            del self.jobs[record.work.id]
            self.realm.forget(record.work, now)


def _tasks(circuits: Sequence[SubmittedCircuit], shots: int, seed: int) -> list[Task]:
    return [
        Task("automatic", "qasm2", script(circuit), shots, seed=seed + place)
        for place, circuit in enumerate(circuits)
    ]


def _length(circuit: JsonValue) -> int:
    instructions = circuit.get("instructions") if isinstance(circuit, dict) else None
    return len(instructions) if isinstance(instructions, list) else 0


def _read(
    document: Mapping[str, JsonValue],
    documents: Sequence[JsonValue],
    chip: Chip,
    *,
    in_turns: bool,
) -> tuple[list[SubmittedCircuit], str | None]:
    mapping = mapping_of(document.get("qubit_mapping"))
    moves = document.get("move_gate_validation", document.get("move_validation_mode"))
    ratio = document.get("max_circuit_duration_over_t2")
    circuits: list[SubmittedCircuit] = []
    try:
        for item in documents:
            circuit = read_circuit(item, mapping, in_turns=in_turns)
            check(
                circuit,
                chip,
                moves=str(moves or "strict"),
                duration_over_t2=float(ratio) if isinstance(ratio, int | float) else None,
            )
            circuits.append(circuit)
    except CircuitFault as fault:
        return circuits, f"circuit at index {len(circuits)}: {fault}"
    return circuits, None


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
