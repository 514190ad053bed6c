"""Options that only jobs on IQM's quantum computers have."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from quantum_async.errors import InvalidOptionError
from quantum_async.models.fields import check_fields
from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.program import CIRCUIT_FORMATS
from quantum_async.models.stored import stored
from quantum_async.models.submission import RunOptions
from quantum_async.providers.iqm.dialect import Generation

if TYPE_CHECKING:
    from quantum_async.models.program import Program

LONGEST_TAG = 50
"""Most characters of a job's tag."""


@stored("iqm.heralding-mode")
class HeraldingMode(StrEnum):
    """Whether shots are kept by a measurement before each of them."""

    NONE = "none"
    ZEROS = "zeros"
    """Only shots that begin with every qubit in the ground state are kept."""


@stored("iqm.move-validation")
class MoveValidation(StrEnum):
    """How strictly MOVE gates are checked."""

    STRICT = "strict"
    ALLOW_PRX = "allow_prx"
    NONE = "none"


@stored("iqm.move-frame-tracking")
class MoveFrameTracking(StrEnum):
    """How the phases that MOVE gates leave are followed."""

    FULL = "full"
    NO_DETUNING_CORRECTION = "no_detuning_correction"
    NONE = "none"


@stored("iqm.dd-sequence")
@dataclass(frozen=True, slots=True)
class DDSequence:
    """Gates that are put into idle times from a certain length on.

    Args:
        length: Least idle time, in lengths of a PRX gate.
        gates: A pattern such as ``"XYXY"``, or pairs of angle and phase in radians.
        placement: Where the gates stand in the idle time: ``"asap"``, ``"center"`` or ``"alap"``.
    """

    length: int
    gates: str | tuple[tuple[float, float], ...]
    placement: Literal["asap", "center", "alap"] = "asap"

    def __post_init__(self) -> None:
        check_fields(self)


@stored("iqm.dd-strategy")
@dataclass(frozen=True, slots=True)
class DDStrategy:
    """How idle qubits are protected by dynamical decoupling.

    Args:
        sequences: What is put into idle times.
        merge_contiguous_waits: Whether neighbouring waits count as one.
        target_qubits: Which qubits; all of them if ``None``.
        skip_leading_wait: Whether the wait before the first gate stays empty.
        skip_trailing_wait: Whether the wait after the last gate stays empty.
    """

    sequences: tuple[DDSequence, ...] = ()
    merge_contiguous_waits: bool = True
    target_qubits: tuple[str, ...] | None = None
    skip_leading_wait: bool = True
    skip_trailing_wait: bool = True

    def __post_init__(self) -> None:
        check_fields(self)


@stored("iqm.options")
@dataclass(frozen=True, slots=True)
class IQMOptions(RunOptions):
    """Options of a job on an IQM quantum computer. Circuits with equal options share a job.

    Args:
        seed: Makes `transpile` repeat itself; the quantum computer ignores it.
        observables: Not measured by the quantum computer, so they are refused.
        tags: One word that is put on the job behind our key; the older interface has no place
            for it, so there it is refused.
        qubit_mapping: From the names that circuits use to those of the chip. The qubits of a
            Qiskit or OpenQASM circuit are called ``"0"``, ``"1"`` and so on; without a mapping
            they are the chip's qubits in the order of its architecture.
        calibration_set_id: Which calibration set; the current one if ``None``.
        max_circuit_duration_over_t2: Refuse circuits longer than this part of the shortest T2;
            0 checks nothing, ``None`` leaves it to the server.
        heralding_mode: Which shots are kept.
        move_validation: How strictly MOVE gates are checked, here and by the server.
        move_frame_tracking: How the phases that MOVE gates leave are followed.
        active_reset_cycles: How many active resets begin a shot; ``None`` waits instead.
        dynamical_decoupling: Whether and how idle qubits are protected: ``True`` takes the
            server's own strategy.
        use_timeslot: Whether the job runs in a timeslot that is booked, not in the queue; not on
            the older interface.
        transpile: Whether circuits are brought to native gates and to the chip's connectivity by
            Qiskit. They are refused otherwise if that is needed.
        optimization_level: How hard Qiskit tries, from 0 to 3, where `transpile` lets it.
        custom_settings: Settings of the older interface, as JSON text; normally absent, and
            refused on IQM Server, which has none.
        checked: Whether circuits are compared with the quantum computer as it is calibrated before
            they are sent. ``False`` leaves that to the server, and asks for no architecture where
            nothing else needs it.

    Raises:
        InvalidOptionError: A value has another type, is a word that does not exist, or makes no
            sense.

    Example:
        ```python
        from quantum_async.providers.iqm.options import HeraldingMode, IQMOptions

        options = IQMOptions(
            qubit_mapping={"0": "QB3", "1": "QB4"}, heralding_mode=HeraldingMode.ZEROS
        )
        ```
    """

    qubit_mapping: Mapping[str, str] | tuple[tuple[str, str], ...] = ()
    calibration_set_id: str | None = None
    max_circuit_duration_over_t2: float | None = None
    heralding_mode: HeraldingMode = HeraldingMode.NONE
    move_validation: MoveValidation = MoveValidation.STRICT
    move_frame_tracking: MoveFrameTracking = MoveFrameTracking.FULL
    active_reset_cycles: int | None = None
    dynamical_decoupling: bool | DDStrategy = False
    use_timeslot: bool = False
    transpile: bool = False
    optimization_level: int = 1
    custom_settings: str | None = None
    checked: bool = True

    def __post_init__(self) -> None:
        # `super()` without arguments does not find its class in one made anew for its slots.
        RunOptions.__post_init__(self)
        # Options are compared and hashed to group jobs, which a dict does not allow.
        if isinstance(self.qubit_mapping, Mapping):
            pairs = sorted(self.qubit_mapping.items(), key=str)
            object.__setattr__(self, "qubit_mapping", tuple(pairs))
        self._check_moves()
        if self.transpile and self.qubit_mapping:
            raise InvalidOptionError(
                "a transpiler places the qubits itself, so a qubit mapping contradicts it",
                remedy="Give one of transpile and qubit_mapping.",
                provider="iqm",
            )
        ratio = self.max_circuit_duration_over_t2
        if ratio is not None and not (math.isfinite(ratio) and ratio >= 0):
            raise InvalidOptionError(
                f"max_circuit_duration_over_t2 is {ratio}, not 0 or more",
                provider="iqm",
                remedy="Give a part of T2, such as 0.5, or None.",
            )
        if self.optimization_level not in range(4):
            raise InvalidOptionError(
                f"optimization_level is {self.optimization_level}, not 0 to 3",
                provider="iqm",
                remedy="Give a whole number from 0 to 3.",
            )
        if self.optimization_level != 1 and not self.transpile:
            raise InvalidOptionError(
                f"optimization_level={self.optimization_level} without transpile=True has no effect",
                provider="iqm",
                remedy="Add transpile=True, or leave the level out.",
            )
        if len(" ".join(self.tags)) > LONGEST_TAG - 33:
            raise InvalidOptionError(
                f"the tags {self.tags} are longer than {LONGEST_TAG - 33} characters together",
                remedy="A job has one short tag, and our key takes most of it.",
                provider="iqm",
            )

    def _check_moves(self) -> None:
        is_loose = self.move_validation is MoveValidation.NONE
        if is_loose and self.move_frame_tracking is MoveFrameTracking.FULL:
            raise InvalidOptionError(
                "full frame tracking of MOVE gates needs them validated",
                remedy="Set move_frame_tracking to NO_DETUNING_CORRECTION or NONE as well.",
                provider="iqm",
            )

    @property
    def mapping(self) -> Mapping[str, str]:
        """The qubit mapping as a mapping."""
        return dict(self.qubit_mapping)


def _bad_settings(why: str) -> InvalidOptionError:
    return InvalidOptionError(
        f"custom_settings cannot be used: {why}",
        provider="iqm",
        remedy="Give a JSON object as text, such as json.dumps({...}).",
    )


def checked_options(given: RunOptions, program: Program) -> IQMOptions:
    """Take options as IQM's, and refuse what no quantum computer has a place for.

    Args:
        given: Options of any class.
        program: What is going to run.

    Raises:
        InvalidOptionError: One would be dropped, or the custom settings are no JSON object.
    """
    options = options_as(IQMOptions, given, "iqm")
    refused = {
        "observables": "A quantum computer measures bits: measure in the observables' bases and "
        "compute them from the counts.",
    }
    if program.format not in CIRCUIT_FORMATS:
        refused["transpile"] = f"It is sent as it is: {program.format.words}."
    refuse_options(options, refused, f"{program.format.words} on iqm", "iqm")
    if options.custom_settings is not None:
        try:
            found = json.loads(options.custom_settings)
        except ValueError as error:
            raise _bad_settings(str(error)) from None
        if not isinstance(found, dict):
            raise _bad_settings("not an object")
    return options


def check_interface(options: IQMOptions, generation: Generation) -> None:
    """Refuse options that a server's interface has no place for.

    Args:
        options: The options.
        generation: Which interface it is.

    Raises:
        InvalidOptionError: One would be dropped.
    """
    if generation is Generation.LEGACY:
        refused = {
            "tags": "A job has no tag there; leave them out.",
            "use_timeslot": "There are no timeslots; leave it out.",
        }
        refuse_options(options, refused, "IQM's older interface", "iqm")
    else:
        refused = {"custom_settings": "Only IQM's older interface has them; leave them out."}
        refuse_options(options, refused, "IQM Server", "iqm")
