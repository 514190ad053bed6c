"""The clients that targets on the command line mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import quantum_async as qa
from quantum_async.models.target import Target
from quantum_async.providers.base import provider

if TYPE_CHECKING:
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
        ConfigurationError: A variable is missing or malformed.
    """
    target = Target.parse(on)
    if target.provider == qa.LocalClient.name and seed is not None:
        # The client gives each job a seed of its own; one seed for all would correlate them.
        return qa.LocalClient(seed=seed), target.device
    return provider(target.provider).from_env(), target.device
