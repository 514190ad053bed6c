"""Jobs as the service itself knows them: submit, follow, fetch, cancel, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio.to_thread

from quantum_async.errors import InvalidOptionError, NotFoundError, UnsupportedProgramError
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, json_bytes
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.providers.qoro.chunks import chunks
from quantum_async.providers.qoro.configs import JobConfig
from quantum_async.providers.qoro.gateway import parse
from quantum_async.providers.qoro.payloads import (
    ObservableGroups,
    QoroTemplate,
    Shots,
    is_positional,
)
from quantum_async.providers.qoro.systems import DEFAULT_CLUSTER
from quantum_async.providers.qoro.translate.programs import is_in_the_services_words, prepared
from quantum_async.providers.qoro.translate.results import by_label, counts_of
from quantum_async.providers.qoro.translate.statuses import job_state
from quantum_async.providers.qoro.uploads import PARALLEL
from quantum_async.providers.qoro.wire import Histogram, QoroCluster, StoredConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pydantic import JsonValue

    from quantum_async.models.job import JobState
    from quantum_async.providers.qoro.configs import ExecutionConfig
    from quantum_async.providers.qoro.gateway import Gateway
    from quantum_async.providers.qoro.payloads import Content, Measured
    from quantum_async.providers.qoro.results import Rows
    from quantum_async.providers.qoro.systems import Systems
    from quantum_async.providers.qoro.uploads import Uploads
    from quantum_async.providers.qoro.wire import CancelledJob, QoroSystem, ResultRow

DEFAULT_SHOTS = 1000
DEFAULT_TAG = "default"


class Jobs:
    """Jobs, each of many circuits, as the service itself knows them.

    Args:
        gateway: Sends requests.
        uploads: Brings jobs to the service.
        rows: Reads their results.
        systems: Knows where they can run.
        defaults: What jobs are opened with unless they say otherwise.
    """

    def __init__(
        self, gateway: Gateway, uploads: Uploads, rows: Rows, systems: Systems, defaults: JobConfig
    ) -> None:
        self._gateway = gateway
        self._uploads = uploads
        self._rows = rows
        self._systems = systems
        self.defaults = defaults

    async def submit(
        self,
        content: Content,
        *,
        measured: Measured | None = None,
        config: JobConfig | None = None,
        validate: bool = True,
    ) -> str:
        """Submit circuits or templates as one job, and return its id. Billed once it runs.

        Cancelled: the job is cancelled as well, if it was opened.

        Args:
            content: Circuits, or templates.
            measured: Shots for all, for ranges, or observables; by default the configured shots.
            config: What differs from `defaults`.
            validate: Read every program first; errors then name line and column.

        Raises:
            InvalidInputError: Nothing was sent.
            QuantumAsyncError: See `quantum_async.providers.qoro.uploads.Uploads.send`.
        """
        merged = self.defaults.merged(config or JobConfig())
        what = measured or Shots(merged.shots or DEFAULT_SHOTS)
        if validate:
            content = await anyio.to_thread.run_sync(readied, content)
        target = await self._systems.find(merged.target or DEFAULT_CLUSTER)
        opening = opening_of(merged, target, what)
        if merged.device is not None:
            await self._systems.check(merged.device)
        parts = await anyio.to_thread.run_sync(chunks, content, what)
        parallel = 1 if is_positional(what) else PARALLEL
        return await self._uploads.send(opening, parts, parallel=parallel)

    async def status(self, job_id: str) -> JobState:
        """Ask where a job stands."""
        return job_state(await self._uploads.status(job_id))

    async def rows(self, job_id: str) -> list[ResultRow]:
        """Get all results of a job as they are packed, later pages several at a time.

        Raises:
            ResultPendingError: It has not ended.
            ResultError: It has none.
        """
        return await self._rows.all(job_id)

    def iterate(self, job_id: str) -> AsyncIterator[ResultRow]:
        """Yield the results of a job page by page, holding one page at a time."""
        return self._rows.iterate(job_id)

    async def counts(self, job_id: str) -> dict[str, dict[str, int]]:
        """Get the counts of a job by label, the first classical bit rightmost.

        Raises:
            ResultError: It has none, or they are damaged.
        """
        return {label: counts_of(row) for label, row in by_label(await self.rows(job_id)).items()}

    async def expectation_values(self, job_id: str) -> dict[str, dict[str, float]]:
        """Get the values of observables by label; their leftmost letter acts on qubit 0."""
        return {
            label: row.plain()
            for label, row in by_label(await self.rows(job_id)).items()
            if not isinstance(row.results, Histogram)
        }

    async def cancel(self, job_id: str) -> CancelledJob:
        """Cancel a job that waits or runs.

        Raises:
            ConflictError: It has ended.
        """
        return await self._uploads.cancel(job_id)

    async def delete(self, job_id: str) -> None:
        """Delete a job; one that is gone already stays so."""
        try:
            await self._gateway.write(
                f"/job/{segment(job_id)}", "delete job", job_id=job_id, method="DELETE"
            )
        except NotFoundError:
            return

    async def config(self, job_id: str) -> StoredConfig:
        """Get the configurations that a job was opened with; all ``None`` where it has none."""
        try:
            response = await self._gateway.read(
                f"/job/{segment(job_id)}/execution_config/",
                "get the configuration of job",
                job_id=job_id,
            )
        except NotFoundError as error:
            # Older servers say so of a job without one, in words of their own.
            if "configuration" not in error.body.lower():
                raise
            return StoredConfig(job_id=job_id)
        return parse(StoredConfig, response, job_id)

    async def set_config(self, job_id: str, config: ExecutionConfig) -> StoredConfig:
        """Replace the configuration of a job that waits.

        Raises:
            ConflictError: It waits no more.
        """
        response = await self._gateway.write(
            f"/job/{segment(job_id)}/execution_config/",
            "configure job",
            job_id=job_id,
            body=Body(json_bytes(config.document())),
        )
        return parse(StoredConfig, response, job_id)


def opening_of(
    config: JobConfig, target: QoroSystem | QoroCluster, measured: Measured
) -> Mapping[str, JsonValue]:
    """Write what a job is opened with.

    Args:
        config: The configuration.
        target: Where it runs.
        measured: What is measured.

    Raises:
        InvalidOptionError: The target computes no expectation values, or the configuration is for
            another kind of target.
    """
    is_simulator = isinstance(target, QoroCluster)
    has_values = isinstance(measured, ObservableGroups)
    if has_values and not target.supports_expval:
        raise InvalidOptionError(
            f"{target.name} computes no expectation values",
            provider="qoro",
            remedy="Measure counts, or use a cluster of simulators.",
        )
    wrong = config.device if is_simulator else (config.maestro or config.execution)
    if wrong is not None:
        kind = "a simulator" if is_simulator else "a quantum computer"
        raise InvalidOptionError(
            f"{type(wrong).__name__} does not apply to {target.name}, which is {kind}",
            provider="qoro",
            remedy="Leave it out, or choose a target of the other kind.",
        )
    document: dict[str, JsonValue] = {
        "tag": config.tag or DEFAULT_TAG,
        "job_type": "EXPECTATION" if has_values else "EXECUTE",
        "use_packing": bool(config.use_packing),
        "simulator_cluster" if is_simulator else "qpu_system_name": target.name,
    }
    for name, part in (
        ("execution_configuration", config.execution),
        ("maestro_config", config.maestro),
        ("device_config", config.device),
    ):
        if part is not None:
            document[name] = part.document()
    return document


def readied(content: Content) -> Content:
    """Read every program, and write those anew that the service would not read; not on the loop.

    Raises:
        ProgramSyntaxError: One is malformed; its label, line and column are named.
        UnsupportedProgramError: One has an operation that the service does not know.
        MissingExtraError: Qiskit is not installed.
    """
    circuits, templates = [], []
    for item in content:
        if isinstance(item, QoroTemplate):
            templates.append(_readied_template(item))
        else:
            program = Program(item.text, ProgramFormat.QASM2, source=f"circuit {item.label!r}")
            ready = prepared(program, {})
            is_plain = is_in_the_services_words(item.text, ())
            circuits.append(item if is_plain else replace(item, text=ready.text))
    if circuits and templates:
        return content  # refused when it is cut into chunks
    return circuits or templates


def _readied_template(item: QoroTemplate) -> QoroTemplate:
    program = Program(item.text, ProgramFormat.QASM2, source="the template")
    ready = prepared(program, dict(zip(item.names, item.rows[0].values, strict=True)))
    if is_in_the_services_words(item.text, item.names):
        return item
    if not ready.is_template:
        raise UnsupportedProgramError(
            "the template has an angle that the service may read otherwise",
            provider="qoro",
            remedy="Put brackets around a sign before a power.",
        )
    ours = dict(zip((p.name for p in ready.circuit.parameters), ready.names, strict=True))
    return replace(item, text=ready.text, names=tuple(ours[name] for name in item.names))
