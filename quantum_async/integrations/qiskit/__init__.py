"""Our clients and results behind Qiskit's interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.integrations.qiskit._twins_generated import (
        EstimatorV2,
        PrimitiveJob,
        QuantumAsyncBackend,
        QuantumAsyncJob,
        QuantumAsyncProvider,
        SamplerV2,
    )
    from quantum_async.integrations.qiskit.backends import AsyncBackend
    from quantum_async.integrations.qiskit.fitting import OutsideTargetError
    from quantum_async.integrations.qiskit.jobs import (
        AsyncJob,
        AsyncPrimitiveJob,
        JobTimeoutError,
        PubOutcome,
    )
    from quantum_async.integrations.qiskit.primitives import AsyncEstimator, AsyncSampler
    from quantum_async.integrations.qiskit.provider import AsyncProvider

__all__ = [
    "AsyncBackend",
    "AsyncEstimator",
    "AsyncJob",
    "AsyncPrimitiveJob",
    "AsyncProvider",
    "AsyncSampler",
    "EstimatorV2",
    "JobTimeoutError",
    "OutsideTargetError",
    "PrimitiveJob",
    "PubOutcome",
    "QuantumAsyncBackend",
    "QuantumAsyncJob",
    "QuantumAsyncProvider",
    "SamplerV2",
]

_PLACES = {
    "_twins_generated": "EstimatorV2 PrimitiveJob QuantumAsyncBackend QuantumAsyncJob "
    "QuantumAsyncProvider SamplerV2",
    "backends": "AsyncBackend",
    "fitting": "OutsideTargetError",
    "jobs": "AsyncJob AsyncPrimitiveJob JobTimeoutError PubOutcome",
    "primitives": "AsyncEstimator AsyncSampler",
    "provider": "AsyncProvider",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Qiskit takes a third of a second to import; converting a result needs no backend.
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from quantum_async.models._extras import optional_libraries
        from quantum_async.programs.circuits import load_qiskit

        with optional_libraries():
            # Its first import has to be on a thread that lasts.
            load_qiskit()
            place = next(place for place, names in _PLACES.items() if name in names.split())
            return getattr(import_module(f"{__name__}.{place}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
