"""What every route of the service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.azure.blobs import BlobStore
from quantum_async.sandbox.azure.documents import Writer
from quantum_async.sandbox.azure.options import AzureOptions
from quantum_async.sandbox.azure.outputs import NATIVE, output_of
from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import Latest, oldest_ended

if TYPE_CHECKING:
    from quantum_async.sandbox.azure.records import AzureJob, Session
    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.world import Realm, World


class Desk:
    """The service's books and tools.

    Args:
        world: The world it shows.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.options: AzureOptions = AzureOptions()
        self.realm: Realm = world.realm("azure")
        self.blobs: BlobStore = BlobStore(world.clock, self.options)
        self.jobs: dict[str, AzureJob] = {}
        self.sessions: dict[str, Session] = {}
        self.by_container: dict[str, AzureJob] = {}
        self.revoked: Latest[str, None] = Latest()
        self.write: Writer = Writer(self)
        self.configure()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    def job(self, job_id: str) -> AzureJob:
        """Find a job.

        Raises:
            Refusal: There is none.
        """
        found = self.jobs.get(job_id.lower())
        if found is None:
            raise Refusal(404, f"There is no job {job_id}.", "NotFound")
        return found

    def session(self, session_id: str, now: float) -> Session:
        """Find a session as it is now.

        Raises:
            Refusal: There is none.
        """
        found = self.sessions.get(session_id.lower())
        if found is None:
            raise Refusal(404, f"There is no session {session_id}.", "NotFound")
        found.settle(now, self.options.session_timeout)
        return found

    def output_name(self, job: AzureJob, now: float) -> str:
        """Name the blob of a job's output, which differs once the job has succeeded."""
        done = job.run.status(now) is JobStatus.SUCCEEDED
        return "rawOutputData" if done and job.output_format in NATIVE else "outputData"

    def settle_container(self, name: str, now: float) -> None:
        """Write the output of a container's job, once the job has succeeded."""
        job = self.by_container.get(name)
        if job is None or job.has_output or job.run.status(now) is not JobStatus.SUCCEEDED:
            return
        container = self.blobs.container(name)
        given = container.blobs.get(job.blob)
        content = given.content if given is not None else b""
        written = output_of(job, content, self.world.settings.seed, self.options)
        finished = job.run.finished(now) or now
        container.blobs[self.output_name(job, now)] = self.blobs.blob(
            written, "application/octet-stream", finished
        )
        job.has_output = True

    def trim(self, now: float) -> None:
        """Drop the oldest ended jobs and sessions while there are more than may be kept."""
        most = self.world.settings.max_jobs
        ended_jobs = oldest_ended(
            self.jobs.values(), len(self.jobs) - most, lambda job: job.run.finished(now) is not None
        )
        for job in ended_jobs:
            self.forget(job, now)
        for session in oldest_ended(
            self.sessions.values(),
            len(self.sessions) - most,
            lambda session: session.ended(now) is not None,
        ):
            del self.sessions[session.id]

    def forget(self, job: AzureJob, now: float) -> None:
        """Drop a job and what is stored of it."""
        self.jobs.pop(job.id.lower(), None)
        self.by_container.pop(job.container, None)
        self.blobs.containers.pop(job.container, None)
        if job.session is not None and job in job.session.jobs:
            job.session.jobs.remove(job)
        self.realm.forget(job.run, now)

    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """
        self.options = AzureOptions.model_validate(self.world.settings.options.get("azure", {}))
        self.blobs.options = self.options

    def reset(self) -> None:
        """Forget everything."""
        for book in (self.jobs, self.sessions, self.by_container):
            book.clear()
        self.revoked.clear()
        self.blobs.clear()
        self.configure()
