"""What every service is made of: requests and replies, routes, the protocol."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import parse_qs

import pydantic_core

from quantum_async.sandbox.world import Latest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pydantic import JsonValue

    from quantum_async.sandbox.faults import Effects
    from quantum_async.sandbox.world import Clock, Realm, World


class Refusal(Exception):  # noqa: N818  an answer, not an error of ours
    """The service says no.

    Args:
        status: HTTP status.
        description: Why; a service wraps it into its provider's error body.
        code: The provider's own error code, where it has such.
    """

    def __init__(self, status: int, description: JsonValue, code: str = "") -> None:
        super().__init__(str(description))
        self.status = status
        self.description = description
        self.code = code


@dataclass(slots=True)
class Request:
    """A request that has arrived completely.

    Args:
        route: The route it matched.
        ids: What stands in the route's places, in order.
        path: The path as it was sent, decoded.
        raw_query: The query string.
        raw_headers: Header names in lower case, and values.
        body: The body as it was sent.
        now: World time at which the state is read.
        effects: The faults that strike it.
        base_url: How the client addressed this service, without a slash at the end.
    """

    route: Route
    ids: Sequence[str]
    path: str
    raw_query: bytes
    raw_headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    now: float
    effects: Effects
    base_url: str

    def header(self, name: str) -> str:
        """Look a header up; empty where it is missing."""
        wanted = name.lower().encode()
        for key, value in self.raw_headers:
            if key == wanted:
                return value.decode("latin-1")
        return ""

    @property
    def bearer(self) -> str:
        """The bearer token; empty where there is none."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The query's values by name."""
        return parse_qs(self.raw_query.decode(), keep_blank_values=True) if self.raw_query else {}

    @property
    def content(self) -> bytes:
        """The body, decompressed.

        Raises:
            Refusal: It cannot be decompressed.
        """
        coding = self.header("content-encoding").lower()
        if not self.body or coding in {"", "identity"}:
            return self.body
        try:
            if coding == "gzip":
                return gzip.decompress(self.body)
            if coding == "deflate":
                return zlib.decompress(self.body)
        except (OSError, EOFError, zlib.error) as error:
            raise Refusal(400, f"the body is not {coding}: {error}") from error
        raise Refusal(415, f"unknown content encoding {coding!r}")

    def json(self) -> JsonValue:
        """Read the body as JSON; bare ``Infinity`` and ``NaN`` are taken.

        Raises:
            Refusal: It is not JSON.
        """
        try:
            document: JsonValue = pydantic_core.from_json(self.content)
        except ValueError as error:
            raise Refusal(400, f"the body is not JSON: {error}") from error
        return document

    def json_object(self) -> dict[str, JsonValue]:
        """Read the body as a JSON object.

        Raises:
            Refusal: It is something else.
        """
        document = self.json()
        if not isinstance(document, dict):
            raise Refusal(422, "the body is not an object")
        return document

    def form(self) -> Mapping[str, str]:
        """Read the body as a form, or as a JSON object of words."""
        if "json" in self.header("content-type"):
            return {key: str(value) for key, value in self.json_object().items()}
        fields = parse_qs(self.content.decode("utf-8", "replace"), keep_blank_values=True)
        return {key: values[-1] for key, values in fields.items()}


@dataclass(slots=True)
class Reply:
    """An answer.

    Args:
        status: HTTP status.
        body: Its content.
        media: Content type.
        headers: Further headers, names in lower case.
    """

    status: int = 200
    body: bytes = b""
    media: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def of_json(
        cls,
        document: object,
        status: int = 200,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> Reply:
        """Write a document of plain Python values as JSON."""
        return cls(
            status, pydantic_core.to_json(document, inf_nan_mode="constants"), headers=headers
        )


def html_page(status: int) -> Reply:
    """Write the error page of a proxy in front of a service."""
    text = f"<html><head><title>{status}</title></head><body><h1>{status} Proxy</h1></body></html>"
    return Reply(status, text.encode(), b"text/html; charset=utf-8")


if TYPE_CHECKING:
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


_Handler = TypeVar("_Handler", bound="Callable[..., object]")


def route(
    method: str, *patterns: str, needs_token: bool = True, submits: bool = False
) -> Callable[[_Handler], _Handler]:
    """Say of a method which requests it answers; `routes_of` finds it.

    Args:
        method: HTTP method.
        patterns: Paths, as `Route` has them.
        needs_token: Whether the service checks credentials here.
        submits: Whether it creates jobs or batches.
    """

    def marked(handler: _Handler) -> _Handler:
        found: list[tuple[str, str, bool, bool]] = handler.__dict__.setdefault("routes", [])
        found += [(method, pattern, needs_token, submits) for pattern in patterns]
        return handler

    return marked


def routes_of(*owners: object, prefix: str = "") -> list[Route]:
    """List the routes that methods of some objects answer.

    Args:
        owners: The objects.
        prefix: Where their paths begin.
    """
    return [
        Route(method, prefix + pattern, getattr(owner, name), needs_token, submits)
        for owner in owners
        for name, function in vars(type(owner)).items()
        for method, pattern, needs_token, submits in getattr(function, "routes", ())
    ]


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    rest: dict[str, Route] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """All routes of a service."""

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


class Service(ABC):
    """One provider's protocol, and what it keeps.

    Args:
        world: The world it shows.
    """

    name: ClassVar[str]
    """Registry name of the provider."""

    routes: RouteTable
    """What it answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.realm: Realm = world.realm(self.name)
        self.revoked: Latest[str, None] = Latest()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    @property
    def given_options(self) -> Mapping[str, JsonValue]:
        """What was set for this service alone."""
        return self.world.settings.options.get(self.name, {})

    @abstractmethod
    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal as this provider's error body.

        Args:
            request: The request; its route is made up where none matched.
            refusal: What is wrong.
        """

    @abstractmethod
    def authenticate(self, request: Request) -> None:
        """Check the credentials of a request to a route that needs them.

        Raises:
            Refusal: They are missing or no longer good.
        """

    def revoke(self, request: Request) -> None:
        """Refuse the bearer token of this request from now on."""
        self.revoked[request.bearer] = None

    @abstractmethod
    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client at this service.

        Args:
            base_url: Where it listens, without a slash at the end.
        """

    def batches_open(self, now: float) -> int:
        """Count batches or sessions that still take jobs."""
        return 0

    @abstractmethod
    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """

    def reset(self) -> None:
        """Forget everything and read the options again."""
        self.revoked.clear()
        self.configure()


class Routes:
    """Methods that answer requests to a service.

    Args:
        service: What every one of them needs; a subclass says which it is.
    """

    def __init__(self, service: Any) -> None:
        self._service = service


def load_service(name: str, world: World) -> Service:
    """Build a provider's service: ``sandbox/<provider>/service.py`` names its class ``SERVICE``.

    Args:
        name: Registry name of the provider.
        world: The world it shows.
    """
    kind: type[Service] = import_module(f"{__package__}.{name}.service").SERVICE
    return kind(world)
