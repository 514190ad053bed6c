"""The clients that targets on the command line mean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import quantum_async as qa
from quantum_async.errors import AuthenticationError, ConfigurationError, MissingExtraError
from quantum_async.models.target import Target
from quantum_async.providers.base import provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.providers.base import ProviderClient


def client_for(on: str, *, seed: int | None = None) -> tuple[ProviderClient, str]:
    """Build the client of a target from the environment; nothing is sent.

    Args:
        on: The target, ``provider:device`` or ``provider``.
        seed: Makes a simulator repeat itself.

    Returns:
        The client, and the device's name, which is empty where the program is to decide.

    Raises:
        UnknownTargetError: There is no such provider.
        AuthenticationError: The environment holds nothing for this provider.
        ConfigurationError: A variable is missing or malformed.
    """
    target = Target.parse(on)
    if target.provider == qa.LocalClient.name and seed is not None:
        # The client gives each job a seed of its own; one seed for all would correlate them.
        return qa.LocalClient(seed=seed), target.device
    return from_environment(provider(target.provider)), target.device


def variables_of(kind: type[ProviderClient], environ: Mapping[str, str]) -> list[str]:
    """Name a provider's own variables that are set.

    Args:
        kind: The provider's client.
        environ: Where to look.
    """
    own = (f"QUANTUM_ASYNC_{kind.name.upper()}_", *kind.variable_prefixes)
    return sorted(name for name in environ if environ[name].strip() and _is_of(name, own))


def _is_of(variable: str, own: tuple[str, ...]) -> bool:
    return any(variable == o or (o.endswith("_") and variable.startswith(o)) for o in own)


def from_environment(kind: type[ProviderClient]) -> ProviderClient:
    """Build a provider's client from the environment; nothing is sent.

    Args:
        kind: The provider's client.

    Raises:
        AuthenticationError: The environment holds nothing for this provider.
        ConfigurationError: A variable is missing or malformed.
    """
    try:
        return kind.from_env()
    except MissingExtraError:
        raise
    except ConfigurationError as error:
        if variables_of(kind, os.environ):
            raise
        remedy = " ".join(getattr(error, "__notes__", ()))
        raise AuthenticationError(str(error), provider=kind.name, remedy=remedy) from error
