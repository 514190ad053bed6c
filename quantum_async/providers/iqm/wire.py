"""What IQM's servers send and take, as models."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, StrictInt

from quantum_async.providers.iqm.circuits import present_name


class IQMJobStatus(StrEnum):
    """What IQM Server says of a job."""

    WAITING = "waiting"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """A word that this package does not know."""

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended and its status will not change again."""
        return self in {self.COMPLETED, self.FAILED, self.CANCELLED}


def _empty_for_null(value: object) -> object:
    return () if value is None else value


NullableList: BeforeValidator = BeforeValidator(_empty_for_null)


class Wire(BaseModel):
    """A value of the wire: frozen, and unknown fields are no error."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )


class QuantumComputer(Wire):
    """A quantum computer of a server."""

    id: str
    alias: str
    display_name: str = ""
    station_control_version: str | None = None
    proxy_path: str | None = None


class QuantumComputers(Wire):
    """The list of quantum computers."""

    quantum_computers: tuple[QuantumComputer, ...]


class Health(Wire):
    """Whether a quantum computer takes jobs."""

    healthy: bool
    updated_at: str | None = None


class JobLimits(Wire):
    """How large a job may be; a limit that is missing is not known."""

    max_executions_per_job: int | None = None
    max_circuits_per_job: int | None = None
    max_shots_per_circuit: int | None = None
    max_instructions_per_circuit: int | None = None


class TimeWindow(Wire):
    """A span of time, in UTC."""

    start: str
    end: str


class QueueOverview(Wire):
    """The pay-as-you-go queue of a quantum computer."""

    queue_length: int | None = None
    available: Annotated[tuple[TimeWindow, ...], NullableList] = ()


class Timeslot(Wire):
    """A span of time that can be, or is, booked."""

    reference: str
    start: str
    end: str
    price: str | None = None


class Timeslots(Wire):
    """The timeslots of a quantum computer."""

    queue_length: int | None = None
    booked_slots: Annotated[tuple[Timeslot, ...], NullableList] = ()
    available_slots: Annotated[tuple[Timeslot, ...], NullableList] = ()


class BookedTimeslots(Wire):
    """What a booking returns."""

    timeslots: Annotated[tuple[Timeslot, ...], NullableList] = ()


class StaticArchitecture(Wire):
    """What a chip is made of, whatever its calibration."""

    dut_label: str = ""
    qubits: tuple[str, ...]
    computational_resonators: Annotated[tuple[str, ...], NullableList] = ()
    connectivity: Annotated[tuple[tuple[str, ...], ...], NullableList] = ()


class ChipComponent(Wire):
    """One part of a chip: a qubit, a coupler, a resonator, a line."""

    name: str
    connections: Annotated[tuple[str, ...], NullableList] = ()


class ChipContent(Wire):
    """The parts of a chip, by their kind."""

    components: Mapping[str, tuple[ChipComponent, ...]] = Field(default_factory=dict)


class ChipMarking(Wire):
    """What is written on a chip."""

    chip_label: str = ""


class ChipDesign(Wire):
    """How a chip is laid out: its parts and what they are connected to."""

    mask_set_name: str | None = None
    variant: str | None = None
    marking: ChipMarking = Field(default_factory=ChipMarking, validation_alias="cheddar")
    content: ChipContent = Field(default_factory=ChipContent)

    @property
    def label(self) -> str:
        """The chip's label."""
        return self.marking.chip_label

    @property
    def components(self) -> Mapping[str, tuple[ChipComponent, ...]]:
        """Its parts, by kind, such as ``"qubit"`` or ``"tunable_coupler"``."""
        return self.content.components


class GateImplementation(Wire):
    """Where one implementation of a gate is calibrated."""

    loci: tuple[tuple[str, ...], ...] = ()


class GateInfo(Wire):
    """The implementations of a gate."""

    implementations: Mapping[str, GateImplementation] = Field(default_factory=dict)
    default_implementation: str = ""
    override_default_implementation: Mapping[str, str] = Field(default_factory=dict)

    @property
    def loci(self) -> tuple[tuple[str, ...], ...]:
        """Where any implementation is calibrated, without repetition."""
        every = (locus for found in self.implementations.values() for locus in found.loci)
        return tuple(dict.fromkeys(every))


class DynamicArchitecture(Wire):
    """What a calibration set can run."""

    calibration_set_id: str | None = None
    qubits: tuple[str, ...]
    computational_resonators: Annotated[tuple[str, ...], NullableList] = ()
    gates: Mapping[str, GateInfo]

    @property
    def components(self) -> tuple[str, ...]:
        """Qubits, then resonators: the order of a Qiskit circuit's qubits."""
        return (*self.qubits, *self.computational_resonators)


class Observation(Wire):
    """One calibrated or measured quantity."""

    dut_field: str
    value: JsonValue = None
    unit: str | None = None
    uncertainty: JsonValue = None
    invalid: bool = False
    observation_id: int | None = None
    created_timestamp: str | None = None
    modified_timestamp: str | None = None


class ObservationSet(Wire):
    """A calibration set, or the quality metrics of one."""

    observation_set_id: str | None = None
    observation_set_type: str | None = None
    describes_id: str | None = None
    invalid: bool = False
    dut_label: str | None = None
    created_timestamp: str | None = None
    end_timestamp: str | None = None
    observations: Annotated[tuple[Observation, ...], NullableList] = ()

    def value(self, dut_field: str) -> JsonValue:
        """Return the value of a quantity, or ``None`` where the set does not have it.

        Args:
            dut_field: Its full name, such as ``"characterization.model.QB1.t1_time"``.
        """
        return next((o.value for o in self.observations if o.dut_field == dut_field), None)


class TimelineEntry(Wire):
    """When something happened to a job, and who says so."""

    status: str = ""
    timestamp: str = ""
    source: str = ""


class JobMessage(Wire):
    """A remark on a job that is no error."""

    message: str = ""
    source: str = ""


class JobErrorEntry(Wire):
    """Why a job failed."""

    message: str = ""
    error_code: str = ""
    source: str = ""

    def __str__(self) -> str:
        said = ": ".join(part for part in (self.error_code, self.message) if part)
        return f"{said} ({self.source})" if self.source else said


class Progress(Wire):
    """How far a job has come by one measure, such as its shots."""

    value: float = 0
    max_value: float = 0


class Execution(Wire):
    """How far a job has come."""

    progress: Mapping[str, Progress] | None = None


class Compilation(Wire):
    """What compiling a job found out."""

    calibration_set_id: str | None = None
    execution_runtime_estimate_ms: float | None = None


class JobArtifact(Wire):
    """Something that a job has produced."""

    type: str


class JobComputer(Wire):
    """Where a job runs."""

    id: str


class IQMJob(Wire):
    """A job as IQM Server describes it; what the older interface tells is put into this shape."""

    id: str
    type: str = "circuit"
    reported: str = Field(default="", validation_alias="status")
    qc: JobComputer | None = None
    queue_position: int | None = None
    tag: str | None = None
    runtime_ms: float | None = None
    execution: Execution | None = None
    compilation: Compilation | None = None
    messages: Annotated[tuple[JobMessage, ...], NullableList] = ()
    errors: Annotated[tuple[JobErrorEntry, ...], NullableList] = ()
    artifacts: Annotated[tuple[JobArtifact, ...], NullableList] = ()
    timeline: Annotated[tuple[TimelineEntry, ...], NullableList] = ()

    @property
    def status(self) -> IQMJobStatus:
        """Where the job stands."""
        word = self.reported.lower()
        return IQMJobStatus(word) if word in set(IQMJobStatus) else IQMJobStatus.UNKNOWN

    @property
    def calibration_set_id(self) -> str | None:
        """The calibration set it was compiled with, once that is known."""
        return self.compilation.calibration_set_id if self.compilation is not None else None

    @property
    def words(self) -> str:
        """Why it failed, in the server's words."""
        return "; ".join(map(str, self.errors))

    def reached(self, stage: str) -> bool:
        """Say whether the timeline holds a stage, such as ``"compilation_ended"``."""
        return any(entry.status == stage for entry in self.timeline)


class JobCreated(Wire):
    """What is read of the answer to a submission: the rest may be wrong, and the job still runs."""

    id: str


class MeasurementCounts(Wire):
    """The counts of one circuit, as the server makes them: first bit of the first key leftmost."""

    measurement_keys: tuple[str, ...]
    counts: Mapping[str, Annotated[int, Field(ge=0, strict=True)]]


class RefreshTokenInfo(Wire):
    """How long a refresh token is good for."""

    expires_at: str | None = None


class ApiToken(Wire):
    """An API token, without its secret."""

    id: str
    created_at: str | None = None
    expires_at: str | None = None
    activated_at: str | None = None
    last_characters: str | None = None
    refresh_token: RefreshTokenInfo | None = None


class ApiTokens(Wire):
    """The list of API tokens."""

    tokens: tuple[ApiToken, ...]


class CreatedToken(Wire):
    """A new API token, with its secrets."""

    token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)
    activated: bool = True
    metadata: ApiToken | None = None


class LoginAnswer(Wire):
    """What the older installations' login returns."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)


class TokensFile(Wire):
    """A file of tokens that somebody else keeps fresh."""

    access_token: str = Field(repr=False)


class RunStatus(Wire):
    """Where a job stands."""

    status: str
    message: str | None = None
    warnings: Annotated[tuple[str, ...], NullableList] = ()


class RunMetadata(Wire):
    """What the server remembers of a job."""

    calibration_set_id: str | None = None
    request: Mapping[str, JsonValue] | None = None
    parameters: Mapping[str, JsonValue] | None = None
    circuits_batch: tuple[JsonValue, ...] | None = None
    cocos_version: str | None = None
    timestamps: Mapping[str, str | None] | None = None


class RunResult(Wire):
    """Where a job stands, and what it measured: for each circuit, by key, shot and qubit."""

    status: str
    measurements: tuple[Mapping[str, tuple[tuple[StrictInt, ...], ...]], ...] | None = None
    message: str | None = None
    metadata: RunMetadata = Field(default_factory=RunMetadata)
    warnings: Annotated[tuple[str, ...], NullableList] = ()


class QuantumArchitectureSpecification(Wire):
    """What a quantum computer is made of, and which operations are possible where."""

    name: str = ""
    qubits: tuple[str, ...]
    qubit_connectivity: tuple[tuple[str, ...], ...] = ()
    operations: Mapping[str, tuple[tuple[str, ...], ...]] | tuple[str, ...] = ()

    @property
    def loci(self) -> Mapping[str, tuple[tuple[str, ...], ...]]:
        """Where each operation is possible, under its present name."""
        if isinstance(self.operations, Mapping):
            return {present_name(name): loci for name, loci in self.operations.items()}
        single = tuple((qubit,) for qubit in self.qubits)
        pairs = {"cz", "move"}
        return {
            present_name(name): self.qubit_connectivity if name in pairs else single
            for name in self.operations
        }


class QuantumArchitecture(Wire):
    """The answer that holds the architecture."""

    quantum_architecture: QuantumArchitectureSpecification


class RunCounts(Wire):
    """The counts of a job's circuits."""

    status: str = ""
    counts_batch: Annotated[tuple[Mapping[str, JsonValue], ...], NullableList] = ()
