"""A blocking client behind the async contract, so that one suite runs over both."""

from __future__ import annotations

from functools import partial
from typing import Self

from anyio.to_thread import run_sync

from quantum_async.blocking._handle import ClientHandle
from quantum_async.providers.base import ProviderClient


class Awaiting(ProviderClient):
    """Awaits what a blocking client does on a worker thread.

    Args:
        client: The blocking client.
    """

    def __init__(self, client: ClientHandle) -> None:
        self._client = client
        self.name = client.name

    def __repr__(self) -> str:
        return repr(self._client)

    @property
    def capabilities(self):
        """As the client says."""
        return self._client.capabilities

    @property
    def is_open(self):
        """As the client says."""
        return self._client.is_open

    @classmethod
    def from_env(cls) -> Self:
        """Not for this one."""
        raise NotImplementedError

    def default_device(self, program):
        """As the client says."""
        return self._client.default_device(program)

    def grouping(self, job):
        """As the client says."""
        return self._client.grouping(job)

    def weigh(self, job):
        """As the client says."""
        return self._client.weigh(job)


def _awaited(name: str):
    async def method(self, *arguments, **keywords):
        return await run_sync(partial(getattr(self._client, name), *arguments, **keywords))

    method.__name__ = name
    return method


for _name in ProviderClient.__abstractmethods__ - {
    "capabilities",
    "is_open",
    "from_env",
    "default_device",
} | {"fetch_many", "open_batch", "close_batch", "cancel_batch", "find_batch"}:
    setattr(Awaiting, _name, _awaited(_name))
Awaiting.__abstractmethods__ = frozenset()
