"""Our clients and results behind Pulser's interfaces; every public name is listed once, below."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.integrations.pulser.backends import (
        EmulatorBackend as EmulatorBackend,
        QPUBackend as QPUBackend,
    )
    from quantum_async.integrations.pulser.connection import (
        PulserConnection as PulserConnection,
        PulserResults as PulserResults,
    )
    from quantum_async.integrations.pulser.orders import WrongTypeError as WrongTypeError
    from quantum_async.integrations.pulser.results import (
        AsyncResults as AsyncResults,
        Outcome as Outcome,
        ResultsMissingError as ResultsMissingError,
    )


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Pulser takes a second to import; results that are converted to it bring it anyway.
        from importlib import import_module

        from quantum_async._names import public

        if name == "__all__":
            return list(public(__name__))
        if name not in public(__name__):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from quantum_async.models._extras import optional_libraries

        with optional_libraries():
            return getattr(import_module(public(__name__)[name]), name)
