"""Our clients and results behind Pulser's interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.integrations.pulser.backends import EmulatorBackend, QPUBackend
    from quantum_async.integrations.pulser.checks import WrongTypeError
    from quantum_async.integrations.pulser.connection import PulserConnection, PulserResults
    from quantum_async.integrations.pulser.outcomes import Outcome, ResultsMissingError
    from quantum_async.integrations.pulser.results import AsyncResults

__all__ = [
    "AsyncResults",
    "EmulatorBackend",
    "Outcome",
    "PulserConnection",
    "PulserResults",
    "QPUBackend",
    "ResultsMissingError",
    "WrongTypeError",
]

_MODULES = {
    "AsyncResults": "results",
    "EmulatorBackend": "backends",
    "Outcome": "outcomes",
    "PulserConnection": "connection",
    "PulserResults": "connection",
    "QPUBackend": "backends",
    "ResultsMissingError": "outcomes",
    "WrongTypeError": "checks",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Pulser takes a second to import; results that are converted to it bring it anyway.
        from importlib import import_module

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from quantum_async.models._extras import optional_libraries

        with optional_libraries():
            module = import_module(f"{__name__}.{_MODULES[name]}")
        return getattr(module, name)
