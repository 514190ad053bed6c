"""Settings of the Pasqal client in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from quantum_async.errors import ConfigurationError
from quantum_async.providers.environment import read_environment
from quantum_async.providers.pasqal.endpoints import (
    Environment,
    PasqalEndpoints,
    Region,
    TokenEndpoint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "QUANTUM_ASYNC_PASQAL_"
OVH_TOKEN = "PASQAL_PULSER_ACCESS_TOKEN"  # noqa: S105  a variable's name


def _named(name: str, *others: str) -> AliasChoices:
    return AliasChoices(_PREFIX + name, *others)


class PasqalSettings(BaseModel):
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

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )

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

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> PasqalSettings:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: A variable is malformed.
        """
        return read_environment(cls, environ, provider="pasqal")

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
