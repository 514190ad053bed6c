"""Settings of the IQM client in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from quantum_async.errors import ConfigurationError
from quantum_async.providers.environment import read_environment
from quantum_async.providers.iqm.generation import Generation

if TYPE_CHECKING:
    from collections.abc import Mapping


class IQMSettings(BaseModel):
    """What the environment says, in the vendor's own variables.

    | variable                                              | meaning                             |
    |-------------------------------------------------------|-------------------------------------|
    | ``IQM_SERVER_URL``                                    | where the server is                 |
    | ``IQM_QUANTUM_COMPUTER``                              | which one, by alias or id           |
    | ``IQM_TOKEN``                                         | an API token                        |
    | ``IQM_TOKENS_FILE``                                   | a file of tokens instead            |
    | ``IQM_AUTH_SERVER``, ``IQM_AUTH_USERNAME``, ``IQM_AUTH_PASSWORD`` | an older login instead  |
    | ``QUANTUM_ASYNC_IQM_GENERATION``                      | ``v1`` or ``legacy``; asked if unset |
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )

    url: str | None = Field(None, validation_alias="IQM_SERVER_URL")
    quantum_computer: str | None = Field(None, validation_alias="IQM_QUANTUM_COMPUTER")
    token: SecretStr | None = Field(None, validation_alias="IQM_TOKEN")
    tokens_file: str | None = Field(None, validation_alias="IQM_TOKENS_FILE")
    auth_server: str | None = Field(None, validation_alias="IQM_AUTH_SERVER")
    username: str | None = Field(None, validation_alias="IQM_AUTH_USERNAME")
    password: SecretStr | None = Field(None, validation_alias="IQM_AUTH_PASSWORD")
    generation: Generation | None = Field(
        None, validation_alias=AliasChoices("QUANTUM_ASYNC_IQM_GENERATION")
    )

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> IQMSettings:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: A variable is malformed.
        """
        return read_environment(cls, environ, provider="iqm")

    @property
    def address(self) -> str:
        """The server's address.

        Raises:
            ConfigurationError: It is missing.
        """
        if self.url is None:
            raise ConfigurationError(
                "the environment does not say where the IQM server is",
                provider="iqm",
                remedy="Set IQM_SERVER_URL, for example to https://resonance.iqm.tech.",
            )
        return self.url
