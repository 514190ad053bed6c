"""Bodies of requests, and work of the processor that is kept off the loop."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlencode

import anyio.to_thread

from quantum_async.http.redact import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping


FORM = "application/x-www-form-urlencoded"
LARGE = 64 * 1024
"""Bytes above which compressing is worth its time, and is done in a worker thread."""

Compression = Literal["never", "large", "always"]
"""Whether a body is compressed: ``"large"`` compresses from 64 KiB on."""

_GZIP = 16 + zlib.MAX_WBITS
_BARE = -zlib.MAX_WBITS
_FAST = 1
_THOROUGH = 6
_REPETITIVE = 6.0


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body as it goes over the wire.

    Args:
        content: The bytes, compressed if `encoding` says so.
        media_type: What they are.
        encoding: ``"gzip"``, or `None` for plain bytes.
        secrets: What of it nobody may read, wherever it is quoted afterwards.
    """

    content: bytes = field(repr=False)
    media_type: str = "application/json"
    encoding: Literal["gzip"] | None = None
    secrets: tuple[Secret, ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """What the receiver must know to read the body."""
        headers = {"Content-Type": self.media_type}
        if self.encoding is not None:
            headers["Content-Encoding"] = self.encoding
        return headers


def form_body(fields: Mapping[str, str | Secret]) -> Body:
    """Encode fields as a form. Secrets among them are opened here and nowhere before.

    Args:
        fields: Names and values.
    """
    secrets = [value for value in fields.values() if isinstance(value, Secret)]
    who = fields.get("username") or fields.get("client_id")
    if isinstance(who, str):
        # Some services quote both of them as they would stand in a header.
        pairs = [f"{who}:{value.reveal()}".encode() for value in secrets]
        secrets += [Secret(base64.b64encode(pair).decode()) for pair in pairs]
    opened = {n: v.reveal() if isinstance(v, Secret) else v for n, v in fields.items()}
    return Body(urlencode(opened).encode(), FORM, secrets=tuple(secrets))


def json_bytes(value: object) -> bytes:
    """Encode a value as compact JSON in UTF-8.

    Args:
        value: Made of what JSON knows.

    Raises:
        ValueError: A number is infinite or not a number, which JSON cannot say.
        TypeError: A value is of another type.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


async def json_body(value: object, *, compression: Compression = "never") -> Body:
    """Encode a value as a JSON body.

    Encoding happens on the loop. A value with megabytes of text in it is better encoded once, and
    given to `body` or `CompressedPrefix` as bytes.

    Args:
        value: Made of what JSON knows.
        compression: Whether to compress.
    """
    return await body(json_bytes(value), compression=compression)


async def body(
    content: bytes, *, media_type: str = "application/json", compression: Compression = "large"
) -> Body:
    """Make a body of bytes, compressed in a worker thread where that is asked for.

    Args:
        content: The bytes.
        media_type: What they are.
        compression: Whether to compress.
    """
    if compression == "never" or (compression == "large" and len(content) < LARGE):
        return Body(content, media_type)
    return Body(await compressed(content), media_type, "gzip")


async def compressed(content: bytes) -> bytes:
    """Compress bytes as one gzip member, off the loop when they are many.

    Args:
        content: The bytes.
    """
    if len(content) < LARGE:
        return gzip_bytes(content)
    return await anyio.to_thread.run_sync(gzip_bytes, content)


def gzip_bytes(content: bytes) -> bytes:
    """Compress bytes as one gzip member, the same bytes at every call.

    The level is 1, which costs a fifth of level 6 and is 8 % larger on typical sequences; but 6
    where the beginning turns out so repetitive that the higher level costs no more time.

    Args:
        content: The bytes.
    """
    compressor = zlib.compressobj(_level_for(content), zlib.DEFLATED, _GZIP)
    return compressor.compress(content) + compressor.flush()


def _level_for(content: bytes) -> int:
    if len(content) < LARGE:
        return _THOROUGH
    start = content[:LARGE]
    ratio = len(start) / len(zlib.compress(start, _FAST))
    return _THOROUGH if ratio > _REPETITIVE else _FAST


class CompressedPrefix:
    """The beginning of many bodies, compressed once.

    A sweep sends the same sequence with every batch. Compressing it once and only the rest each
    time costs a hundredth. Whoever makes the object decides how many to keep.

    Args:
        prefix: What all the bodies begin with.

    ```python
    from quantum_async.http.encode import CompressedPrefix

    prefix = CompressedPrefix(b'{"sequence":"...","jobs":')
    first = prefix.finish(b'[{"runs":100}]}')
    second = prefix.finish(b'[{"runs":200}]}')
    ```
    """

    def __init__(self, prefix: bytes) -> None:
        compressor = zlib.compressobj(_level_for(prefix), zlib.DEFLATED, _GZIP)
        # Flushed, so that it ends with a whole byte and what follows can be compressed by itself:
        # a copy of the compressor would write its last block anew each time.
        self._start = compressor.compress(prefix) + compressor.flush(zlib.Z_SYNC_FLUSH)
        self._checksum = zlib.crc32(prefix)
        self._size = len(prefix)

    @classmethod
    async def make(cls, prefix: bytes) -> CompressedPrefix:
        """Compress a prefix, off the loop when it is long."""
        if len(prefix) < LARGE:
            return cls(prefix)
        return await anyio.to_thread.run_sync(cls, prefix)

    def finish(self, suffix: bytes) -> bytes:
        """Return one gzip member that holds the prefix and a suffix.

        Args:
            suffix: The rest of this body; short, for it is compressed on the calling thread.
        """
        rest = zlib.compressobj(_FAST, zlib.DEFLATED, _BARE)
        checksum = zlib.crc32(suffix, self._checksum)
        # A gzip member ends with the checksum and, modulo 2**32, the length of all that it holds.
        end = struct.pack("<LL", checksum, (self._size + len(suffix)) & 0xFFFFFFFF)
        return b"".join((self._start, rest.compress(suffix), rest.flush(), end))


Text = TypeVar("Text", bound=Sized)
Value = TypeVar("Value")


async def off_loop(work: Callable[[Text], Value], text: Text) -> Value:
    """Do something with a text, in a worker thread where it is long.

    Args:
        work: What to do; a thread costs more than a short text does.
        text: Bytes or characters.
    """
    if len(text) < LARGE:
        return work(text)
    return await anyio.to_thread.run_sync(work, text)
