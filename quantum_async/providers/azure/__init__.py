"""Azure Quantum: workspaces, their jobs and sessions, storage; public names are listed below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async._names import lazily

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.providers.azure.client import AzureClient as AzureClient
    from quantum_async.providers.azure.filters import (
        ItemFilters as ItemFilters,
        ItemOrder as ItemOrder,
    )
    from quantum_async.providers.azure.options import (
        AzureOptions as AzureOptions,
        CircuitForm as CircuitForm,
    )
    from quantum_async.providers.azure.workspace import Workspace as Workspace

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__)
