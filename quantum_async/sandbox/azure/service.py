"""The Azure service: its options, its books, and which route is answered by what."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.azure.programs import NATIVE, output_of
from quantum_async.sandbox.azure.routes import (
    GROUP,
    LOCATION,
    SUBSCRIPTION,
    WORKSPACE,
    BlobRoutes,
    JobRoutes,
    OtherRoutes,
    SessionRoutes,
    storage_refusal,
)
from quantum_async.sandbox.azure.store import BlobStore, Writer
from quantum_async.sandbox.service import Refusal, Route, RouteTable, Service, routes_of
from quantum_async.sandbox.settings import Seconds
from quantum_async.sandbox.world import oldest_ended

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.azure.store import AzureJob, Session
    from quantum_async.sandbox.service import Reply, Request
    from quantum_async.sandbox.world import World


class AzureOptions(BaseModel):
    """How the Azure service behaves where its documentation leaves it open.

    Args:
        kind: Whether the workspace is of the older kind or of the one with more statuses.
        sas_lifetime: How long a signed address is good for.
        creates_containers: Whether asking for a container's address creates it.
        cancel_answers: With which status a cancellation is answered.
        pasqal_results: In which of its shapes Pasqal's output is written.
        session_timeout: How long an open session may be idle before it times out.
        storage_host: The host in addresses of the storage; the vendor's own client takes
            127.0.0.1 for an emulator and misreads what follows.
        slots: How many jobs a QPU runs at once.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["V1", "V2"] = "V1"
    sas_lifetime: Seconds = 3600.0
    creates_containers: bool = True
    cancel_answers: Literal[200, 202, 204] = 204
    pasqal_results: Literal["flat", "counter", "serialised"] = "flat"
    session_timeout: Seconds = 600.0
    storage_host: str = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
    slots: int = 1


_VARIABLE = re.compile(r"\{(id|rest)\}")
_SHAPES = {"id": r"([^/:]+)", "rest": r"(.+)"}


class AzureTable(RouteTable):
    """All routes of the service; the first that matches answers."""

    def __init__(self, routes: list[Route]) -> None:
        self._shapes: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        super().__init__(routes)

    def find(self, method: str, path: str) -> tuple[Route | None, list[str], bool]:
        """Find the route of a request.

        Returns:
            The route, what stands in its places, and whether the path exists at all.
        """
        for shape, routes in self._shapes:
            match = shape.fullmatch(path)
            if match is not None:
                return routes.get(method), list(match.groups()), True
        return None, [], False

    def _insert(self, route: Route) -> None:
        parts = _VARIABLE.split(route.pattern)
        text = "".join(
            _SHAPES[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )
        if route.pattern.startswith("/{id}"):
            # What begins like this is no container.
            text = "(?!/subscriptions/|/providers/)" + text
        for shape, routes in self._shapes:
            if shape.pattern == text:
                routes[route.method] = route
                return
        self._shapes.append((re.compile(text, re.IGNORECASE), {route.method: route}))


_KEY = "x-ms-quantum-api-key"
_BAD = {"", "invalid"}


class AzureService(Service):
    """Azure Quantum.

    Args:
        world: The world it shows.
    """

    name = "azure"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.options: AzureOptions = AzureOptions()
        self.blobs: BlobStore = BlobStore(world.clock, self.options)
        self.jobs: dict[str, AzureJob] = {}
        self.sessions: dict[str, Session] = {}
        self.by_container: dict[str, AzureJob] = {}
        self.write: Writer = Writer(self)
        self.configure()
        self.routes: RouteTable = AzureTable(
            routes_of(JobRoutes(self), SessionRoutes(self), OtherRoutes(self), BlobRoutes(self))
        )

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as the part of the service does that was asked."""
        if request.route.pattern.startswith("/{id}"):
            return storage_refusal(refusal)
        return self.write.refusal(refusal.status, refusal.code, refusal.description)

    def authenticate(self, request: Request) -> None:
        """Check the API key or the bearer token, and that a version is named."""
        given = request.header(_KEY) or request.bearer
        if given in _BAD or given in self.revoked:
            raise Refusal(401, "invalid token")
        if "api-version" not in request.query:
            raise Refusal(400, "api-version is missing", "MissingApiVersionParameter")

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client here.

        The connection string is one that the vendor's client reads; it takes no other address
        than the vendor's in it, so the address comes beside it.
        """
        key = (
            f"SubscriptionId={SUBSCRIPTION};ResourceGroupName={GROUP};WorkspaceName={WORKSPACE};"
            f"ApiKey=sandbox;QuantumEndpoint=https://{LOCATION}.quantum.azure.com/;"
        )
        return {
            "AZURE_QUANTUM_CONNECTION_STRING": key,
            "QUANTUM_ASYNC_AZURE_ENDPOINT": base_url,
            "QUANTUM_ASYNC_AZURE_MANAGEMENT": base_url,
        }

    def batches_open(self, now: float) -> int:
        """Count sessions that still take jobs."""
        for session in self.sessions.values():
            session.settle(now, self.options.session_timeout)
        return sum(session.takes_jobs(now) for session in self.sessions.values())

    def configure(self) -> None:
        """Read the options again."""
        self.options = self.blobs.options = AzureOptions.model_validate(self.given_options)

    def reset(self) -> None:
        """Forget everything."""
        for book in (self.jobs, self.sessions, self.by_container):
            book.clear()
        self.blobs.clear()
        super().reset()

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


SERVICE = AzureService
