"""IQM quantum computers, through IQM Server and the older job interface; public names below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async._names import lazily

# Where there is no source to read the list from (frozen programs), the imports really happen.
if TYPE_CHECKING or not __file__.endswith(".py"):
    from quantum_async.providers.iqm.circuits import (
        Circuit as Circuit,
        Instruction as Instruction,
    )
    from quantum_async.providers.iqm.client import IQMClient as IQMClient
    from quantum_async.providers.iqm.options import (
        HeraldingMode as HeraldingMode,
        IQMOptions as IQMOptions,
    )

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazily(__name__)
