"""Orders: Pulser's sequence, job parameters and configuration, checked, as jobs of ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from pulser.backend import BackendConfig, BitStrings, EmulationConfig
from pulser.backend.abc import EmulatorBackend
from pulser.backend.remote import RemoteBackend

from quantum_async.errors import (
    DeviceLimitError,
    InvalidInputError,
    InvalidOptionError,
    InvalidShotsError,
    ProgramError,
    UnknownTargetError,
)
from quantum_async.models.submission import JobParams
from quantum_async.scheduler.inputs import checked_shots, plain_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulser import Sequence
    from pulser.backend import Results, State
    from pulser.devices import Device
    from pulser.devices._device_datacls import BaseDevice

    from quantum_async.models.program import Program
    from quantum_async.models.submission import RunOptions

    Emulation: TypeAlias = EmulationConfig[State[Any, Any]]

    """How an emulator emulates."""


_KEYS = {"runs", "variables"}
_SHAPE = "Pass a list of dictionaries, such as [{'runs': 100, 'variables': {'omega': 6.0}}]."


class WrongTypeError(InvalidInputError, TypeError):
    """An argument is of another type than Pulser's backends take."""


class _Checked(EmulatorBackend):
    """An emulator that is only built, because building one checks its configuration."""

    default_config: ClassVar[Emulation] = EmulationConfig(observables=[BitStrings()])

    @property
    def full_config(self) -> Emulation:
        """The configuration with every default filled in."""
        return self._config

    def run(self) -> Results:
        raise NotImplementedError


def check_sequence(sequence: object, *, mimic_qpu: bool) -> None:
    """Refuse what Pulser's backends refuse.

    Args:
        sequence: The sequence.
        mimic_qpu: Whether it must be fit for a QPU.

    Raises:
        WrongTypeError: It is no sequence, or made for a virtual device.
        ProgramError: It is empty, or its register does not fit the device.
    """
    try:
        RemoteBackend.validate_sequence(cast("Sequence[BaseDevice]", sequence), mimic_qpu=mimic_qpu)
    except TypeError as error:
        raise WrongTypeError(str(error)) from error
    except ValueError as error:
        raise ProgramError(str(error)) from error


def check_types(job_params: object) -> list[dict[str, object]]:
    """Refuse job parameters that are not a list of dictionaries with ``runs`` and ``variables``.

    Raises:
        WrongTypeError: They are something else.
        InvalidOptionError: There are other keys.
    """
    if not isinstance(job_params, list):
        raise WrongTypeError(
            f"job_params is a {type(job_params).__name__}, not a list", remedy=_SHAPE
        )
    for place, job in enumerate(job_params):
        if not isinstance(job, dict):
            raise WrongTypeError(
                f"element {place} of job_params is a {type(job).__name__}, not a dictionary",
                remedy=_SHAPE,
            )
        if unknown := job.keys() - _KEYS:
            raise InvalidOptionError(
                f"element {place} of job_params has {min(map(str, unknown))!r}",
                remedy="A job takes 'runs' and 'variables'.",
            )
    return job_params


def check_job_params(job_params: object, max_runs: int | None) -> None:
    """Refuse job parameters that are no use on a QPU.

    Args:
        job_params: A list of dictionaries.
        max_runs: Most shots of a job; ``None`` for no limit.

    Raises:
        WrongTypeError: They are not a list of dictionaries.
        InvalidInputError: There are none.
        InvalidShotsError: A job does not say how many shots, or says too many or too few.
    """
    if not job_params:
        raise InvalidInputError(
            "a QPU needs job_params", remedy="Pass [{'runs': 100}], or set default_num_shots."
        )
    for place, job in enumerate(check_types(job_params)):
        if "runs" not in job:
            raise InvalidShotsError(
                f"element {place} of job_params has no 'runs'",
                remedy="Add 'runs', or set default_num_shots in the backend's configuration.",
            )
        runs = checked_shots(job["runs"])
        if max_runs is not None and runs > max_runs:
            raise InvalidShotsError(
                f"element {place} of job_params asks for {runs} runs; "
                f"the device takes at most {max_runs}",
                remedy="Split it into several jobs.",
            )


def check_config(config: object) -> BackendConfig:
    """Take the configuration of a QPU backend.

    Raises:
        WrongTypeError: It is none.
    """
    if config is None:
        return BackendConfig()
    if not isinstance(config, BackendConfig):
        raise WrongTypeError(
            f"config is a {type(config).__name__}, not a BackendConfig",
            remedy="Pass pulser.backend.BackendConfig(default_num_shots=...).",
        )
    return config


def check_emulation(
    sequence: Sequence[BaseDevice], config: Emulation | None, *, mimic_qpu: bool
) -> Emulation:
    """Check the configuration of an emulator, and fill in its defaults.

    Raises:
        WrongTypeError: It is no ``EmulationConfig``.
        InvalidOptionError: It does not go with the sequence.
    """
    check_sequence(sequence, mimic_qpu=mimic_qpu)
    try:
        return _Checked(sequence, config=config, mimic_qpu=mimic_qpu).full_config
    except TypeError as error:
        raise WrongTypeError(str(error)) from error
    except ValueError as error:
        raise InvalidOptionError(str(error)) from error


def updated(sequence: Sequence[BaseDevice], devices: Mapping[str, Device]) -> Sequence[BaseDevice]:
    """Give the sequence for its device as that is today.

    Args:
        sequence: The sequence; it stays as it is.
        devices: The provider's devices.

    Raises:
        UnknownTargetError: None of them has the name of the sequence's device.
        DeviceLimitError: The sequence does not fit the device as it is today.
    """
    by_name = {device.name: device for device in devices.values()}
    latest = by_name.get(sequence.device.name)
    if latest is None:
        raise UnknownTargetError(
            f"the sequence was made for {sequence.device.name}, which is not available",
            remedy=f"Make it for one of: {', '.join(by_name) or 'none'}; "
            "fetch_available_devices() gives them.",
        )
    if sequence.device == latest:
        return sequence
    try:
        changed = sequence.with_new_device(latest, strict=True)
    except Exception as error:
        # Pulser raises whatever the first limit that does not hold raises.
        raise DeviceLimitError(
            f"the sequence does not fit {latest.name} as it is today: {error}",
            remedy="Make it anew with the device that fetch_available_devices() gives.",
        ) from error
    check_sequence(changed, mimic_qpu=True)
    return changed


@dataclass(frozen=True, slots=True)
class Order:
    """Jobs of one sequence.

    Args:
        program: The sequence.
        target: The device's name.
        options: Options of every job.
        jobs: The jobs, in order; none for a batch that is only opened.
    """

    program: Program
    target: str
    options: RunOptions
    jobs: tuple[JobParams, ...] = ()


def ordered(
    program: Program,
    target: str,
    options: RunOptions,
    job_params: object,
    default_runs: int | None,
) -> Order:
    """Make an order of Pulser's job parameters.

    Args:
        program: The sequence.
        target: The device's name.
        options: Options of every job.
        job_params: A list of dictionaries; ``None`` means one job of the default runs.
        default_runs: Shots of a job that does not say so.

    Raises:
        WrongTypeError: The parameters are not a list of dictionaries.
        InvalidShotsError: A number of shots is missing or of no use.
        InvalidInputError: A variable is neither number nor array.
    """
    params = check_types([{}] if job_params is None else job_params)
    jobs = (_job(given, default_runs) for given in params)
    return Order(program, target, options, tuple(jobs))


def _job(given: Mapping[str, object], default_runs: int | None) -> JobParams:
    runs = given.get("runs")
    if runs is None:
        runs = default_runs
    if runs is None:
        raise InvalidShotsError("a job does not say how many runs", remedy="Add 'runs': 100.")
    variables = given.get("variables") or {}
    if not isinstance(variables, dict):
        raise WrongTypeError(
            f"'variables' is a {type(variables).__name__}, not a dictionary",
            remedy="Pass values by name, such as {'omega': 6.0}.",
        )
    return JobParams(checked_shots(runs), plain_variables(variables))


def default_runs(document: Mapping[str, object]) -> int | None:
    """Say how many shots a job takes that does not say so itself.

    Args:
        document: An emulation configuration, read from its text.
    """
    observables = document.get("observables")
    wanted = [
        observable.get("num_shots")
        for observable in (observables if isinstance(observables, list) else ())
        if isinstance(observable, dict) and observable.get("observable") == "bitstrings"
    ]
    for shots in (*wanted, document.get("default_num_shots")):
        if isinstance(shots, int) and shots > 0:
            return shots
    return None


def config_document(config: Emulation) -> dict[str, object]:
    """Write a configuration down as a JSON document.

    Raises:
        InvalidOptionError: Something in it has no written form.
    """
    try:
        found: dict[str, object] = json.loads(config.to_abstract_repr())
    except Exception as error:
        # Errors of the serializer and of the schema's validator.
        raise InvalidOptionError(
            f"the configuration cannot be written down: {error}",
            remedy="Leave out what only exists in this process, such as states and callbacks.",
        ) from error
    return found
