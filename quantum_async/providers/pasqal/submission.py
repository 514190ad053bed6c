"""New batches and jobs: what is refused before it is sent, and how the rest is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import InvalidInputError, InvalidShotsError
from quantum_async.providers.sequences import json_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.models.grid import Value
    from quantum_async.providers.pasqal.emulators import EmulatorConfig

    JsonObject: TypeAlias = dict[str, JsonValue]

KEY_PREFIX = "quantum-async:"
"""A tag that begins like this carries the key of a submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to be created.

    Args:
        runs: Shots; emulators may do without.
        variables: Values of the sequence's variables; ``qubits`` maps the qubits of a mappable
            register to traps.
        sequence: A sequence of its own, as Pulser's abstract representation; it takes no
            variables.

    Raises:
        InvalidShotsError: The number of shots is not positive.
        InvalidInputError: It has both a sequence and variables, or a value is not a number.
    """

    runs: int | None = None
    variables: Mapping[str, Value] | None = None
    sequence: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.runs is not None and (isinstance(self.runs, bool) or self.runs < 1):
            raise InvalidShotsError(
                f"a job of {self.runs!r} shots", remedy="Give a whole number from 1 up."
            )
        if self.sequence is not None and self.variables:
            raise InvalidInputError(
                "a job with a sequence of its own takes no variables",
                provider="pasqal",
                remedy="Build the sequence with its values, or use the batch's sequence.",
            )

    def document(self) -> JsonObject:
        """Return the job as it goes on the wire."""
        found: JsonObject = {}
        if self.runs is not None:
            found["runs"] = self.runs
        if self.variables is not None:
            found["variables"] = json_values(self.variables, provider="pasqal")
        if self.sequence is not None:
            found["sequence"] = self.sequence
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch to be created.

    Args:
        jobs: Its jobs; an open batch may do without.
        sequence: The sequence that its jobs share, or ``None`` where each brings its own.
        is_open: Whether further jobs can be added.
        device_type: Where it runs; ``None`` takes the device inside the sequence.
        tags: Free words.
        emulation: Pulser's ``EmulationConfig``, as text.
        configuration: The legacy configuration of an emulator.
        webhook: Address that the service calls.
        project_id: Whose credits are used.

    Raises:
        InvalidInputError: Jobs or sequences are missing, or something contradicts itself.
    """

    jobs: tuple[NewJob, ...]
    sequence: str | None = field(default=None, repr=False)
    is_open: bool = False
    device_type: str | None = None
    tags: tuple[str, ...] = ()
    emulation: str | None = field(default=None, repr=False)
    configuration: EmulatorConfig | None = None
    webhook: str | None = None
    project_id: str = ""

    def __post_init__(self) -> None:
        _check_sequences(self)
        _check_configuration(self)

    def rest(self) -> JsonObject:
        """Return all but the sequence as it goes on the wire."""
        found: JsonObject = {
            "webhook": self.webhook,
            "jobs": [job.document() for job in self.jobs],
            "open": self.is_open,
            "device_type": self.device_type,
        }
        if self.configuration is not None:
            found["configuration"] = self.configuration.document()
        if self.tags:
            found["tags"] = [*dict.fromkeys(self.tags)]
        if self.emulation:
            found["backend_configuration"] = self.emulation
        return {**found, "project_id": self.project_id}


def _check_sequences(batch: NewBatch) -> None:
    lacking = [place for place, job in enumerate(batch.jobs) if job.sequence is None]
    if not batch.jobs and not batch.is_open:
        raise _refused("a closed batch needs at least one job", "Add a job, or open the batch.")
    if batch.sequence is None and lacking:
        places = ", ".join(map(str, lacking[:10]))
        raise _refused(
            f"neither the batch nor jobs {places} have a sequence",
            "Give the batch a sequence, or each job its own.",
        )
    if batch.sequence is not None and batch.jobs and not batch.is_open and not lacking:
        raise _refused(
            "each job has a sequence of its own, so the batch's would not be used",
            "Leave out the batch's sequence.",
        )


def _check_configuration(batch: NewBatch) -> None:
    configuration = batch.configuration
    if configuration is None or not configuration.device_type:
        return
    if batch.device_type is not None and configuration.device_type != batch.device_type:
        raise _refused(
            f"a configuration of {configuration.device_type} for {batch.device_type}",
            "Use the device's own configuration.",
        )


def _refused(what: str, remedy: str) -> InvalidInputError:
    return InvalidInputError(what, provider="pasqal", remedy=remedy)
