"""Orders: Pulser's sequence, job parameters and configuration as jobs of ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError, InvalidShotsError
from quantum_async.integrations.pulser.checks import WrongTypeError, check_types
from quantum_async.models.submission import JobParams
from quantum_async.scheduler.source import checked_shots, plain_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.integrations.pulser.checks import Emulation
    from quantum_async.models.program import Program
    from quantum_async.models.submission import RunOptions


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
