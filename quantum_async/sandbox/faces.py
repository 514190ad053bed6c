"""Faces: the protocol that each service speaks on top of the shared world."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.exchange import Refusal, Reply, Request
    from quantum_async.sandbox.routing import RouteTable
    from quantum_async.sandbox.world import World

OFFSETS = {"pasqal": 0, "azure": 1, "iqm": 2, "qoro": 3}
"""Which port after the first each provider listens on."""

CONTROL_OFFSET = 9
"""Which port after the first the control plane listens on."""


class Face(Protocol):
    """One provider's protocol."""

    name: str
    """Registry name of the provider."""

    routes: RouteTable
    """What it answers."""

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as this provider's error body.

        Args:
            request: The request; its route is made up where none matched.
            refusal: What is wrong.
        """
        ...

    def authenticate(self, request: Request) -> None:
        """Check the credentials of a request to a route that needs them.

        Raises:
            Refusal: They are missing or no longer good.
        """

    def revoke(self, request: Request) -> None:
        """Refuse the credentials of this request from now on."""

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client at this service.

        Args:
            base_url: Where it listens, without a slash at the end.
        """
        ...

    def batches_open(self, now: float) -> int:
        """Count batches or sessions that still take jobs."""
        ...

    def configure(self) -> None:
        """Read the settings again.

        Raises:
            ValueError: This provider's options are wrong.
        """

    def reset(self) -> None:
        """Forget everything and read the settings again."""


def load_face(name: str, world: World) -> Face:
    """Build a provider's face: ``sandbox/<provider>/face.py`` has a function ``face(world)``.

    Args:
        name: Registry name of the provider.
        world: The world it shows.
    """
    module = import_module(f"{__package__}.{name}.face")
    face: Face = module.face(world)
    return face
