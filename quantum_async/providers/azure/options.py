"""Options that only jobs on Azure Quantum have."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.models.grid import Value
    from quantum_async.providers.azure.wire import Priority


class CircuitForm(StrEnum):
    """How circuits are written down for a target."""

    QIR = "qir"
    """QIR, which every gate-model target takes; the result lists every shot."""
    NATIVE = "native"
    """The vendor's own: IonQ's JSON, OpenQASM for Quantinuum, Quil for Rigetti."""


@dataclass(frozen=True)
class AzureOptions(RunOptions):
    """Options of a job on Azure Quantum.

    Args:
        seed: Not used by the service.
        observables: Not used by the service.
        tags: Free words, stored with the job.
        name: What the job is called; the program's name by default.
        form: How circuits are written down.
        priority: How urgent the job is, where the workspace has priorities.
        emulation: How a Pasqal emulator emulates: the abstract representation (JSON) of a Pulser
            ``EmulationConfig``.
        params: Further parameters for the target, such as IonQ's ``noise-model`` or Rigetti's
            ``skipQuilc``.

    Example:
        ```python
        from quantum_async.providers.azure.options import AzureOptions, CircuitForm

        options = AzureOptions(form=CircuitForm.NATIVE, params={"noise-model": "aria-1"})
        ```
    """

    name: str = ""
    form: CircuitForm = CircuitForm.QIR
    priority: Priority | None = None
    emulation: str | None = None
    params: Mapping[str, Value] = field(default_factory=dict, hash=False)


def azure_options(options: RunOptions) -> AzureOptions:
    """Return options as ours, those of no provider in particular filled up."""
    if isinstance(options, AzureOptions):
        return options
    emulation = getattr(options, "emulation", None)
    return AzureOptions(
        options.seed,
        options.observables,
        options.tags,
        emulation=emulation if isinstance(emulation, str) else None,
    )
