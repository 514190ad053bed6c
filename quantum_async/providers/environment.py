"""Settings in the environment: how they are read, and what is said of those that are malformed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError

from quantum_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Settings = TypeVar("Settings", bound=BaseModel)


def read_environment(
    kind: type[Settings], environ: Mapping[str, str] | None, *, provider: str
) -> Settings:
    """Read settings from environment variables; empty ones count as missing.

    Args:
        kind: The settings, which name their variables.
        environ: Read instead of the process's environment.
        provider: Registry name of the provider.

    Raises:
        ConfigurationError: A variable is malformed.
    """
    given = os.environ if environ is None else environ
    try:
        return kind.model_validate({n: v.strip() for n, v in given.items() if v.strip()})
    except ValidationError as error:
        # Only the names: a value may be a secret in the wrong place.
        names = ", ".join(dict.fromkeys(str(part["loc"][0]) for part in error.errors()))
        raise ConfigurationError(
            f"{names} cannot be used: {error.errors()[0]['msg']}",
            provider=provider,
            remedy="Correct the variable, or unset it.",
        ) from None


def secret(value: SecretStr | None) -> str | None:
    """Return a secret's text."""
    return None if value is None else value.get_secret_value()
