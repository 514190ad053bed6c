"""Storage: containers, blobs and the signed addresses that lead to them."""

from __future__ import annotations

import gzip
import time
import xml.etree.ElementTree as ET
import zlib
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, quote, unquote

from quantum_async.errors import (
    AuthenticationError,
    ConflictError,
    DuplicateSubmissionError,
    NotFoundError,
    ProtocolError,
    QuantumAsyncError,
    RateLimitedError,
    RejectedRequestError,
)
from quantum_async.http.encode import Body, compressed, json_body, off_loop
from quantum_async.http.redact import beginning
from quantum_async.providers.azure.api import parse
from quantum_async.providers.azure.wire import SasAnswer

if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncGenerator, Callable

    from quantum_async.http.response import Download, Response
    from quantum_async.providers.azure.api import Gateway


MARGIN = 300.0
"""Seconds before its end at which a signature is not used any more."""


def unsigned(url: str) -> str:
    """Leave a signature out."""
    return url.partition("?")[0]


def blob_of(container_url: str, name: str) -> str:
    """Return a blob's address, signed as its container's is.

    Args:
        container_url: The container.
        name: The blob; slashes in it stay.
    """
    address, mark, query = container_url.partition("?")
    return f"{address.rstrip('/')}/{quote(name, safe='/')}{mark}{query}"


def with_query(url: str, query: str) -> str:
    """Put parameters before a signature."""
    address, _, signature = url.partition("?")
    return f"{address}?{query}&{signature}" if signature else f"{address}?{query}"


def container_name(container_url: str) -> str:
    """Name a container: the last part of its address, wherever the account is named."""
    return unquote(_path(container_url).rstrip("/").rpartition("/")[2])


def blob_name(container_url: str, blob_url: str) -> str:
    """Name a blob of a container.

    Args:
        container_url: The container.
        blob_url: The blob.
    """
    container = _path(container_url).rstrip("/")
    path = _path(blob_url)
    if path.startswith(container + "/"):
        return unquote(path[len(container) + 1 :])
    # Another container than the job's own: the account is then named by the host.
    return unquote(path.lstrip("/").partition("/")[2])


def expiry(url: str) -> float | None:
    """Say when a signature ends, in seconds since the epoch; ``None`` where it does not say."""
    values = parse_qs(url.partition("#")[0].partition("?")[2]).get("se")
    if not values:
        return None
    try:
        moment = datetime.fromisoformat(values[0])
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _path(url: str) -> str:
    # Nothing that cannot be read fails here: whoever follows an address refuses it.
    _, slash, path = unsigned(url).partition("#")[0].partition("://")[2].partition("/")
    return slash + path


def is_good(url: str, now: float) -> bool:
    """Say whether an address is signed, for long enough to be used.

    Args:
        url: The address.
        now: Wall-clock time in seconds since the epoch.
    """
    end = expiry(url)
    return end is not None and end - now >= MARGIN


Encoding = Literal["gzip"]

_VERSION = "2021-12-02"
_GZIP = b"\x1f\x8b"


class Storage:
    """The containers of a workspace's jobs: `AzureClient.storage`.

    Signed addresses are renewed before they expire, and once more where the storage refuses one.

    Args:
        gateway: The workspace.
        clock: Wall clock in seconds since the epoch.
    """

    def __init__(self, gateway: Gateway, clock: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._clock = clock

    async def container_url(self, container: str) -> str:
        """Return the signed address of a container; the service creates one that is missing.

        Args:
            container: Its name.
        """
        return await self._signed({"containerName": container}, container)

    async def blob_url(self, container: str, blob: str) -> str:
        """Return the signed address of a blob.

        Args:
            container: The container's name.
            blob: The blob's name.
        """
        return await self._signed({"containerName": container, "blobName": blob}, container)

    async def upload(
        self,
        container_url: str,
        name: str,
        content: bytes,
        media_type: str,
        encoding: Encoding | None = None,
    ) -> bool:
        """Put a blob where there is none; repeated if it fails.

        Args:
            container_url: The signed address of the container.
            name: The blob's name.
            content: What to store.
            media_type: What that is.
            encoding: ``"gzip"`` compresses it and says so.

        Returns:
            Whether the blob is new: one that is there already with the same content will do.

        Raises:
            DuplicateSubmissionError: There is one with another content.
        """
        packed = await compressed(content) if encoding == "gzip" else content
        url = blob_of(container_url, name)
        try:
            try:
                await self._put(url, packed, media_type, encoding)
            except NotFoundError:
                # Services before 2026 leave creating the container to whoever needs it.
                await self._create_container(container_url)
                await self._put(url, packed, media_type, encoding)
        except ConflictError as error:
            if await self.read(url) != content:
                raise DuplicateSubmissionError(
                    f"{container_name(container_url)} holds another {name} already",
                    provider="azure",
                    request_id=error.request_id,
                    remedy="One key belongs to one payload: submit the new one under another.",
                ) from error
            return False
        return True

    async def replace(self, container_url: str, name: str, content: bytes, media_type: str) -> None:
        """Put a blob, whether or not there is one; repeated if it fails."""
        headers = _headers(media_type, None)
        body = Body(content, "application/octet-stream")
        await self._gateway.storage.upload_url(blob_of(container_url, name), body, headers=headers)

    async def download(self, container_url: str, blob_url: str) -> bytes:
        """Read a blob of a job, and unpack it where it is packed.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.
        """
        signed = await self.fresh(container_url, blob_url)
        try:
            return await self.read(signed)
        except QuantumAsyncError as error:
            if not _is_over(error):
                raise
        return await self.read(await self._renewed(container_url, blob_url))

    @asynccontextmanager
    async def stream(self, container_url: str, blob_url: str) -> AsyncGenerator[Download]:
        """Read a blob piece by piece, as it is stored.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.
        """
        signed = await self.fresh(container_url, blob_url)
        async with AsyncExitStack() as stack:
            try:
                download = await stack.enter_async_context(self._gateway.storage.stream_url(signed))
            except QuantumAsyncError as error:
                if not _is_over(error):
                    raise
                again = await self._renewed(container_url, blob_url)
                download = await stack.enter_async_context(self._gateway.storage.stream_url(again))
            yield download

    async def list(self, container_url: str) -> list[str]:
        """Name the blobs of a container.

        Args:
            container_url: Its signed address.
        """
        try:
            return await self._listed(container_url)
        except QuantumAsyncError as error:
            if not _is_over(error):
                raise
        return await self._listed(await self.container_url(container_name(container_url)))

    async def fresh(self, container_url: str, blob_url: str) -> str:
        """Return a signed address of a blob that can be used for a while.

        Args:
            container_url: The job's container.
            blob_url: The blob, signed or not.
        """
        if is_good(blob_url, self._clock()):
            return blob_url
        return await self._renewed(container_url, blob_url)

    async def read(self, url: str) -> bytes:
        """Read what a signed address leads to, and unpack it where it is packed."""
        response = await self._gateway.storage.fetch_url(url)
        if not response.content.startswith(_GZIP):
            return response.content
        return await off_loop(_unpacked, response.content)

    async def _listed(self, container_url: str) -> builtins.list[str]:
        names: list[str] = []
        marker = ""
        while True:
            query = "restype=container&comp=list" + (f"&marker={quote(marker)}" if marker else "")
            found = _listing(
                await self._gateway.storage.fetch_url(with_query(container_url, query))
            )
            names += [blob.text or "" for blob in found.findall("./Blobs/Blob/Name")]
            before, marker = marker, found.findtext("./NextMarker") or ""
            if not marker:
                return names
            if marker == before:
                raise ProtocolError(
                    "the storage's list does not go on", provider="azure", remedy="Ask again later."
                )

    async def _put(self, url: str, content: bytes, media: str, encoding: Encoding | None) -> None:
        headers = {**_headers(media, encoding), "If-None-Match": "*"}
        body = Body(content, "application/octet-stream")
        await self._gateway.storage.upload_url(url, body, headers=headers)

    async def _create_container(self, container_url: str) -> None:
        url = with_query(container_url, "restype=container")
        try:
            await self._gateway.storage.upload_url(
                url, Body(b"", "application/octet-stream"), headers={"x-ms-version": _VERSION}
            )
        except ConflictError:
            return

    async def _renewed(self, container_url: str, blob_url: str) -> str:
        name = blob_name(container_url, blob_url)
        if not unsigned(blob_url) or not name:
            raise ProtocolError(
                "the service names no blob",
                provider="azure",
                accepted="yes",
                remedy="The job may have written nothing: look at its error_data.",
            )
        return await self.blob_url(container_name(container_url), name)

    async def _signed(self, asked: dict[str, str], container: str) -> str:
        response = await self._gateway.read(
            "/storage/sasUri",
            wanted=f"get a signed address for {container}",
            method="POST",
            body=await json_body(asked),
        )
        return parse(SasAnswer, response).sas_uri


def _is_over(error: QuantumAsyncError) -> bool:
    """Say whether an address may have been refused because its signature has ended.

    It ends by the storage's clock, not by ours.
    """
    refused = isinstance(error, AuthenticationError | RejectedRequestError)
    return refused and not isinstance(error, RateLimitedError | NotFoundError)


def _headers(media_type: str, encoding: Encoding | None) -> dict[str, str]:
    headers = {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-blob-content-type": media_type,
        "x-ms-version": _VERSION,
    }
    if encoding is not None:
        headers["x-ms-blob-content-encoding"] = encoding
    return headers


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ProtocolError(
            f"what is stored is damaged: {error}",
            provider="azure",
            accepted="yes",
            remedy="Download it again; it stays in the storage.",
        ) from error


def _listing(response: Response) -> ET.Element:
    with response.decoding("the storage's list", provider="azure"):
        try:
            return ET.fromstring(response.text.lstrip("\ufeff"))  # noqa: S314  the account's own
        except ET.ParseError as error:
            raise ProtocolError(
                f"the storage's list is not XML; it begins with {beginning(response.content)!r}",
                status=response.status,
                provider="azure",
                request_id=response.request_id,
                body=response.excerpt,
                remedy="A gateway or proxy may have answered instead of the storage.",
            ) from error
