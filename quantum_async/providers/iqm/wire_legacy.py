"""The older interface's JSON as it is on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, JsonValue, StrictInt

from quantum_async.providers.iqm.operations import present_name
from quantum_async.providers.iqm.wire import NullableList, Wire


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
