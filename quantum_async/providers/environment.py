"""Settings in the environment: how they are read, and what is said of those that are malformed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from quantum_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Settings(BaseModel):
    """What the environment says of one provider: each field names its variables."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True
    )
    provider: ClassVar[str]
    """Registry name of the provider."""

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables; empty ones count as missing.

        Args:
            environ: Read instead of the process's environment.

        Raises:
            ConfigurationError: A variable is malformed, or one is missing that is needed.
        """
        given = os.environ if environ is None else environ
        try:
            return cls.model_validate({n: v.strip() for n, v in given.items() if v.strip()})
        except ValidationError as error:
            # Only the names: a value may be a secret in the wrong place.
            names = ", ".join(dict.fromkeys(str(part["loc"][0]) for part in error.errors()))
            raise ConfigurationError(
                f"{names} cannot be used: {error.errors()[0]['msg']}",
                provider=cls.provider,
                remedy="Correct the variable, or unset it.",
            ) from None


def secret(value: SecretStr | None) -> str | None:
    """Return a secret's text."""
    return None if value is None else value.get_secret_value()
