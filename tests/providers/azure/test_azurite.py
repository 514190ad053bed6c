"""Storage against Azurite, Microsoft's emulator of Azure Storage; `nox -s azurite` brings it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
)

from quantum_async.errors import DuplicateSubmissionError, NotFoundError
from quantum_async.http.options import SessionOptions
from quantum_async.http.response import Response
from quantum_async.http.retry import RetryPolicy
from quantum_async.http.session import Session
from quantum_async.providers.azure.storage import Storage, container_name, unsigned

pytestmark = [
    pytest.mark.azurite,
]

ACCOUNT = "devstoreaccount1"
# The emulator's own key, the same in every installation.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """Azurite on a free port of this machine; its address."""
    command = shutil.which("azurite-blob")
    if command is None:
        pytest.skip("azurite-blob is not installed: nox -s azurite brings it where npm is")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    flags = [
        "--silent",
        "--skipApiVersionCheck",
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        str(port),
    ]
    with subprocess.Popen(
        [command, *flags, "--location", str(folder)], stdout=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            process.terminate()
            process.wait(20)


def wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("Azurite ended at once")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("Azurite does not listen")


class Service:
    """As much of the data plane as hands out signed addresses of the emulator."""

    def __init__(self, base: str, session: Session) -> None:
        self.base = base
        self.storage = session
        self.lifetime = timedelta(hours=1)
        self.asked: list[dict] = []

    async def read(self, path: str, *, body, **_) -> Response:
        assert path == "/storage/sasUri"
        asked = json.loads(body.content)
        self.asked.append(asked)
        address = "/".join([self.base, *map(quote, asked.values())])
        signature = self.sign(**asked)
        content = json.dumps({"sasUri": f"{address}?{signature}"}).encode()
        return Response(200, {}, content)

    def sign(self, containerName: str, blobName: str = "") -> str:  # noqa: N803  as on the wire
        now = datetime.now(UTC)
        if not blobName:
            return generate_account_sas(
                ACCOUNT,
                KEY,
                ResourceTypes(container=True, object=True),
                AccountSasPermissions(read=True, write=True, list=True, add=True, create=True),
                now + self.lifetime,
                now - timedelta(minutes=5),
            )
        return generate_blob_sas(
            ACCOUNT,
            containerName,
            blobName,
            account_key=KEY,
            permission=BlobSasPermissions(read=True, create=True, write=True),
            expiry=now + self.lifetime,
            start=now - timedelta(minutes=5),
        )


@pytest.fixture
async def service(emulator):
    """The service, with an open session."""
    options = SessionOptions(retry=RetryPolicy(first=0.01))
    async with Session(emulator, provider="azure", options=options) as session:
        yield Service(emulator, session)


@pytest.fixture
def storage(service):
    """Our storage on top of it."""
    return Storage(service)


@pytest.fixture
async def container(storage):
    """A new container's signed address; the emulator does not create it."""
    return await storage.container_url(f"job-{uuid.uuid4()}")


async def test_an_upload_creates_what_is_missing_and_comes_back(storage, container):
    """Container, blob, download."""
    assert await storage.upload(container, "inputData", b"{}", "application/json")
    blob = f"{unsigned(container)}/inputData"
    assert await storage.download(container, blob) == b"{}"
    assert container_name(container).startswith("job-")


async def test_a_repeated_upload_is_known_by_its_content(storage, container):
    """`If-None-Match` conflicts mean "already there" only where the content matches."""
    assert await storage.upload(container, "inputData", b"one", "text/plain")
    assert not await storage.upload(container, "inputData", b"one", "text/plain")
    with pytest.raises(DuplicateSubmissionError):
        await storage.upload(container, "inputData", b"two", "text/plain")
    await storage.replace(container, "inputData", b"two", "text/plain")
    assert not await storage.upload(container, "inputData", b"two", "text/plain")


async def test_what_is_compressed_is_unpacked(storage, container):
    """Stored as gzip and said so."""
    content = b"abc" * 100_000
    assert await storage.upload(container, "inputData", content, "text/plain", "gzip")
    assert not await storage.upload(container, "inputData", content, "text/plain", "gzip")
    assert await storage.download(container, f"{unsigned(container)}/inputData") == content


async def test_an_expired_signature_is_replaced(storage, service, container):
    """Before it is used, where it says so itself; after it was refused, where a clock is wrong."""
    await storage.upload(container, "a blob", b"x", "text/plain")
    service.lifetime = timedelta(seconds=-60)
    old = await storage.blob_url(container_name(container), "a blob")
    service.lifetime = timedelta(hours=1)
    asked = len(service.asked)
    assert await storage.download(container, old) == b"x"
    assert len(service.asked) == asked + 1
    yesterday = Storage(service, clock=lambda: time.time() - 86400)
    assert await yesterday.download(container, old) == b"x"
    assert len(service.asked) == asked + 2


async def test_blobs_are_listed_and_read_in_pieces(storage, container):
    """Names with slashes and blanks; a large one piece by piece."""
    large = bytes(range(256)) * 4096
    for name in ("b/c", "a d", "inputData"):
        await storage.upload(container, name, large, "application/octet-stream")
    assert sorted(await storage.list(container)) == ["a d", "b/c", "inputData"]
    async with storage.stream(container, f"{unsigned(container)}/b/c") as download:
        assert b"".join([chunk async for chunk in download.chunks()]) == large


async def test_what_is_not_there_is_not_found(storage, container):
    """A typed error."""
    await storage.upload(container, "inputData", b"x", "text/plain")
    with pytest.raises(NotFoundError):
        await storage.download(container, f"{unsigned(container)}/nothing")
