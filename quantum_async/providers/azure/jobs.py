"""Jobs of a workspace, and what they gave."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import (
    BatchClosedError,
    ConflictError,
    DuplicateSubmissionError,
    InvalidOptionError,
    NotFoundError,
    NotSentError,
    ProtocolError,
    QuantumAsyncError,
    RejectedRequestError,
    ResultError,
    ResultPendingError,
    ServerError,
    TransportError,
)
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, json_body, json_bytes
from quantum_async.http.redact import beginning
from quantum_async.http.response import decoding
from quantum_async.providers.api import about_job, wait_until_over
from quantum_async.providers.azure.api import first, first_page, items, parse
from quantum_async.providers.azure.filters import ItemFilters
from quantum_async.providers.azure.storage import blob_of, container_name, is_good
from quantum_async.providers.azure.translate.results import entries_of
from quantum_async.providers.azure.translate.statuses import is_over, job_status
from quantum_async.providers.azure.wire import AzureJob, Paged, Priority

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from pydantic import JsonValue

    from quantum_async.http.dispatch import LaneName
    from quantum_async.http.response import Download
    from quantum_async.providers.azure.api import Gateway
    from quantum_async.providers.azure.sessions import Sessions
    from quantum_async.providers.azure.storage import Storage
    from quantum_async.providers.azure.submission import NewJob


@dataclass(frozen=True, slots=True)
class JobOutput:
    """A job's output as it is stored.

    Args:
        content: The bytes, unpacked.
        format: How they are written down, such as ``"microsoft.quantum-results.v2"``.
        job_id: The job.
    """

    content: bytes = field(repr=False)
    format: str
    job_id: str = ""

    @property
    def text(self) -> str:
        """The output as UTF-8."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> JsonValue:
        """Read the output as JSON.

        Raises:
            ResultError: It is none.
            ProtocolError: It nests too deeply to be read.
        """
        with decoding(
            self.content, "the output", provider="azure", job_id=self.job_id, accepted="yes"
        ):
            try:
                found: JsonValue = json.loads(self.content)
            except ValueError as error:
                raise ResultError(
                    f"the output is not JSON: {error}; it begins with {beginning(self.content)!r}",
                    provider="azure",
                    job_id=self.job_id,
                    remedy="Read it as it is: output.content.",
                ) from error
        return found

    def shots(self) -> list[list[JsonValue]]:
        """List every shot's outcome, one list for each entry point.

        Raises:
            ResultError: The format lists no shots, or this output does not.
        """
        found = []
        for entry in entries_of(self.format, self.json(), self.job_id):
            if entry.shots is None:
                raise self._lacking("lists no shots")
            found.append(list(entry.shots))
        return found

    def histogram(self) -> list[dict[str, int]]:
        """Count the outcomes as the service displays them, for each entry point.

        Raises:
            ResultError: The format has no histogram, or this output displays no outcomes.
        """
        found = []
        for entry in entries_of(self.format, self.json(), self.job_id):
            counts: Counter[str] = Counter()
            for bucket in entry.histogram:
                if bucket.display is None:
                    raise self._lacking(f"does not display the outcome {bucket.outcome!r}")
                counts[bucket.display] += bucket.count
            found.append(dict(counts))
        return found

    def _lacking(self, what: str) -> ResultError:
        return ResultError(
            f"the output of job {self.job_id} {what}",
            provider="azure",
            job_id=self.job_id,
            remedy="Read it as it is: output.json().",
        )


PAGE = Paged[AzureJob]
_MERGE = "application/merge-patch+json"


class Jobs:
    """The jobs of a workspace: `AzureClient.jobs`.

    Args:
        gateway: The workspace.
        storage: What is behind it.
        sessions: The workspace's sessions.
        clock: Wall clock in seconds since the epoch.
        new_id: Makes ids.
    """

    def __init__(
        self,
        gateway: Gateway,
        storage: Storage,
        sessions: Sessions,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._gateway = gateway
        self._storage = storage
        self._sessions = sessions
        self._clock = clock
        self._new_id = new_id

    async def create(self, new: NewJob, *, id: str | None = None) -> AzureJob:
        """Upload a job's input and create the job: three requests. Billed: running it is.

        Creating the same job under the same id again creates nothing.

        Args:
            new: What to run.
            id: Its id; a new one by default.

        Raises:
            DuplicateSubmissionError: The id belongs to another job.
            BatchClosedError: The session takes no more jobs.
            NotSentError: Its input could not be stored, so there is no job.
            LostAnswerError, ServerError, ProtocolError: The job may exist or not; `get` tells.
        """
        job_id = id or self._new_id()
        container, is_new = await self._stored(new, job_id)
        if not is_new and (known := await self._known(job_id, new)) is not None:
            return known
        return await self.register(new, container, id=job_id)

    async def register(self, new: NewJob, container_url: str, *, id: str) -> AzureJob:
        """Create a job whose input is stored already, such as in a storage of your own.

        Args:
            new: What to run.
            container_url: The signed address of the container of its input and output.
            id: Its id.

        Raises:
            QuantumAsyncError: See `create`.
        """
        body = await json_body(new.document(container_url))
        try:
            response = await self._gateway.create(
                self._path(id), wanted=f"create job {id}", body=body, job_id=id
            )
        except ConflictError:
            if (known := await self._known(id, new)) is not None:
                return known
            raise
        except RejectedRequestError as error:
            await self._explain(new.session_id, error)
            raise
        return parse(AzureJob, response)

    async def get(self, id: str, *, lane: LaneName = "data") -> AzureJob:
        """Look a job up, with signed addresses of its input and output.

        Raises:
            NotFoundError: There is none.
        """
        response = await self._gateway.read(
            self._path(id), wanted=f"get job {id}", lane=lane, job_id=id
        )
        return parse(AzureJob, response, id)

    async def list(
        self, filters: ItemFilters | None = None, *, skip: int = 0, limit: int | None = None
    ) -> AsyncIterator[AzureJob]:
        """Iterate over jobs, the oldest first unless the filters say otherwise.

        Args:
            filters: Which jobs.
            skip: How many to leave out.
            limit: How many at most; all of them by default.
        """
        filters = filters or ItemFilters()
        query = {**filters.query(), **first_page(skip)}
        listed = items(self._gateway, PAGE, "/jobs", query, wanted="list jobs")
        async for job in first(limit, listed, filters.keeps):
            yield job

    async def wait(
        self,
        id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  its error says more
    ) -> AzureJob:
        """Wait until a job has ended, however it ends.

        Args:
            id: The job.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the job goes on.
        """
        return await wait_until_over(
            lambda: self.get(id, lane="control"),
            lambda job: job_status(job).is_terminal,
            what=f"job {id}",
            provider="azure",
            timeout=timeout,
        )

    async def cancel(self, id: str) -> None:
        """Ask the service to cancel a job; `get` or `wait` tells when it has ended."""
        if self._gateway.version.can_delete:
            path, method = f"{self._path(id)}:cancel", "POST"
        else:
            path, method = self._path(id), "DELETE"
        await self._gateway.write(path, wanted=f"cancel job {id}", method=method, job_id=id)

    async def delete(self, id: str) -> None:
        """Delete a job and what is stored of it.

        Raises:
            InvalidOptionError: This API version cannot delete: there, the same request cancels.
        """
        if not self._gateway.version.can_delete:
            raise InvalidOptionError(
                f"API version {self._gateway.version.name} cannot delete jobs",
                provider="azure",
                remedy="Leave api_version= out, or give a later one.",
            )
        try:
            await self._gateway.write(
                self._path(id), wanted=f"delete job {id}", method="DELETE", job_id=id
            )
        except NotFoundError:
            return

    async def update(
        self,
        id: str,
        *,
        name: str | None = None,
        priority: Priority | str | None = None,
        tags: Sequence[str] | None = None,
    ) -> AzureJob:
        """Change a job's name, priority or tags.

        Args:
            id: The job.
            name: Its new name.
            priority: Its new priority, where the workspace has priorities.
            tags: Its new tags, instead of all the old ones.

        Raises:
            InvalidOptionError: Nothing is to be changed.
        """
        changes: dict[str, object] = {"name": name, "priority": priority}
        changes["tags"] = None if tags is None else list(tags)
        changes = {place: value for place, value in changes.items() if value is not None}
        if not changes:
            raise InvalidOptionError(
                "nothing is to be changed", provider="azure", remedy="Pass name, priority or tags."
            )
        body = Body(json_bytes(changes), _MERGE)
        in_place = self._gateway.version.updates_in_place
        path = self._path(id) if in_place else f"/jobUpdateOptions/{segment(id)}"
        await self._gateway.write(
            path, wanted=f"update job {id}", method="PATCH", body=body, job_id=id
        )
        return await self.get(id)

    async def output(self, id: str) -> JobOutput:
        """Download what a job has written, also where it has failed.

        Raises:
            ResultPendingError: The job has not ended.
            NotFoundError: It has written nothing.
        """
        return await self.output_of(await self.get(id))

    async def output_of(self, job: AzureJob) -> JobOutput:
        """Download the output of a job that was looked up; see `output`."""
        if not job_status(job).is_terminal:
            raise ResultPendingError(
                f"job {job.id} has not ended: {job.status}",
                provider="azure",
                job_id=job.id,
                remedy="Wait for it first: client.jobs.wait(job_id).",
            )
        with about_job(job.id, provider="azure"):
            content = await self._storage.download(job.container_uri, job.output_data_uri or "")
        return JobOutput(content, job.output_data_format or "", job.id)

    @asynccontextmanager
    async def stream_output(self, id: str) -> AsyncGenerator[Download]:
        """Read a large output piece by piece, as it is stored.

        Args:
            id: The job.
        """
        job = await self.get(id)
        uri = job.output_data_uri or ""
        with about_job(id, provider="azure"):
            async with self._storage.stream(job.container_uri, uri) as download:
                yield download

    async def input(self, id: str) -> bytes:
        """Download a job's input."""
        return await self.input_of(await self.get(id))

    async def input_of(self, job: AzureJob) -> bytes:
        """Download the input of a job that was looked up."""
        with about_job(job.id, provider="azure"):
            return await self._storage.download(job.container_uri, job.input_data_uri)

    async def upload_attachment(
        self, id: str, name: str, data: bytes, media_type: str = "application/octet-stream"
    ) -> None:
        """Store something beside a job's input, or store it anew.

        Args:
            id: The job.
            name: What to call it.
            data: The bytes.
            media_type: What they are.
        """
        name_of_container = container_name((await self.get(id)).container_uri)
        container = await self._storage.container_url(name_of_container)
        await self._storage.replace(container, name, data, media_type)

    async def download_attachment(self, id: str, name: str) -> bytes:
        """Read something that is stored beside a job's input."""
        container = (await self.get(id)).container_uri
        with about_job(id, provider="azure"):
            return await self._storage.download(container, blob_of(container, name))

    async def list_attachments(self, id: str) -> Sequence[str]:
        """Name everything that is stored with a job, its input and output included."""
        container = (await self.get(id)).container_uri
        if not is_good(container, self._clock()):
            container = await self._storage.container_url(container_name(container))
        return await self._storage.list(container)

    async def _stored(self, new: NewJob, id: str) -> tuple[str, bool]:
        """Store a job's input: the signed address of its container, and whether it is new."""
        try:
            container = await self._storage.container_url(new.container or f"job-{id}")
            is_new = await self._storage.upload(
                container, new.blob, new.content, new.media_type, new.encoding
            )
        except NotSentError:
            raise
        except (TransportError, ServerError, ProtocolError) as error:
            if isinstance(error, ProtocolError) and error.accepted == "no":
                # Where the service wants it stored, nothing may be sent: asking again is no help.
                error.concerning(job_id=id)
                raise
            # Only the input was under way: the job itself was not sent.
            raise NotSentError(
                f"the input of job {id} could not be stored: {error}",
                provider="azure",
                job_id=id,
                request_id=error.request_id,
                remedy="Nothing runs, so submitting again is safe.",
            ) from error
        return container, is_new

    async def _known(self, id: str, new: NewJob) -> AzureJob | None:
        """Look for a job of this id that is the same as the new one."""
        try:
            job = await self.get(id)
        except NotFoundError:
            return None
        pairs = [
            (job.target.lower(), new.target.lower()),
            (job.shots, new.params.get("shots")),
            (job.input_params.get("variables"), new.params.get("variables")),
        ]
        # What the service leaves out of its answer says nothing.
        if any(there and here and there != here for there, here in pairs):
            raise DuplicateSubmissionError(
                f"job {id} exists already and is another one",
                provider="azure",
                job_id=id,
                remedy="One key belongs to one job: submit the new one under another.",
            )
        return job

    async def _explain(self, session_id: str | None, error: RejectedRequestError) -> None:
        """Say why a session takes no more jobs, where that is what is wrong.

        Raises:
            BatchClosedError: It is over.
        """
        if session_id is None:
            return
        try:
            session = await self._sessions.get(session_id)
            if not is_over(session):
                return
            why = await self._sessions.why_over(session)
        except QuantumAsyncError:
            return
        raise BatchClosedError(
            f"session {session_id} takes no more jobs: {why}",
            provider="azure",
            request_id=error.request_id,
            remedy="Open another session; on_failure=CONTINUE lets one outlive a failed job.",
        ) from error

    @staticmethod
    def _path(id: str) -> str:
        return f"/jobs/{segment(id)}"
