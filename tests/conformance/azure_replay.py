"""A recording, walked from its first request to its last with the operations of our client."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from uuid import UUID

import httpx

from quantum_async.errors import QuantumAsyncError
from quantum_async.http.options import SessionOptions
from quantum_async.http.retry import NO_RETRY
from quantum_async.models.batch import FailurePolicy
from quantum_async.providers.azure.client import AzureClient
from quantum_async.providers.azure.wire import AzureJob
from tests.conformance.azure_cassettes import Exchange, Player
from tests.conformance.azure_meaning import filters_of, new_job, told

_WORKSPACE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/Microsoft\.Quantum/workspaces/([^/]+)"
    r"(/.*)?",
    re.IGNORECASE,
)
_ITEM = re.compile(r"/(jobs|sessions)/([^/:]+)(?::(\w+)|/(jobs))?", re.IGNORECASE)
_POLICIES = {"Abort": FailurePolicy.ABORT, "Continue": FailurePolicy.CONTINUE, None: None}


class UnknownRequestError(AssertionError):
    """A recording holds a request that no operation of ours makes."""


class Replay:
    """Drive our client through a recording, and compare what it sends and what it makes of answers."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.exchanges = exchanges
        self.player = Player(exchanges)
        self.clients: dict[object, AzureClient] = {}
        self.jobs: dict[str, AzureJob] = {}
        self.outputs: dict[str, bytes] = {}
        self.operations: list[str] = []

    async def run(self) -> None:
        """Walk through the recording."""
        try:
            for place, exchange in enumerate(self.exchanges):
                if not exchange.is_done:
                    exchange.is_done = True
                    await self._step(exchange, place)
        finally:
            for client in self.clients.values():
                await client.close()
        assert not self.player.strange, f"requests that were not recorded: {self.player.strange}"

    async def _step(self, exchange: Exchange, place: int) -> None:
        if exchange.is_storage:
            await self._storage(exchange, place)
        elif exchange.is_service:
            await self._service(exchange, place)
        elif exchange.host.startswith("management.") or "resources." in exchange.host:
            await self._management(exchange)
        elif exchange.host.endswith(".azure.com"):
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")
        # Whatever else a test asked the world for is no traffic of this service.

    async def _client(self, exchange: Exchange) -> AzureClient:
        match = _WORKSPACE.match(exchange.path)
        if match is None:
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")
        key = (exchange.host, *match.groups()[:3])
        if key not in self.clients:
            client = self._make(
                exchange,
                subscription_id=match[1],
                resource_group=match[2],
                name=match[3],
                endpoint=f"https://{exchange.host}",
            )
            await client.open()
            self.clients[key] = client
        return self.clients[key]

    def _make(self, exchange: Exchange, **where: str) -> AzureClient:
        by_key = "x-ms-quantum-api-key" in exchange.headers
        proof = {"api_key": "PLACEHOLDER"} if by_key else {"credential": "PLACEHOLDER"}
        options = SessionOptions(transport=httpx.MockTransport(self.player), retry=NO_RETRY)
        version = exchange.query.get("api-version") if exchange.is_service else None
        return AzureClient(**where, **proof, options=options, api_version=version)

    # -- the management

    async def _management(self, exchange: Exchange) -> None:
        if exchange.method == "POST":
            asked = exchange.document["query"]
            where = {
                part: match[1]
                for part, word in (
                    ("name", "name"),
                    ("resource_group", "resourceGroup"),
                    ("location", "location"),
                )
                if (match := re.search(rf"\b{word} =~ '([^']*)'", asked))
            }
            subscriptions = exchange.document.get("subscriptions")
            if subscriptions:
                where["subscription_id"] = subscriptions[0]
        else:
            match = _WORKSPACE.match(exchange.path)
            assert match is not None
            where = dict(
                zip(("subscription_id", "resource_group", "name"), match.groups(), strict=False)
            )
        client = self._make(exchange, **where)
        async with client:
            found = await self._outcome(exchange, "locate", client.locate())
        if found is None:
            return
        if exchange.method == "POST":
            [row] = exchange.answer["data"]
            asked = json.loads(self.player.last("POST", "/resources").content)
            assert set(asked) == set(exchange.document)
            assert _conditions(asked["query"]) == _conditions(exchange.document["query"])
            assert (found.subscription_id, found.resource_group) == (
                row["subscriptionId"],
                row["resourceGroup"],
            )
            assert (found.name, found.endpoint) == (row["name"], row["endpointUri"])
        else:
            assert found.endpoint == exchange.answer["properties"]["endpointUri"]

    # -- the data plane

    async def _service(self, exchange: Exchange, place: int) -> None:
        client = await self._client(exchange)
        match = _WORKSPACE.match(exchange.path)
        assert match is not None
        rest = (match[4] or "").rstrip("/")
        item = _ITEM.fullmatch(rest)
        if rest.lower() == "/storage/sasuri":
            await self._signature(client, exchange, place)
        elif item is not None:
            kind, name, verb, inner = item.groups()
            handler = {"jobs": self._job, "sessions": self._session}[kind.lower()]
            await handler(client, exchange, name, verb or inner or "", place)
        else:
            await self._list(client, exchange, rest.lower())

    async def _list(self, client: AzureClient, exchange: Exchange, rest: str) -> None:
        filters, skip = filters_of(exchange.query), int(exchange.query.get("skip", 0))
        lists = {
            "/jobs": lambda: client.jobs.list(filters, skip=skip),
            "/sessions": lambda: client.sessions.list(filters, skip=skip),
            "/toplevelitems": lambda: client.top_level_items.list(filters, skip=skip),
            "/providerstatus": client.targets.providers,
            "/quotas": client.quotas.list,
            "/quotausages": lambda: client.quotas.usages(exchange.query["providerid"]),
        }
        if exchange.method != "GET" or rest not in lists:
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")

        pages, most = self._pages(exchange)
        found = await self._outcome(exchange, f"list {rest}", _first(lists[rest], most))
        if found is not None:
            self._same_list(found, [item for page in pages for item in page.answer["value"]])

    def _pages(self, exchange: Exchange) -> tuple[list[Exchange], int | None]:
        """A list's pages, from this one on, and how many items were read where not all were."""
        pages = [exchange]
        while exchange.status == 200 and (link := pages[-1].answer.get("nextLink")):
            wanted = replace(exchange, url=link).key
            following = next((e for e in self.exchanges if not e.is_done and e.key == wanted), None)
            if following is None:
                return pages, sum(len(page.answer["value"]) for page in pages)
            following.is_done = True
            pages.append(following)
        return pages, None

    @staticmethod
    def _same_list(found: list, recorded: list[dict]) -> None:
        assert len(found) == len(recorded)
        for ours, theirs in zip(found, recorded, strict=True):
            if "id" in theirs:
                assert ours.id == theirs["id"]
            for name in ("name", "status", "target"):
                if theirs.get(name) is not None:
                    assert getattr(ours, name) == theirs[name]
            if "targets" in theirs:
                assert [(t.id, t.average_queue_time) for t in ours.targets] == [
                    (t["id"], t.get("averageQueueTime")) for t in theirs["targets"] or ()
                ]
            if "dimension" in theirs:
                assert (ours.dimension, ours.limit, ours.utilization) == (
                    theirs["dimension"],
                    theirs["limit"],
                    theirs["utilization"],
                )

    # -- jobs

    async def _job(self, client, exchange: Exchange, name: str, verb: str, place: int) -> None:
        does = {
            ("GET", ""): lambda: client.jobs.get(name),
            ("PUT", ""): lambda: self._put_job(client, exchange, name, place),
            ("POST", "cancel"): lambda: client.jobs.cancel(name),
            ("DELETE", ""): lambda: self._delete(client, exchange, name),
            ("PATCH", ""): lambda: self._update(client, exchange, name),
        }
        make = does.get((exchange.method, verb))
        if make is None:
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")
        found = await self._outcome(exchange, f"{exchange.method} job {verb}".strip(), make())
        if isinstance(found, AzureJob) and exchange.method != "PATCH":
            self._same_job(found, exchange.answer)
            self.jobs[name] = found

    async def _put_job(self, client, exchange: Exchange, name: str, place: int) -> AzureJob:
        """A job whose input was stored without a signature of the service's."""
        document = exchange.document
        made = await client.jobs.register(new_job(document, b""), document["containerUri"], id=name)
        sent = json.loads(self.player.last("PUT", f"/jobs/{name}").content)
        assert told(sent) == told(document)
        return made

    async def _delete(self, client, exchange: Exchange, name: str) -> None:
        deletes = exchange.query.get("api-version", "")[:7] >= "2025-12"
        await (client.jobs.delete(name) if deletes else client.jobs.cancel(name))

    async def _update(self, client, exchange: Exchange, name: str) -> AzureJob:
        changes = {n: v for n, v in exchange.document.items() if n in {"name", "priority", "tags"}}
        updated = await client.jobs.update(name, **changes)
        assert json.loads(self.player.last("PATCH", f"/{name}").content) == exchange.document
        # Ours looks the job up afterwards, as the vendor's client does.
        end = f"/jobs/{name}".lower()
        looks = (e for e in self.exchanges if e.method == "GET" and e.path.lower().endswith(end))
        look = next((e for e in looks if not e.is_done), None)
        if look is not None:
            look.is_done = True
            self._same_job(updated, look.answer)
        return updated

    @staticmethod
    def _same_job(found: AzureJob, recorded: dict) -> None:
        assert (found.id, found.name) == (recorded["id"], recorded["name"])
        assert (found.status, found.target) == (recorded["status"], recorded["target"])
        assert found.provider_id == recorded["providerId"]
        metadata = recorded.get("metadata")
        if isinstance(metadata, dict):
            assert found.metadata == {
                n: v if isinstance(v, str) else str(v) for n, v in metadata.items()
            }
        assert found.session_id == recorded.get("sessionId")
        assert (found.input_params or {}) == (recorded.get("inputParams") or {})
        if error := recorded.get("errorData"):
            assert found.error_data is not None
            assert (found.error_data.code, found.error_data.message) == (
                error["code"],
                error["message"],
            )
        if cost := recorded.get("costEstimate"):
            assert found.cost_estimate is not None
            assert found.cost_estimate.estimated_total == cost["estimatedTotal"]
            assert len(found.cost_estimate.events) == len(cost.get("events") or [])
        for ours, theirs in (
            ("creation_time", "creationTime"),
            ("end_execution_time", "endExecutionTime"),
        ):
            assert (getattr(found, ours) is None) == (recorded.get(theirs) is None)

    # -- sessions

    async def _session(self, client, exchange: Exchange, name: str, verb: str, place: int) -> None:
        if (exchange.method, verb.lower()) == ("GET", "jobs"):
            filters, skip = filters_of(exchange.query), int(exchange.query.get("skip", 0))
            pages, most = self._pages(exchange)
            making = _first(lambda: client.sessions.jobs(name, filters, skip=skip), most)
            found = await self._outcome(exchange, "list session jobs", making)
            if found is not None:
                self._same_list(found, [item for page in pages for item in page.answer["value"]])
            return
        document = exchange.document or {}
        does = {
            ("GET", ""): lambda: client.sessions.get(name),
            ("POST", "close"): lambda: client.sessions.close(name),
            ("PUT", ""): lambda: client.sessions.open(
                document["target"],
                name=document["name"],
                provider=document["providerId"],
                on_failure=_POLICIES[document.get("jobFailurePolicy")],
                id=name,
            ),
        }
        make = does.get((exchange.method, verb))
        if make is None:
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")
        found = await self._outcome(exchange, f"{exchange.method} session {verb}".strip(), make())
        if found is None:
            return
        assert (found.id, found.status) == (exchange.answer["id"], exchange.answer["status"])
        assert found.job_failure_policy == exchange.answer["jobFailurePolicy"]
        if exchange.method == "PUT":
            sent = json.loads(self.player.last("PUT", f"/sessions/{name}").content)
            ignored = {"id"}
            recorded = {n: v for n, v in document.items() if v is not None and n not in ignored}
            assert sent == recorded

    # -- the storage

    async def _signature(self, client, exchange: Exchange, place: int) -> None:
        asked = exchange.document
        container, blob = asked["containerName"], asked.get("blobName")
        creation = None if blob else self._creation(container, place)
        if creation is not None:
            await self._create(client, exchange, *creation)
            return
        make = (
            client.storage.blob_url(container, blob)
            if blob
            else client.storage.container_url(container)
        )
        found = await self._outcome(exchange, "get a signature", make)
        if found is not None:
            assert found == exchange.answer["sasUri"]
            assert json.loads(self.player.last("POST", "/sasUri").content) == asked

    def _creation(self, container: str, place: int) -> tuple[Exchange, Exchange] | None:
        """The upload and the creation of the job that follow on a container's signature."""
        later = [e for e in self.exchanges[place + 1 :] if not e.is_done]
        for created in later:
            if created.method != "PUT" or "/jobs/" not in created.path or not created.is_service:
                continue
            document = created.document
            if f"/{container}" not in document["containerUri"].partition("?")[0]:
                continue
            path = document["inputDataUri"].partition("?")[0].partition(".windows.net")[2]
            path = path.removeprefix(":443")
            for upload in later:
                if upload.method == "PUT" and upload.is_storage and upload.path == path:
                    return upload, created
        return None

    async def _create(
        self, client, exchange: Exchange, upload: Exchange, created: Exchange
    ) -> None:
        job_id = created.path.rpartition("/")[2]
        for done in (upload, created):
            done.is_done = True
        make = client.jobs.create(new_job(created.document, upload.body), id=job_id)
        found = await self._outcome(created, "create a job", make)
        asked = json.loads(self.player.last("POST", "/sasUri").content)
        assert asked == exchange.document
        sent = self.player.last("PUT", upload.path)
        assert sent.content == upload.body
        assert sent.headers["x-ms-blob-type"] == "BlockBlob"
        wanted = told(json.loads(self.player.last("PUT", f"/jobs/{job_id}").content))
        assert wanted == told(created.document)
        if found is not None:
            self._same_job(found, created.answer)
            self.jobs[job_id] = found

    async def _storage(self, exchange: Exchange, place: int) -> None:
        if exchange.query.get("comp") == "list":
            await self._attachments(exchange)
            return
        if exchange.query.get("restype") == "container":
            # Clients before 2026 looked for the container and created it; the service does now.
            return
        container, _, blob = exchange.path.lstrip("/").partition("/")
        client = next(iter(self.clients.values()))
        if exchange.method == "PUT":
            make = client.storage.upload(
                exchange.url.partition("/" + blob)[0] + "?sig=x", blob, exchange.body, "text/plain"
            )
            await self._outcome(exchange, "upload", make)
        elif exchange.method == "GET":
            found = await self._outcome(exchange, "download", client.storage.read(exchange.url))
            if found is not None:
                assert found == exchange.content
                self.outputs[container.removeprefix("job-")] = found
        elif exchange.method != "HEAD":
            raise UnknownRequestError(f"{exchange.method} {exchange.url}")

    async def _attachments(self, exchange: Exchange) -> None:
        """The names of the blobs of a container."""
        client = next(iter(self.clients.values()))
        container = exchange.url.partition("?")[0] + "?sig=x"
        found = await self._outcome(exchange, "list blobs", client.storage.list(container))
        if found is not None and b"<NextMarker />" in exchange.content:
            assert found == re.findall(r"<Name>([^<]+)</Name>", exchange.content.decode())

    async def _outcome(self, exchange: Exchange, operation: str, making):
        """What an operation gives; where an error was recorded, it must be an error of ours."""
        self.operations.append(operation)
        if exchange.status < 400:
            return await making
        self.player.is_explaining = exchange.method != "GET"
        try:
            await making
        except QuantumAsyncError as error:
            assert _is_said(error, exchange), error
            return None
        finally:
            self.player.is_explaining = False
        raise AssertionError(f"{operation} did not fail although {exchange.status} was answered")


def _is_said(error: QuantumAsyncError, exchange: Exchange) -> bool:
    """Whether an error tells what the service said."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    texts = " ".join(str(cause) for cause in causes)
    if not exchange.content.startswith(b"{"):
        return str(exchange.status) in texts
    said = exchange.answer.get("error") or {}
    return str(said.get("message", ""))[:60] in texts


async def _first(listing, most: int | None) -> list:
    """The items of a list, as many as were recorded."""
    found: list = []
    if most == 0:
        return found
    async for item in listing():
        found.append(item)
        if len(found) == most:
            break
    return found


def _conditions(query: str) -> set[str]:
    return {" ".join(line.split()) for line in query.splitlines() if "| where" in line}


def uuid_of(text: str) -> bool:
    """Whether an id is one that a key of ours can be."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
