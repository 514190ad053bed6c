"""What the Azure service keeps, and how it is listed and written."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from quantum_async.models.job import JobStatus
from quantum_async.sandbox.service import Refusal, Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import JsonValue

    from quantum_async.sandbox.azure.programs import Work
    from quantum_async.sandbox.azure.service import AzureOptions, AzureService
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.world import Clock, SandboxJob


_FINISHING = 0.8
"""At which share of its run time a job begins to finish."""


@dataclass(slots=True)
class AzureJob:
    """A job.

    Args:
        id: Its id, which the client chose.
        digest: What it was created with, so that a repetition is known.
        document: The fields that the client gave, without signatures.
        run: When it runs.
        work: What it asks of a simulator.
        container: The name of its container.
        blob: The name of its input.
        code: The service's word for its failure, if it is going to fail.
        listed: World time from which lists show it.
        session: Its session.
        tags: Free words.
    """

    id: str
    digest: str
    document: dict[str, JsonValue]
    run: SandboxJob
    work: Work | None
    container: str
    blob: str
    code: str
    listed: float
    session: Session | None = None
    tags: list[str] = field(default_factory=list)
    modified: float = 0.0
    has_output: bool = False

    @property
    def target(self) -> str:
        """Its target."""
        return str(self.document["target"])

    @property
    def output_format(self) -> str:
        """How its output is wanted."""
        return str(self.document.get("outputDataFormat") or "")

    def word(self, now: float, kind: str) -> str:
        """Say where it stands in the service's words."""
        status, run = self.run.status(now), self.run
        if status is JobStatus.QUEUED:
            late = now - run.accepted >= (min(run.start, now + 1) - run.accepted) / 2
            return "Waiting" if kind == "V1" or late else "Queued"
        if status is JobStatus.RUNNING:
            return "Finishing" if now - run.start > _FINISHING * run.run_time else "Executing"
        if status is JobStatus.CANCELLING:
            return _cancelling(run, now, kind)
        if status is JobStatus.SUCCEEDED:
            return "Succeeded" if kind == "V1" else "Completed"
        return {JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Cancelled"}[status]

    def failed_at(self, now: float) -> float:
        """Say when it failed; never, where it has not."""
        if self.run.status(now) is not JobStatus.FAILED:
            return inf
        return self.run.finished(now) or now


def _cancelling(run: SandboxJob, now: float, kind: str) -> str:
    if kind == "V1":
        return "Executing"
    start, end = run.cancelled or now, run.stopped or now
    return "CancellationRequested" if now < (start + end) / 2 else "Cancelling"


@dataclass(slots=True)
class Session:
    """A session.

    Args:
        id: Its id, which the client chose.
        document: The fields that the client gave.
        policy: ``"Abort"`` or ``"Continue"``.
        created: World time of its creation.
        jobs: Its jobs, in the order of their creation.
        closed: World time at which it was closed, or ``None``.
        timed_out: World time at which it timed out, or ``None``.
    """

    id: str
    document: dict[str, JsonValue]
    policy: str
    created: float
    jobs: list[AzureJob] = field(default_factory=list)
    closed: float | None = None
    timed_out: float | None = None

    def settle(self, now: float, timeout: float) -> None:
        """Let the session time out where that is due."""
        if self.closed is not None or self.timed_out is not None or self._aborted(now) < inf:
            return
        ends = [job.run.finished(now) for job in self.jobs]
        if None in ends:
            return
        idle_since = max([self.created, *(end for end in ends if end is not None)])
        if now - idle_since >= timeout:
            self.timed_out = idle_since + timeout

    def word(self, now: float) -> str:
        """Say where it stands in the service's words."""
        if self.timed_out is not None:
            return "TimedOut"
        if self._aborted(now) < inf:
            return "Failed"
        failed = any(job.failed_at(now) < inf for job in self.jobs)
        if self.closed is not None and self._all_over(now):
            return "Failed" if failed else "Succeeded"
        if failed:
            return "Failure(s)"
        started = any(job.run.status(now) is not JobStatus.QUEUED for job in self.jobs)
        return "Executing" if started or (self.closed is not None and self.jobs) else "Waiting"

    def ended(self, now: float) -> float | None:
        """Say when it ended, or ``None`` while it has not."""
        if self.timed_out is not None:
            return self.timed_out
        if (aborted := self._aborted(now)) < inf:
            return aborted
        if self.closed is None or not self._all_over(now):
            return None
        return max([self.closed, *(job.run.finished(now) or 0.0 for job in self.jobs)])

    def takes_jobs(self, now: float) -> bool:
        """Say whether jobs can be added."""
        return self.closed is None and self.timed_out is None and self._aborted(now) == inf

    def _aborted(self, now: float) -> float:
        if self.policy != "Abort":
            return inf
        return min((job.failed_at(now) for job in self.jobs), default=inf)

    def _all_over(self, now: float) -> bool:
        return all(job.run.finished(now) is not None for job in self.jobs)


_VERSION = "2025-01-05"
_REFUSED = "AuthenticationFailed"


@dataclass(frozen=True, slots=True)
class Blob:
    """What is stored under a name.

    Args:
        content: Its bytes.
        media: What they are said to be.
        encoding: How they are said to be packed.
        etag: Names this version.
        created: World time of its creation.
    """

    content: bytes = field(repr=False)
    media: str
    encoding: str
    etag: str
    created: float


@dataclass(slots=True)
class Container:
    """A container.

    Args:
        name: Its name.
        blobs: Its blobs by name.
        blocks: Blocks that no blob is made of yet, by blob and block id.
    """

    name: str
    blobs: dict[str, Blob] = field(default_factory=dict)
    blocks: dict[tuple[str, str], bytes] = field(default_factory=dict)


class BlobStore:
    """All containers of the workspace.

    Args:
        clock: The world's clock.
        options: How the service behaves.
    """

    def __init__(self, clock: Clock, options: AzureOptions) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(16)
        self.options = options
        self.containers: dict[str, Container] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.containers.clear()

    def container(self, name: str) -> Container:
        """Find a container.

        Raises:
            Refusal: There is none.
        """
        found = self.containers.get(name)
        if found is None:
            raise Refusal(404, "The specified container does not exist.", "ContainerNotFound")
        return found

    def create(self, name: str) -> None:
        """Create a container, unless it is there."""
        self.containers.setdefault(name, Container(name))

    def put(self, container: Container, name: str, blob: Blob, *, only_new: bool) -> None:
        """Store a blob.

        Raises:
            Refusal: There is one already, and only a new one is wanted.
        """
        if only_new and name in container.blobs:
            raise Refusal(409, "The specified blob already exists.", "BlobAlreadyExists")
        container.blobs[name] = blob

    def blob(self, content: bytes, media: str, now: float, encoding: str = "") -> Blob:
        """Make a blob."""
        etag = '"0x' + hashlib.blake2b(content, digest_size=8).hexdigest().upper() + '"'
        return Blob(content, media, encoding, etag, now)

    def address(self, base_url: str, container: str, blob: str = "") -> str:
        """Write an address without a signature.

        Args:
            base_url: How the client addressed the service.
            container: The container's name.
            blob: The blob's name; empty for the container itself.
        """
        port = base_url.rpartition(":")[2]
        path = f"/{quote(container)}" + (f"/{quote(blob)}" if blob else "")
        return f"http://{self.options.storage_host}:{port}{path}"

    def signed(self, address: str, now: float, kind: Mapping[str, str]) -> str:
        """Sign an address.

        Args:
            address: It, without a signature.
            now: World time.
            kind: The parameters that say what may be done.
        """
        start, end = self._time(now - 60), self._time(now + self.options.sas_lifetime)
        given = {"sv": _VERSION, "st": start, "se": end, **kind, "sig": self._signature(end)}
        return f"{address}?{urlencode(given)}"

    def check(self, query: Mapping[str, list[str]], now: float) -> None:
        """Refuse a signature that is missing, wrong or over.

        Raises:
            Refusal: As the storage refuses it.
        """
        end = query.get("se", [""])[-1]
        given = query.get("sig", [""])[-1]
        if not end or not hmac.compare_digest(given.encode(), self._signature(end).encode()):
            raise Refusal(403, "Signature did not match.", _REFUSED)
        if self._clock.epoch(now) >= datetime.fromisoformat(end).timestamp():
            raise Refusal(403, "Signature not valid in the specified time frame", _REFUSED)

    def _time(self, moment: float) -> str:
        text = datetime.fromtimestamp(self._clock.epoch(moment), UTC).isoformat(
            timespec="milliseconds"
        )
        return text.replace("+00:00", "Z")

    def _signature(self, end: str) -> str:
        digest = hmac.new(self._secret, end.encode(), hashlib.sha256).hexdigest()
        return f"{digest[:32]}="


if TYPE_CHECKING:
    Document = dict[str, JsonValue]
    Keeps = Callable[[Document], bool]

_FIELDS = {
    "name": "name",
    "itemtype": "itemType",
    "jobtype": "jobType",
    "providerid": "providerId",
    "target": "target",
    "state": "status",
    "creationtime": "creationTime",
}
_TEXT = r"'((?:[^']|'')*)'"
_STARTS = re.compile(rf"startswith\(\s*Name\s*,\s*{_TEXT}\s*\)", re.IGNORECASE)
_EQUALS = re.compile(rf"(\w+)\s+eq\s+{_TEXT}", re.IGNORECASE)
_DATE = re.compile(r"CreationTime\s+(ge|le)\s+(\d{4}-\d{2}-\d{2})", re.IGNORECASE)
_GROUP = re.compile(r"\(((?:[^()']|'(?:[^']|'')*')*)\)")
_BETWEEN = re.compile(r"\s+(and|or)\s+", re.IGNORECASE)
_LARGEST = 100


def listing(items: list[Document], request: Request) -> Document:
    """Write one page of a list.

    Args:
        items: All that there is.
        request: What is wanted of it.

    Raises:
        Refusal: The filter or the order cannot be understood.
    """
    query = {name: values[-1] for name, values in request.query.items()}
    keeps = _filter(query.get("filter", ""))
    kept = [item for item in items if keeps(item)]
    kept = _sorted(kept, query.get("orderby", "CreationTime asc"))
    skip, top = _number(query, "skip", 0), min(_number(query, "top", _LARGEST), _LARGEST)
    page: list[JsonValue] = list(kept[skip : skip + top])
    link = None
    if skip + top < len(kept):
        following = {**query, "top": str(top), "skip": str(skip + top)}
        link = f"{request.base_url}{request.path}?{urlencode(following)}"
    return {"value": page, "nextLink": link}


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise Refusal(400, f"{name} is not a number", "InvalidQueryParameter")
    return int(text)


def _sorted(items: list[Document], order: str) -> list[Document]:
    name, _, direction = order.partition(" ")
    field = _FIELDS.get(name.lower())
    if field is None or direction.lower() not in {"", "asc", "desc"}:
        raise Refusal(400, f"cannot order by {order!r}", "InvalidQueryParameter")
    return sorted(
        items, key=lambda item: str(item.get(field) or ""), reverse=direction.lower() == "desc"
    )


def _filter(text: str) -> Keeps:
    place = 0
    conditions: list[Keeps] = []
    while place < len(text):
        keeps, place = _condition(text, place)
        conditions.append(keeps)
        if place < len(text):
            link = _BETWEEN.match(text, place)
            if link is None or link[1].lower() != "and":
                raise _unreadable(text)
            place = link.end()
    return lambda item: all(keeps(item) for keeps in conditions)


def _condition(text: str, place: int) -> tuple[Keeps, int]:
    if match := _STARTS.match(text, place):
        prefix = match[1].replace("''", "'")
        return (lambda item: str(item.get("name") or "").startswith(prefix)), match.end()
    if match := _DATE.match(text, place):
        return _dated(match[1].lower(), match[2]), match.end()
    if match := _EQUALS.match(text, place):
        return _equal([(match[1], match[2])], text), match.end()
    if match := _GROUP.match(text, place):
        return _equal(_EQUALS.findall(match[1]), text), match.end()
    raise _unreadable(text)


def _dated(comparison: str, date: str) -> Keeps:
    def keeps(item: Document) -> bool:
        day = str(item.get("creationTime") or "")[:10]
        return day >= date if comparison == "ge" else day <= date

    return keeps


def _equal(pairs: list[tuple[str, str]], text: str) -> Keeps:
    fields = [(_FIELDS.get(name.lower()), value.replace("''", "'")) for name, value in pairs]
    if not fields or any(name is None for name, _ in fields):
        raise _unreadable(text)

    def keeps(item: Document) -> bool:
        return any(
            str(item.get(str(name)) or "").lower() == value.lower() for name, value in fields
        )

    return keeps


def _unreadable(text: str) -> Refusal:
    return Refusal(400, f"cannot read the filter {text!r}", "InvalidQueryParameter")


_CONTAINER = {"sr": "c", "sp": "rl"}


class Writer:
    """Writes answers.

    Args:
        service: The service's books.
    """

    def __init__(self, service: AzureService) -> None:
        self._service = service

    def job(
        self, job: AzureJob, now: float, base_url: str, *, signed: bool = True
    ) -> dict[str, JsonValue]:
        """Write a job.

        Args:
            job: The job.
            now: World time.
            base_url: How the client addressed the service.
            signed: Whether addresses carry signatures, as they do where one job is looked up.
        """
        run, kind = job.run, self._service.options.kind
        status = run.status(now)
        ended = run.finished(now)
        started = run.start if now >= run.start and run.start <= run.end else None
        return {
            **self._addresses(job, now, base_url, signed=signed),
            **job.document,
            "tags": list(job.tags),
            "id": job.id,
            "itemType": "Job",
            "jobType": "QuantumComputing",
            "priority": job.document.get("priority") or "Standard",
            "status": job.word(now, kind),
            "isCancelling": status is JobStatus.CANCELLING,
            "errorData": self._error(job, status),
            "quantumComputingData": {"count": 1} if now > run.accepted else None,
            "costEstimate": self._cost(job) if ended is not None else None,
            "creationTime": self._time(run.accepted),
            "lastModifiedTime": self._time(max(job.modified, run.accepted)),
            "beginExecutionTime": self._time(started),
            "endExecutionTime": self._time(ended),
            "cancellationTime": self._time(run.cancelled),
            "createdBy": "sandbox",
            "createdByType": "Key",
        }

    def session(self, session: Session, now: float) -> dict[str, JsonValue]:
        """Write a session."""
        return {
            **session.document,
            "id": session.id,
            "itemType": "Session",
            "jobFailurePolicy": session.policy,
            "status": session.word(now),
            "creationTime": self._time(session.created),
            "endExecutionTime": self._time(session.ended(now)),
            "costEstimate": None,
        }

    def refusal(self, status: int, code: str, message: JsonValue) -> Reply:
        """Write a refusal."""
        if status == 401:
            header = (b"www-authenticate", b'Bearer error="invalid_token"')
            return Reply(401, headers=(header,))
        return Reply.of_json(
            {"error": {"code": code or _code(status), "message": message}},
            status,
            ((b"x-ms-request-id", b"sandbox-request"),),
        )

    def _addresses(
        self, job: AzureJob, now: float, base_url: str, *, signed: bool
    ) -> dict[str, JsonValue]:
        blobs = self._service.blobs
        container = blobs.address(base_url, job.container)
        given = blobs.address(base_url, job.container, job.blob)
        name = self._service.output_name(job, now)
        written = blobs.address(base_url, job.container, name)
        if signed:
            container = blobs.signed(container, now, _CONTAINER)
            given = blobs.signed(given, now, _blob(job, "input"))
            written = blobs.signed(written, now, _blob(job, "output"))
        return {"containerUri": container, "inputDataUri": given, "outputDataUri": written}

    def _error(self, job: AzureJob, status: JobStatus) -> JsonValue:
        if status is not JobStatus.FAILED:
            return None
        return {"code": job.code or "RuntimeError", "message": job.run.error or "it failed"}

    def _cost(self, job: AzureJob) -> JsonValue:
        hours = job.run.run_time / 3600
        return {
            "currencyCode": "USD",
            "estimatedTotal": 0.0,
            "events": [
                {
                    "dimensionId": "compute-time",
                    "dimensionName": "Compute time",
                    "measureUnit": "per hour",
                    "amountBilled": hours,
                    "amountConsumed": hours,
                    "unitPrice": 0.0,
                }
            ],
        }

    def _time(self, moment: float | None) -> str | None:
        return None if moment is None else self._service.clock.iso(moment)


def _blob(job: AzureJob, kind: str) -> dict[str, str]:
    name = f"attachment; filename={job.document.get('name')}-{job.id}.{kind}.json"
    return {"sr": "b", "sp": "r", "rscd": name}


def _code(status: int) -> str:
    return {404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict", 429: "TooManyRequests"}.get(
        status, "BadRequest" if status < 500 else "InternalServerError"
    )
