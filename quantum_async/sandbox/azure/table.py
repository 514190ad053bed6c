"""Routes of the service: segments without regard to capitals, verbs after a colon."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quantum_async.sandbox.routing import RouteTable

if TYPE_CHECKING:
    from quantum_async.sandbox.routing import Route

_VARIABLE = re.compile(r"\{(id|rest)\}")
_SHAPES = {"id": r"([^/:]+)", "rest": r"(.+)"}


class AzureTable(RouteTable):
    """All routes of the service; the first that matches answers."""

    def __init__(self, routes: list[Route]) -> None:
        self._shapes: list[tuple[re.Pattern[str], dict[str, Route]]] = []
        super().__init__(routes)

    def find(self, method: str, path: str) -> tuple[Route | None, list[str], bool]:
        """Find the route of a request.

        Returns:
            The route, what stands in its places, and whether the path exists at all.
        """
        for shape, routes in self._shapes:
            match = shape.fullmatch(path)
            if match is not None:
                return routes.get(method), list(match.groups()), True
        return None, [], False

    def _insert(self, route: Route) -> None:
        parts = _VARIABLE.split(route.pattern)
        text = "".join(
            _SHAPES[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)
        )
        if route.pattern.startswith("/{id}"):
            # What begins like this is no container.
            text = "(?!/subscriptions/|/providers/)" + text
        for shape, routes in self._shapes:
            if shape.pattern == text:
                routes[route.method] = route
                return
        self._shapes.append((re.compile(text, re.IGNORECASE), {route.method: route}))
