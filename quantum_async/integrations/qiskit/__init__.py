"""Our clients and results behind Qiskit's interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.integrations.qiskit.async_backend import AsyncBackend
    from quantum_async.integrations.qiskit.async_estimator import AsyncEstimator
    from quantum_async.integrations.qiskit.async_job import AsyncJob
    from quantum_async.integrations.qiskit.async_primitive_job import AsyncPrimitiveJob, PubOutcome
    from quantum_async.integrations.qiskit.async_provider import AsyncProvider
    from quantum_async.integrations.qiskit.async_sampler import AsyncSampler
    from quantum_async.integrations.qiskit.backend import QuantumAsyncBackend
    from quantum_async.integrations.qiskit.errors import JobTimeoutError, OutsideTargetError
    from quantum_async.integrations.qiskit.estimator import EstimatorV2
    from quantum_async.integrations.qiskit.job import QuantumAsyncJob
    from quantum_async.integrations.qiskit.primitive_job import PrimitiveJob
    from quantum_async.integrations.qiskit.provider import QuantumAsyncProvider
    from quantum_async.integrations.qiskit.sampler import SamplerV2

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

_MODULES = {
    "AsyncBackend": "async_backend",
    "AsyncEstimator": "async_estimator",
    "AsyncJob": "async_job",
    "AsyncPrimitiveJob": "async_primitive_job",
    "AsyncProvider": "async_provider",
    "AsyncSampler": "async_sampler",
    "EstimatorV2": "estimator",
    "JobTimeoutError": "errors",
    "OutsideTargetError": "errors",
    "PrimitiveJob": "primitive_job",
    "PubOutcome": "async_primitive_job",
    "QuantumAsyncBackend": "backend",
    "QuantumAsyncJob": "job",
    "QuantumAsyncProvider": "provider",
    "SamplerV2": "sampler",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Qiskit takes a third of a second to import; converting a result needs no backend.
        from importlib import import_module

        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from quantum_async.models._extras import optional_libraries
        from quantum_async.programs.circuits import load_qiskit

        with optional_libraries():
            # Its first import has to be on a thread that lasts.
            load_qiskit()
            module = import_module(f"{__name__}.{_MODULES[name]}")
        return getattr(module, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
