"""Routes of a face, found by a walk along the path's segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from quantum_async.sandbox.exchange import Reply, Request

    Handler = Callable[[Request], Reply | Awaitable[Reply]]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """What answers a method on a path.

    Args:
        method: HTTP method.
        pattern: The path, each variable segment written ``{id}``; a last segment ``{rest}``
            takes everything that follows.
        handler: A function or coroutine function from request to reply.
        needs_token: Whether the service checks credentials here.
        submits: Whether it creates jobs or batches.
    """

    method: str
    pattern: str
    handler: Handler
    needs_token: bool = True
    submits: bool = False

    @property
    def label(self) -> str:
        """How `/stats` names it."""
        return f"{self.method} {self.pattern}"


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    rest: dict[str, Route] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """All routes of a face."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes: tuple[Route, ...] = tuple(routes)
        self._root = _Node()
        for route in routes:
            self._insert(route)

    def find(self, method: str, path: str) -> tuple[Route | None, list[str], bool]:
        """Find the route of a request.

        Returns:
            The route, what stands in its places, and whether the path exists at all.
        """
        node, ids, segments = self._root, [], path.split("/")[1:]
        for place, segment in enumerate(segments):
            following = node.fixed.get(segment)
            if following is None:
                if node.rest:
                    ids.append("/".join(segments[place:]))
                    return node.rest.get(method), ids, True
                if node.variable is None or not segment:
                    return None, ids, False
                following = node.variable
                ids.append(segment)
            node = following
        return node.routes.get(method), ids, bool(node.routes)

    def _insert(self, route: Route) -> None:
        node = self._root
        for segment in route.pattern.split("/")[1:]:
            if segment == "{rest}":
                node.rest[route.method] = route
                return
            if segment == "{id}":
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.fixed.setdefault(segment, _Node())
        node.routes[route.method] = route
