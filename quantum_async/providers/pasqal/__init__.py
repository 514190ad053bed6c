"""Pasqal Cloud; every public name is listed once, below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async._names import lazily

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.providers.pasqal.client import PasqalClient as PasqalClient
    from quantum_async.providers.pasqal.endpoints import PasqalEndpoints as PasqalEndpoints
    from quantum_async.providers.pasqal.filters import (
        BatchFilters as BatchFilters,
        CancelFilters as CancelFilters,
        JobFilters as JobFilters,
        RebatchFilters as RebatchFilters,
    )
    from quantum_async.providers.pasqal.options import PasqalOptions as PasqalOptions
    from quantum_async.providers.pasqal.pages import (
        Page as Page,
        PageOf as PageOf,
    )

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__)
