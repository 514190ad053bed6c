"""Settings of the Azure client in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr

from quantum_async.errors import ConfigurationError
from quantum_async.providers.environment import read_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "QUANTUM_ASYNC_AZURE_"


def _named(name: str, *others: str) -> AliasChoices:
    return AliasChoices(_PREFIX + name, *others)


class AzureSettings(BaseModel):
    """What the environment says; of several variables for one thing, ours counts.

    | variable                                                 | meaning                        |
    |----------------------------------------------------------|--------------------------------|
    | ``AZURE_QUANTUM_CONNECTION_STRING``                      | everything, with an API key    |
    | ``PULSER_AZURE_RESOURCE_ID``, ``..._RESOURCE_ID``        | which workspace                |
    | ``AZURE_QUANTUM_WORKSPACE_NAME``                         | the same by its parts          |
    | ``AZURE_QUANTUM_WORKSPACE_RG``, ``RESOURCE_GROUP``       |                                |
    | ``AZURE_QUANTUM_SUBSCRIPTION_ID``, ``SUBSCRIPTION_ID``   |                                |
    | ``AZURE_QUANTUM_WORKSPACE_LOCATION``, ``LOCATION``       | its region                     |
    | ``AZURE_QUANTUM_PYTHON_APPID``                           | put before the user agent      |
    | ``..._ENDPOINT``, ``..._MANAGEMENT``                     | other addresses, such as the sandbox's |
    | ``..._API_KEY``, ``..._TOKEN``                           | instead of azure-identity's    |
    | ``..._API_VERSION``                                      | another API version            |

    ``...`` stands for ``QUANTUM_ASYNC_AZURE``, under which the parts of the workspace can be named
    as well: ``..._WORKSPACE``, ``..._RESOURCE_GROUP``, ``..._SUBSCRIPTION_ID``, ``..._LOCATION``.
    azure-identity reads ``AZURE_CLIENT_ID`` and its kin.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )

    connection_string: SecretStr | None = Field(
        None, validation_alias=_named("CONNECTION_STRING", "AZURE_QUANTUM_CONNECTION_STRING")
    )
    resource_id: str | None = Field(
        None, validation_alias=_named("RESOURCE_ID", "PULSER_AZURE_RESOURCE_ID")
    )
    subscription_id: str = Field(
        "",
        validation_alias=_named(
            "SUBSCRIPTION_ID", "AZURE_QUANTUM_SUBSCRIPTION_ID", "SUBSCRIPTION_ID"
        ),
    )
    resource_group: str = Field(
        "",
        validation_alias=_named("RESOURCE_GROUP", "AZURE_QUANTUM_WORKSPACE_RG", "RESOURCE_GROUP"),
    )
    name: str = Field("", validation_alias=_named("WORKSPACE", "AZURE_QUANTUM_WORKSPACE_NAME"))
    location: str = Field(
        "", validation_alias=_named("LOCATION", "AZURE_QUANTUM_WORKSPACE_LOCATION", "LOCATION")
    )
    app_id: str = Field("", validation_alias=_named("APP_ID", "AZURE_QUANTUM_PYTHON_APPID"))
    endpoint: str = Field("", validation_alias=_named("ENDPOINT"))
    management: str | None = Field(None, validation_alias=_named("MANAGEMENT"))
    api_key: SecretStr | None = Field(None, validation_alias=_named("API_KEY"))
    token: SecretStr | None = Field(None, validation_alias=_named("TOKEN"))
    api_version: str | None = Field(None, validation_alias=_named("API_VERSION"))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> AzureSettings:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: Nothing says which workspace is meant.
        """
        found = read_environment(cls, environ, provider="azure")
        if not (found.connection_string or found.resource_id or found.name):
            raise ConfigurationError(
                "the environment names no workspace of Azure Quantum",
                provider="azure",
                remedy="Set AZURE_QUANTUM_CONNECTION_STRING, or PULSER_AZURE_RESOURCE_ID, or "
                "AZURE_QUANTUM_WORKSPACE_NAME.",
            )
        return found
