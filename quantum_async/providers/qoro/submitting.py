"""Submitting: from the scheduler's requests to a job of many circuits, and to references."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread

from quantum_async.errors import DeviceLimitError, InvalidOptionError, NoMeasurementError
from quantum_async.models._recent import Recent
from quantum_async.models.job import JobRef
from quantum_async.models.program import ProgramFormat
from quantum_async.providers.qoro.jobs import PARALLEL, opening_of, readied
from quantum_async.providers.qoro.options import JobConfig, MaestroConfig, checked_options
from quantum_async.providers.qoro.payloads import (
    ALL,
    ObservableGroups,
    QoroCircuit,
    QoroTemplate,
    ShotGroups,
    ShotRange,
    Shots,
    TemplateRow,
    chunks,
    is_positional,
    shots_of,
    whole_job,
)
from quantum_async.providers.qoro.systems import device_of
from quantum_async.providers.qoro.translate.programs import Prepared, flat, prepared
from quantum_async.providers.qoro.translate.results import check_observables, label_of, turned
from quantum_async.providers.qoro.wire import QoroCluster
from quantum_async.simulation.shots import check_shots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantum_async.models.submission import JobSpec, SubmitRequest
    from quantum_async.providers.qoro.jobs import Uploads
    from quantum_async.providers.qoro.payloads import Chunk, Measured
    from quantum_async.providers.qoro.systems import Systems
    from quantum_async.providers.qoro.wire import QoroSystem

    _Kind = tuple[str, frozenset[str]]

_KEPT = 64
_WHOLES = 8
KEY_PREFIX = "quantum-async:"
"""What the submission's key follows in a job's tag."""


class _Whole(NamedTuple):
    measured: Measured
    parts: list[Chunk]
    shots: int | None


class Submitter:
    """Turn what the scheduler hands over into jobs of the service.

    Args:
        uploads: Brings jobs to the service.
        systems: Knows where they can run.
        defaults: What jobs are opened with unless they say otherwise.
        account: Which account, for references.
    """

    def __init__(
        self, uploads: Uploads, systems: Systems, defaults: JobConfig, account: str
    ) -> None:
        self._uploads = uploads
        self._systems = systems
        self._defaults = defaults
        self._account = account
        self._prepared: Recent[_Kind, Prepared] = Recent(_KEPT)
        self._wholes: Recent[str, _Whole] = Recent(_WHOLES)

    async def validate(self, job: JobSpec, device: str) -> None:
        """Refuse a job that cannot run there."""
        check_shots(job.shots, provider="qoro")
        target = await self._systems.find(device)
        config = self._config(job, "", target)
        whole = await anyio.to_thread.run_sync(self._whole, job)
        opening_of(config, target, whole.measured if whole else _measured([job]))
        if config.device is not None:
            await self._systems.check(config.device)
        if whole:
            return
        ready = await anyio.to_thread.run_sync(self._ready, job)
        most = device_of(target).num_qubits
        if most is not None and ready.qubits > most:
            raise DeviceLimitError(
                f"{job.program.where} has {ready.qubits} qubits and {device} has {most}",
                provider="qoro",
                remedy="Use fewer qubits, or another target.",
            )

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Send one job of many circuits."""
        target = await self._systems.find(request.target)
        config = self._config(request.jobs[0], request.key, target)
        measured, parts = await anyio.to_thread.run_sync(self._filled, request.jobs)
        opening = opening_of(config, target, measured)
        parallel = 1 if is_positional(measured) else PARALLEL
        job_id = await self._uploads.send(opening, parts, parallel=parallel)
        return [
            JobRef(
                "qoro",
                job_id,
                request.target,
                job.key,
                index_of(job, place),
                account=self._account,
            )
            for place, job in enumerate(request.jobs)
        ]

    def _config(self, job: JobSpec, key: str, target: QoroSystem | QoroCluster) -> JobConfig:
        options = checked_options(job.options, target)
        tag = options.tag or " ".join([*options.tags, KEY_PREFIX + key])
        maestro, defaults = options.maestro, self._defaults
        is_simulator = isinstance(target, QoroCluster)
        if options.seed is not None and is_simulator:
            maestro = MaestroConfig(seed=options.seed).merged(maestro or MaestroConfig())
        said = JobConfig(
            tag=tag,
            use_packing=options.use_packing,
            maestro=maestro,
            execution=options.execution,
            device=options.device,
        )
        # A default of the client is for the targets that it fits.
        usual = JobConfig(
            use_packing=defaults.use_packing,
            maestro=defaults.maestro if is_simulator else None,
            execution=defaults.execution if is_simulator else None,
            device=None if is_simulator else defaults.device,
        )
        return usual.merged(said)

    def _filled(self, jobs: Sequence[JobSpec]) -> tuple[Measured, list[Chunk]]:
        if (whole := self._whole(jobs[0])) is not None:
            return whole.measured, whole.parts
        measured = _measured(jobs)
        return measured, self._chunks(jobs, measured)

    def _whole(self, job: JobSpec) -> _Whole | None:
        """Prepare a job that is a whole one of the service; runs in a worker thread."""
        if not is_whole(job):
            return None
        whole = self._wholes.get(job.program.digest)
        if whole is None:
            content, measured = whole_job(job.program)
            parts = chunks(readied(content), measured)
            whole = _Whole(measured, parts, shots_of(content, measured))
            self._wholes[job.program.digest] = whole
        if job.variables or job.options.observables or whole.shots not in {None, job.shots}:
            raise InvalidOptionError(
                f"a whole job was given {job.shots} shots, or variables or observables, beside "
                "those of its document",
                provider="qoro",
                remedy=f"Pass shots={whole.shots or job.shots}, those of all circuits together, "
                "and the rest in the document.",
            )
        return whole

    def _chunks(self, jobs: Sequence[JobSpec], measured: Measured) -> list[Chunk]:
        ready = [self._ready(job) for job in jobs]
        first = ready[0]
        if first.is_template and len(set(map(_kind, jobs))) == 1:
            rows = tuple(
                TemplateRow(label_of(index, first.registers), first.values(job.variables))
                for index, job in enumerate(jobs)
            )
            template = QoroTemplate(_text(first, measured), first.names, rows)
            return chunks([template.settled()], measured)
        circuits = [
            QoroCircuit(
                label_of(index, one.registers),
                _text(one.bound(job.variables), measured),
            )
            for index, (one, job) in enumerate(zip(ready, jobs, strict=True))
        ]
        return chunks(circuits, measured)

    def _ready(self, job: JobSpec) -> Prepared:
        """Prepare a job's program, once for each; runs in a worker thread."""
        check_shots(job.shots, provider="qoro")
        kind = _kind(job)
        ready = self._prepared.get(kind)
        if ready is None:
            ready = self._prepared[kind] = prepared(job.program, job.variables)
        observables = job.options.observables
        if not ready.measures and not observables:
            raise NoMeasurementError(
                f"{job.program.where} measures nothing",
                provider="qoro",
                remedy="Measure its qubits into classical bits, or ask for observables.",
            )
        check_observables(observables, ready.qubits, job.program.where)
        return ready


def is_whole(job: JobSpec) -> bool:
    """Say whether a job is a whole one of the service, and not one circuit of one."""
    return job.program.format is ProgramFormat.QORO


def index_of(job: JobSpec, place: int) -> int:
    """Say which circuit of the service's job a job is: its place, or all of a whole one."""
    return ALL if is_whole(job) else place


def _kind(job: JobSpec) -> _Kind:
    """Say which jobs share a template: those of one program and of values for the same names."""
    return job.program.digest, frozenset(flat(job.variables))


def _text(ready: Prepared, measured: Measured) -> str:
    return ready.bare if isinstance(measured, ObservableGroups) else ready.text


def _measured(jobs: Sequence[JobSpec]) -> Measured:
    observables = jobs[0].options.observables
    if observables:
        return ObservableGroups((tuple(map(turned, observables)),))
    if len({job.shots for job in jobs}) == 1:
        return Shots(jobs[0].shots)
    ranges: list[ShotRange] = []
    for index, job in enumerate(jobs):
        if ranges and ranges[-1].shots == job.shots:
            ranges[-1] = ShotRange(ranges[-1].start, index + 1, job.shots)
        else:
            ranges.append(ShotRange(index, index + 1, job.shots))
    return ShotGroups(tuple(ranges))
