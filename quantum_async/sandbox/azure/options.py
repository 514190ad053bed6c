"""What can be set of the Azure service alone."""

from __future__ import annotations

import sys
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from quantum_async.sandbox.settings import Seconds


class AzureOptions(BaseModel):
    """How the Azure service behaves where its documentation leaves it open.

    Args:
        kind: Whether the workspace is of the older kind or of the one with more statuses.
        sas_lifetime: How long a signed address is good for.
        creates_containers: Whether asking for a container's address creates it.
        cancel_answers: With which status a cancellation is answered.
        pasqal_results: In which of its shapes Pasqal's output is written.
        session_timeout: How long an open session may be idle before it times out.
        storage_host: The host in addresses of the storage; the vendor's own client takes
            127.0.0.1 for an emulator and misreads what follows.
        slots: How many jobs a QPU runs at once.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["V1", "V2"] = "V1"
    sas_lifetime: Seconds = 3600.0
    creates_containers: bool = True
    cancel_answers: Literal[200, 202, 204] = 204
    pasqal_results: Literal["flat", "counter", "serialised"] = "flat"
    session_timeout: Seconds = 600.0
    storage_host: str = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
    slots: int = 1
