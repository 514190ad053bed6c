"""The blob store: containers, blobs, blocks and signed addresses."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from quantum_async.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.azure.options import AzureOptions
    from quantum_async.sandbox.clock import Clock

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
