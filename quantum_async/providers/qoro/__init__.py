"""The Qoro service: its client, its wire, its credentials; public names are listed below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async._names import lazily

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.providers.qoro.client import QoroClient as QoroClient
    from quantum_async.providers.qoro.options import (
        JobConfig as JobConfig,
        MaestroConfig as MaestroConfig,
        QoroOptions as QoroOptions,
        SimulationMethod as SimulationMethod,
    )
    from quantum_async.providers.qoro.wire import (
        ResultPage as ResultPage,
        TransactionPage as TransactionPage,
    )

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__)
