"""Where Pasqal Cloud listens, and what the environment says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar, Literal, Self, TypeAlias, get_args

from pydantic import AliasChoices, Field, SecretStr

from quantum_async.errors import ConfigurationError
from quantum_async.http.address import segment
from quantum_async.providers.environment import Settings

Region: TypeAlias = Literal["fr", "sa"]
"""Where the service stands: France or Saudi Arabia."""

Environment: TypeAlias = Literal["prod", "preprod", "dev"]
"""Which of the service's installations; ``"dev"`` exists in France alone."""

PASSWORD_REALM = "http://auth0.com/oauth/grant-type/password-realm"  # noqa: S105  a grant's name
"""Auth0's name for logging in with a user name and a password."""

_OVH_PREFIX = "/api/v1/third-party-access/ovh"


class Route(Enum):
    """A route of the service: its method and its path, ``{}`` standing for an id."""

    CREATE_BATCH = ("POST", "/api/v1/batches")
    LIST_BATCHES = ("GET", "/api/v1/batches")
    GET_BATCH = ("GET", "/api/v2/batches/{}")
    BATCH_STATUS = ("GET", "/api/v1/batches/{}/status")
    CLOSE_BATCH = ("PATCH", "/api/v2/batches/{}/complete")
    CANCEL_BATCH = ("PATCH", "/api/v2/batches/{}/cancel")
    CANCEL_BATCHES = ("PATCH", "/api/v1/batches/cancel")
    REBATCH = ("POST", "/api/v1/batches/{}/rebatch")
    ADD_JOBS = ("POST", "/api/v2/batches/{}/jobs")
    SET_TAGS = ("PATCH", "/api/v1/batches/{}/tags")
    CANCEL_JOBS = ("PATCH", "/api/v2/batches/{}/cancel/jobs")
    FULL_RESULTS = ("GET", "/api/v1/batches/{}/full_results")
    LIST_JOBS = ("GET", "/api/v2/jobs")
    GET_JOB = ("GET", "/api/v2/jobs/{}")
    JOB_STATUS = ("GET", "/api/v1/jobs/{}/status")
    CANCEL_JOB = ("PATCH", "/api/v2/jobs/{}/cancel")
    RESULTS_LINK = ("GET", "/api/v1/jobs/{}/results_link")
    CREATE_WORKLOAD = ("POST", "/api/v1/workloads")
    GET_WORKLOAD = ("GET", "/api/v2/workloads/{}")
    CANCEL_WORKLOAD = ("PUT", "/api/v1/workloads/{}/cancel")
    SPECS = ("GET", "/api/v1/devices/specs")
    PUBLIC_SPECS = ("GET", "/api/v1/devices/public-specs")
    LIST_DEVICES = ("GET", "/api/v2/devices")
    LIST_PROJECTS = ("GET", "/api/v1/projects")

    def __init__(self, method: str, template: str) -> None:
        # Each request asks for these, and an enumeration is slow to look its value up.
        self.method: str = method
        """The HTTP method."""
        self.template: str = template
        """The path."""
        self.title: str = self.name.lower().replace("_", " ")
        """What people call it."""
        self.is_about_a_job: bool = "/jobs/{}" in template
        """Whether the id in its path is a job's."""


# OVH's access has version 1 of a few routes under a prefix, and one more as it is.
_OVH_PATHS = {
    Route.CREATE_BATCH: "/batches",
    Route.GET_BATCH: "/batches/{}",
    Route.BATCH_STATUS: "/batches/{}/status",
    Route.LIST_JOBS: "/jobs",
    Route.RESULTS_LINK: "/jobs/{}/results_link",
    Route.JOB_STATUS: "/jobs/{}/status",
}


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Where and how tokens are asked for.

    Args:
        url: The token endpoint.
        client_id: The public id of programs that log users in.
        audience: What the token is for.
        realm: Which directory of users.
        grant_type: How a user name and a password are exchanged for a token.
    """

    url: str
    client_id: str
    audience: str
    realm: str = "pcs-users"
    grant_type: str = PASSWORD_REALM


@dataclass(frozen=True, slots=True)
class PasqalEndpoints:
    """The addresses of one installation of Pasqal Cloud.

    | call                                 | meaning                                        |
    |--------------------------------------|------------------------------------------------|
    | `PasqalEndpoints.from_region()`      | production in France                           |
    | `PasqalEndpoints.from_region("sa")`  | production in Saudi Arabia                     |
    | `PasqalEndpoints.from_region("fr", "preprod")` | another environment                  |
    | `PasqalEndpoints.ovh()`              | production in France by way of OVH             |

    Args:
        core: Base URL for batches, jobs, workloads and devices.
        account: Base URL for projects.
        token: Where tokens come from; the credentials follow it, not the region.
        is_ovh: Whether only OVH's part of the service is there.

    Example:
        ```python
        from quantum_async.providers.pasqal.endpoints import PasqalEndpoints

        assert PasqalEndpoints.from_region("sa").core == "https://apis.sa.pasqal.cloud/core-fast"
        ```
    """

    core: str
    account: str
    token: TokenEndpoint
    is_ovh: bool = False

    @classmethod
    def from_region(cls, region: Region = "fr", environment: Environment = "prod") -> Self:
        """Return the addresses of a region's installation.

        Args:
            region: ``"fr"`` or ``"sa"``.
            environment: ``"prod"``, ``"preprod"`` or ``"dev"``.

        Raises:
            ConfigurationError: There is no such installation.
        """
        if region not in get_args(Region) or environment not in get_args(Environment):
            raise _no_installation(region, environment)
        if region == "sa" and environment == "dev":
            raise _no_installation(region, environment)
        host = _HOSTS[environment].format("sa." if region == "sa" else "")
        token = _auth0(environment) if region == "fr" else _keycloak(environment)
        return cls(f"https://{host}/core-fast", f"https://{host}/account", token)

    @classmethod
    def ovh(cls, region: Region = "fr", environment: Environment = "prod") -> Self:
        """Return the addresses of the part of the service that OVH's customers reach."""
        return replace(cls.from_region(region, environment), is_ovh=True)

    def has(self, route: Route) -> bool:
        """Say whether this installation has a route."""
        return not self.is_ovh or route in _OVH_PATHS or route is Route.PUBLIC_SPECS

    def path(self, route: Route, *ids: str) -> str:
        """Return a route's path below its base URL.

        Args:
            route: The route.
            *ids: What it is about.

        Raises:
            ConfigurationError: OVH's access does not have it; nothing was sent.
        """
        if not self.has(route):
            raise ConfigurationError(
                f"OVH's access to Pasqal Cloud cannot {route.title}",
                provider="pasqal",
                remedy="Use an account of Pasqal Cloud itself for this.",
            )
        template = route.template
        if self.is_ovh and route in _OVH_PATHS:
            template = _OVH_PREFIX + _OVH_PATHS[route]
        return template.format(*map(segment, ids)) if ids else template


_HOSTS: dict[Environment, str] = {
    "prod": "apis.{}pasqal.cloud",
    "preprod": "apis.preprod.{}pasqal.cloud",
    "dev": "apis.dev.{}pasqal.cloud",
}
_AUTH0: dict[Environment, tuple[str, str]] = {
    "prod": ("pasqal", "PeZvo7Atx7IVv3iel59asJSb4Ig7vuSB"),
    "preprod": ("pasqal-preprod", "2l6A2ldvwJE5sdkghu40BTYLm7sSUAv9"),
    "dev": ("pasqal-dev", "5QtfSu1UV118Iz6By6IJRSNoDrLbAiOv"),
}
_KEYCLOAK_PATH = "/realms/pasqal-cloud/protocol/openid-connect/token"


def _audience(environment: Environment) -> str:
    # The audience names the French host in Saudi Arabia as well.
    return f"https://{_HOSTS[environment].format('')}/account/api/v1"


def _auth0(environment: Environment) -> TokenEndpoint:
    tenant, client_id = _AUTH0[environment]
    url = f"https://{tenant}.eu.auth0.com/oauth/token"
    return TokenEndpoint(url, client_id, _audience(environment))


def _keycloak(environment: Environment) -> TokenEndpoint:
    stage = "" if environment == "prod" else f"{environment}."
    return TokenEndpoint(
        f"https://auth.{stage}sa.pasqal.cloud{_KEYCLOAK_PATH}",
        "cloud-sdk",
        _audience(environment),
        realm="pasqal-cloud",
        grant_type="password",
    )


def _no_installation(region: str, environment: str) -> ConfigurationError:
    return ConfigurationError(
        f"Pasqal Cloud has no installation {environment!r} in region {region!r}",
        provider="pasqal",
        remedy="Regions are 'fr' and 'sa'; environments 'prod' and 'preprod', and 'dev' in 'fr'.",
    )


_PREFIX = "QUANTUM_ASYNC_PASQAL_"
OVH_TOKEN = "PASQAL_PULSER_ACCESS_TOKEN"  # noqa: S105  a variable's name


def _named(name: str, *others: str) -> AliasChoices:
    return AliasChoices(_PREFIX + name, *others)


class PasqalSettings(Settings):
    """What the environment says; the vendor's own variables count where it has any.

    | variable                                 | meaning                                        |
    |------------------------------------------|------------------------------------------------|
    | ``..._USERNAME``, ``PASQAL_USERNAME``    | who logs in                                    |
    | ``..._PASSWORD``, ``PASQAL_PASSWORD``    | asked for at a terminal where it is missing    |
    | ``..._CLIENT_ID``, ``..._CLIENT_SECRET`` | a service account instead                      |
    | ``..._TOKEN``                            | an access token instead                        |
    | ``PASQAL_PULSER_ACCESS_TOKEN``           | OVH's access token instead                     |
    | ``..._PROJECT_ID``                       | whose credits are used                         |
    | ``..._REGION``, ``..._ENVIRONMENT``      | ``fr``, ``sa`` or ``ovh``; ``prod``, ``preprod`` or ``dev`` |
    | ``..._CORE_URL``, ``..._ACCOUNT_URL``, ``..._TOKEN_URL`` | other addresses, such as the sandbox's |
    | ``..._WEBHOOK``                          | an address that the service calls              |

    ``...`` stands for ``QUANTUM_ASYNC_PASQAL``.
    """

    provider: ClassVar[str] = "pasqal"

    username: str | None = Field(None, validation_alias=_named("USERNAME", "PASQAL_USERNAME"))
    password: SecretStr | None = Field(None, validation_alias=_named("PASSWORD", "PASQAL_PASSWORD"))
    client_id: str | None = Field(None, validation_alias=_named("CLIENT_ID"))
    client_secret: SecretStr | None = Field(None, validation_alias=_named("CLIENT_SECRET"))
    token: SecretStr | None = Field(None, validation_alias=_named("TOKEN"))
    ovh_token: SecretStr | None = Field(None, validation_alias=OVH_TOKEN)
    project_id: str | None = Field(None, validation_alias=_named("PROJECT_ID"))
    region: Region | Literal["ovh"] | None = Field(None, validation_alias=_named("REGION"))
    environment: Environment = Field("prod", validation_alias=_named("ENVIRONMENT"))
    core_url: str | None = Field(None, validation_alias=_named("CORE_URL"))
    account_url: str | None = Field(None, validation_alias=_named("ACCOUNT_URL"))
    token_url: str | None = Field(None, validation_alias=_named("TOKEN_URL"))
    webhook: str | None = Field(None, validation_alias=_named("WEBHOOK"))

    @property
    def is_ovh(self) -> bool:
        """Whether it is OVH's access that is meant."""
        others = (self.username, self.token, self.client_id)
        return self.region == "ovh" or (self.ovh_token is not None and not any(others))

    @property
    def endpoints(self) -> PasqalEndpoints:
        """The addresses."""
        region: Region = "sa" if self.region == "sa" else "fr"
        usual = PasqalEndpoints.from_region(region, self.environment)
        token = usual.token
        return PasqalEndpoints(
            self.core_url or usual.core,
            self.account_url or usual.account,
            TokenEndpoint(
                self.token_url or token.url,
                token.client_id,
                token.audience,
                token.realm,
                token.grant_type,
            ),
            is_ovh=self.is_ovh,
        )

    def without_credentials(self) -> ConfigurationError:
        """Make the error of an environment that says nothing of who is asking."""
        return ConfigurationError(
            "the environment holds no credentials of Pasqal Cloud",
            provider="pasqal",
            remedy=f"Set {_PREFIX}USERNAME and {_PREFIX}PASSWORD, or {_PREFIX}TOKEN.",
        )
