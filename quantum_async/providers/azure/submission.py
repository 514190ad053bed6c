"""From a program to a job of the workspace."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import anyio.to_thread

from quantum_async.errors import BatchError, InvalidInputError, InvalidOptionError, NotFoundError
from quantum_async.models.batch import BatchRef, FailurePolicy
from quantum_async.models.job import JobRef
from quantum_async.models.program import ProgramFormat
from quantum_async.providers.azure.options import checked_options
from quantum_async.providers.azure.storage import blob_of, unsigned
from quantum_async.providers.azure.translate.devices import PASQAL, provider_in
from quantum_async.providers.azure.translate.payloads import payload_of
from quantum_async.providers.sequences import json_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.models.submission import BatchRequest, JobSpec, SubmitRequest
    from quantum_async.providers.azure.jobs import Jobs
    from quantum_async.providers.azure.sessions import Sessions
    from quantum_async.providers.azure.states import States
    from quantum_async.providers.azure.storage import Encoding
    from quantum_async.providers.azure.targets import Targets
    from quantum_async.providers.azure.wire import Priority


if TYPE_CHECKING:
    JsonObject: TypeAlias = dict[str, JsonValue]

INPUT = "inputData"

_KEYS = uuid.UUID("6a0a2a4e-6f6b-5a2c-9a54-2f3c5d7a9b10")


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job before it is sent.

    Args:
        target: The target's name.
        content: The input.
        input_format: How the input is written down, such as ``"qir.v1"``.
        output_format: How the output is wanted; empty leaves it to the target.
        provider: The provider; what comes before the first dot of the target, by default.
        name: What people call it.
        media_type: What the input is stored as.
        params: What else the target is told, such as the number of shots.
        metadata: Words to store with the job.
        session_id: The session it goes to.
        priority: How urgent it is, where the workspace has priorities.
        tags: Free words.
        encoding: ``"gzip"`` stores the input compressed; whether a target unpacks it is its own
            affair.
        container: The container's name; one of the job's own by default.
        blob: The input's name in its container.

    Raises:
        InvalidOptionError: The target or the input's format is missing.
    """

    target: str
    content: bytes = field(repr=False)
    input_format: str
    output_format: str = ""
    provider: str = ""
    name: str = "quantum-async-job"
    media_type: str = "application/json"
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    encoding: Encoding | None = None
    container: str = ""
    blob: str = INPUT

    def __post_init__(self) -> None:
        if not (self.target and self.input_format):
            raise InvalidOptionError(
                "a job needs a target and an input format",
                provider="azure",
                remedy='Such as NewJob(target="ionq.simulator", input_format="ionq.circuit.v1").',
            )

    def document(self, container_url: str) -> JsonObject:
        """Write the job down.

        Args:
            container_url: The signed address of its container.
        """
        document: JsonObject = {
            "itemType": "Job",
            "name": self.name,
            "containerUri": container_url,
            "inputDataUri": unsigned(blob_of(container_url, self.blob)),
            "inputDataFormat": self.input_format,
            "providerId": self.provider or provider_of(self.target),
            "target": self.target,
            "inputParams": dict(self.params),
        }
        optional: JsonObject = {
            "outputDataFormat": self.output_format or None,
            "metadata": dict(self.metadata) or None,
            "sessionId": self.session_id,
            "priority": self.priority,
            "tags": list(self.tags) or None,
        }
        return document | {name: value for name, value in optional.items() if value is not None}


def provider_of(target: str) -> str:
    """Name the provider that a target's name begins with."""
    provider, dot, _ = target.partition(".")
    return provider if dot else ""


def id_of(key: str) -> str:
    """Derive the service's id of a job or session from our key of it.

    The same key gives the same id in every process, so that a submission whose answer was lost is
    found by reading that id.

    Args:
        key: A UUID in hexadecimal, or any other word.
    """
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(_KEYS, key))


_NAME = "quantum-async-job"
_QUICK = frozenset({ProgramFormat.IONQ, ProgramFormat.QUANTINUUM, ProgramFormat.QUIL})


class Submitter:
    """Submit jobs and open sessions.

    Args:
        jobs: The workspace's jobs.
        sessions: Its sessions.
        targets: Its targets.
        states: Where its jobs stand.
        account: Which account, where a program uses several.
    """

    def __init__(
        self, jobs: Jobs, sessions: Sessions, targets: Targets, states: States, account: str
    ) -> None:
        self._jobs = jobs
        self._sessions = sessions
        self._targets = targets
        self._states = states
        self._account = account

    async def submit(self, request: SubmitRequest) -> list[JobRef]:
        """Create the job of a request under the id that follows from its key.

        Raises:
            InvalidInputError: The job cannot run, or there are several; nothing was sent.
        """
        if len(request.jobs) != 1:
            raise InvalidInputError(
                f"one job at a time, not {len(request.jobs)}",
                provider="azure",
                remedy="Submit them one by one; a session keeps them together.",
            )
        spec = request.jobs[0]
        batch_id = request.batch.id if request.batch is not None else None
        new = await self.new_job(spec, request.target, batch_id)
        job = await self._jobs.create(new, id=id_of(request.key))
        self._states.remember(job)
        return [self._ref(job.id, request.target, spec.key, batch_id)]

    async def new_job(self, spec: JobSpec, target: str, session_id: str | None) -> NewJob:
        """Write a job down for its target; in a worker thread where that takes long.

        Raises:
            InvalidInputError: It cannot run there.
        """
        if not self._targets.provider_of(target):
            # A name that does not begin with its provider's: asked for once.
            await self._targets.get(target)

        def write() -> NewJob:
            return self._written(spec, target, session_id)

        return write() if spec.program.format in _QUICK else await anyio.to_thread.run_sync(write)

    async def find(self, key: str) -> list[JobRef]:
        """Look up the job of a key, by the id that follows from it."""
        try:
            job = await self._jobs.get(id_of(key), lane="control")
        except NotFoundError:
            return []
        self._states.remember(job)
        return [self._ref(job.id, job.target, "", job.session_id)]

    async def open_batch(self, request: BatchRequest) -> BatchRef:
        """Open a session under the id that follows from its key.

        Where nothing else is asked for, sessions of Pasqal's targets outlive a failed job.
        """
        policy = request.on_failure
        if policy is None and provider_in(request.target) == PASQAL:
            policy = FailurePolicy.CONTINUE
        options = checked_options(request.options, request.target)
        session = await self._sessions.open(
            request.target,
            name=request.name,
            provider=self._targets.provider_of(request.target),
            on_failure=policy,
            priority=options.priority,
            tags=options.tags,
            id=id_of(request.key),
        )
        if session.target and session.target.lower() != request.target.lower():
            raise BatchError(
                f"session {session.id} exists already and is for {session.target}",
                provider="azure",
                remedy="One key belongs to one session: open the new one under another.",
            )
        return self._batch(session.id, request.target, request.key)

    async def find_batch(self, key: str) -> BatchRef | None:
        """Look up the session of a key, by the id that follows from it."""
        try:
            session = await self._sessions.get(id_of(key))
        except NotFoundError:
            return None
        return self._batch(session.id, session.target, key)

    def _written(self, spec: JobSpec, target: str, session_id: str | None) -> NewJob:
        known = self._targets.known.get(target.lower())
        payload = payload_of(
            spec,
            target,
            in_session=session_id is not None,
            num_qubits=known.num_qubits if known is not None else None,
            profile=(known.target_profile or "") if known is not None else "",
        )
        options = checked_options(spec.options, target, spec.program)
        further = json_values(options.params, provider="azure")
        return NewJob(
            target=target,
            content=payload.content,
            input_format=payload.input_format,
            output_format=payload.output_format,
            provider=self._targets.provider_of(target),
            name=options.name or payload.name or _NAME,
            media_type=payload.media_type,
            params={**payload.params, **further},
            metadata=payload.metadata,
            session_id=session_id,
            priority=options.priority,
            tags=options.tags,
        )

    def _ref(self, job_id: str, target: str, key: str, batch_id: str | None) -> JobRef:
        return JobRef("azure", job_id, target, key, batch_id=batch_id, account=self._account)

    def _batch(self, session_id: str, target: str, key: str) -> BatchRef:
        return BatchRef("azure", session_id, target, key, account=self._account)
