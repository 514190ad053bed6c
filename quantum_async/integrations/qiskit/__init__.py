"""Our clients and results behind Qiskit's interfaces; every public name is listed once, below."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.integrations.qiskit._twins_generated import (
        EstimatorV2 as EstimatorV2,
        PrimitiveJob as PrimitiveJob,
        QuantumAsyncBackend as QuantumAsyncBackend,
        QuantumAsyncJob as QuantumAsyncJob,
        QuantumAsyncProvider as QuantumAsyncProvider,
        SamplerV2 as SamplerV2,
    )
    from quantum_async.integrations.qiskit.backends import (
        AsyncBackend as AsyncBackend,
        OutsideTargetError as OutsideTargetError,
    )
    from quantum_async.integrations.qiskit.jobs import (
        AsyncJob as AsyncJob,
        AsyncPrimitiveJob as AsyncPrimitiveJob,
        JobTimeoutError as JobTimeoutError,
        PubOutcome as PubOutcome,
    )
    from quantum_async.integrations.qiskit.primitives import (
        AsyncEstimator as AsyncEstimator,
        AsyncSampler as AsyncSampler,
    )
    from quantum_async.integrations.qiskit.provider import AsyncProvider as AsyncProvider


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # Qiskit takes a third of a second to import; converting a result needs no backend.
        from importlib import import_module

        from quantum_async._names import public

        if name == "__all__":
            return list(public(__name__))
        if name not in public(__name__):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        from quantum_async.models._extras import optional_libraries
        from quantum_async.programs.circuits import load_qiskit

        with optional_libraries():
            # Its first import has to be on a thread that lasts.
            load_qiskit()
            return getattr(import_module(public(__name__)[name]), name)

    def __dir__() -> list[str]:
        from quantum_async._names import public

        return sorted({*globals(), *public(__name__)})
