"""Routes of the blob store."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from quantum_async.sandbox.exchange import Refusal, Reply

if TYPE_CHECKING:
    from quantum_async.sandbox.azure.blobs import Blob, BlobStore, Container
    from quantum_async.sandbox.azure.desk import Desk
    from quantum_async.sandbox.exchange import Request

_XML = b"application/xml"
_BOM = b"\xef\xbb\xbf"


class BlobRoutes:
    """Answers what is asked of the storage.

    Args:
        desk: What every route needs.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def _store(self) -> BlobStore:
        return self._desk.blobs

    def get_container(self, request: Request) -> Reply:
        """GET or HEAD a container, or list its blobs."""
        self._store.check(request.query, request.now)
        container = self._store.container(request.ids[0])
        if request.query.get("comp") == ["list"]:
            self._desk.settle_container(container.name, request.now)
            return Reply(200, self._listing(container, request.base_url), _XML)
        return Reply(200, headers=self._stamps(request, '"0x1"'), media=_XML)

    def put_container(self, request: Request) -> Reply:
        """PUT a container."""
        self._store.check(request.query, request.now)
        name = request.ids[0]
        if name in self._store.containers:
            raise Refusal(409, "The specified container already exists.", "ContainerAlreadyExists")
        self._store.create(name)
        return Reply(201, headers=self._stamps(request, '"0x1"'), media=_XML)

    def put(self, request: Request) -> Reply:
        """PUT a blob, a block of one, or the list of its blocks."""
        query, now = request.query, request.now
        self._store.check(query, now)
        container, name = self._store.container(request.ids[0]), request.ids[1]
        if query.get("comp") == ["block"]:
            container.blocks[name, query["blockid"][0]] = request.body
            return Reply(201, headers=self._stamps(request, '"0x2"'), media=_XML)
        content = request.body
        if query.get("comp") == ["blocklist"]:
            content = _joined(container, name, request.body.decode("utf-8", "replace"))
        blob = self._store.blob(
            content,
            request.header("x-ms-blob-content-type") or "application/octet-stream",
            now,
            request.header("x-ms-blob-content-encoding"),
        )
        only_new = request.header("if-none-match") == "*"
        self._store.put(container, name, blob, only_new=only_new)
        return Reply(201, headers=self._stamps(request, blob.etag), media=_XML)

    def get(self, request: Request) -> Reply:
        """GET or HEAD a blob, or a part of it."""
        blob = self._found(request)
        wanted = request.header("x-ms-range") or request.header("range")
        headers = self._described(request, blob)
        if not wanted:
            return Reply(200, blob.content, blob.media.encode(), headers)
        start, end = _range(wanted, len(blob.content))
        shown = f"bytes {start}-{end}/{len(blob.content)}".encode()
        part = blob.content[start : end + 1]
        return Reply(206, part, blob.media.encode(), (*headers, (b"content-range", shown)))

    def delete(self, request: Request) -> Reply:
        """DELETE a blob."""
        self._found(request)
        del self._store.container(request.ids[0]).blobs[request.ids[1]]
        return Reply(202, headers=self._stamps(request, '"0x3"'), media=_XML)

    def _found(self, request: Request) -> Blob:
        self._store.check(request.query, request.now)
        container = self._store.container(request.ids[0])
        self._desk.settle_container(container.name, request.now)
        blob = container.blobs.get(request.ids[1])
        if blob is None:
            raise Refusal(404, "The specified blob does not exist.", "BlobNotFound")
        return blob

    def _described(self, request: Request, blob: Blob) -> tuple[tuple[bytes, bytes], ...]:
        headers = [
            *self._stamps(request, blob.etag),
            (b"accept-ranges", b"bytes"),
            (b"x-ms-blob-type", b"BlockBlob"),
            (b"x-ms-creation-time", self._date(blob.created)),
            (b"x-ms-lease-state", b"available"),
            (b"x-ms-lease-status", b"unlocked"),
            (b"x-ms-server-encrypted", b"true"),
        ]
        if blob.encoding:
            headers.append((b"content-encoding", blob.encoding.encode()))
        return tuple(headers)

    def _stamps(self, request: Request, etag: str) -> tuple[tuple[bytes, bytes], ...]:
        return (
            (b"etag", etag.encode()),
            (b"last-modified", self._date(request.now)),
            (b"x-ms-version", (request.header("x-ms-version") or "2025-01-05").encode()),
            (b"x-ms-request-id", f"storage-{request.now:.6f}".encode()),
        )

    def _date(self, moment: float) -> bytes:
        when = datetime.fromtimestamp(self._desk.clock.epoch(moment), UTC)
        return format_datetime(when, usegmt=True).encode()

    def _listing(self, container: Container, base_url: str) -> bytes:
        blobs = "".join(
            f"<Blob><Name>{escape(name)}</Name><Properties>"
            f"<Last-Modified>{self._date(blob.created).decode()}</Last-Modified>"
            f"<Etag>{escape(blob.etag)}</Etag><Content-Length>{len(blob.content)}</Content-Length>"
            f"<Content-Type>{escape(blob.media)}</Content-Type><BlobType>BlockBlob</BlobType>"
            "</Properties></Blob>"
            for name, blob in sorted(container.blobs.items())
        )
        return (
            '<?xml version="1.0" encoding="utf-8"?>'
            f'<EnumerationResults ServiceEndpoint="{escape(base_url)}/" '
            f'ContainerName="{escape(container.name)}"><Blobs>{blobs}</Blobs><NextMarker />'
            "</EnumerationResults>"
        ).encode()


def storage_refusal(refusal: Refusal) -> Reply:
    """Write a refusal as the storage does."""
    code = refusal.code or "InternalError"
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{code}</Code><Message>{escape(str(refusal.description))}</Message></Error>"
    )
    return Reply(refusal.status, _BOM + text.encode(), _XML, ((b"x-ms-error-code", code.encode()),))


def _range(text: str, length: int) -> tuple[int, int]:
    first, _, last = text.removeprefix("bytes=").partition("-")
    start = int(first or 0)
    if start >= length:
        raise Refusal(416, "The range specified is invalid for the blob.", "InvalidRange")
    return start, min(int(last) if last else length - 1, length - 1)


def _joined(container: Container, name: str, listing: str) -> bytes:
    parts = listing.replace("<", "\n<").replace(">", ">\n").splitlines()
    ids = [
        parts[place + 1].strip()
        for place, part in enumerate(parts)
        if part.strip() in {"<Latest>", "<Uncommitted>", "<Committed>"}
    ]
    missing = [block for block in ids if (name, block) not in container.blocks]
    if missing:
        raise Refusal(400, f"no block {missing[0]}", "InvalidBlockList")
    return b"".join(container.blocks.pop((name, block)) for block in ids)
