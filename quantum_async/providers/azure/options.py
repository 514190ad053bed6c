"""Options that only jobs on Azure Quantum have."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  part of the class's signature
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError
from quantum_async.models.advice import Advice, Setting
from quantum_async.models.fields import check_json
from quantum_async.models.options import options_as, refuse_options
from quantum_async.models.program import CIRCUIT_FORMATS
from quantum_async.models.stored import stored
from quantum_async.models.submission import EmulationOptions, RunOptions
from quantum_async.providers.azure.translate.devices import NATIVE, PASQAL, provider_in
from quantum_async.providers.azure.wire import Priority  # noqa: TC001  part of the class's signature

if TYPE_CHECKING:
    from quantum_async.models.grid import Value
    from quantum_async.models.program import Program


_QPU = f"{PASQAL}.qpu."
_SAID = {"shots": "shots", "count": "shots", "variables": "variables"}
"""Parameters that follow from a job, older words included, and where they come from."""


@stored("azure.circuit-form")
class CircuitForm(StrEnum):
    """How circuits are written down for a target."""

    QIR = "qir"
    """QIR, which every gate-model target takes; the result lists every shot."""
    NATIVE = "native"
    """The vendor's own: IonQ's JSON, OpenQASM for Quantinuum, Quil for Rigetti."""


@stored("azure.options")
@dataclass(frozen=True)
class AzureOptions(EmulationOptions):
    """Options of a job on Azure Quantum.

    Args:
        seed: Not known to the service; it takes the job as if there were none.
        observables: Not computed by the service, so they are refused.
        tags: Free words, stored with the job.
        emulation: How a Pasqal emulator emulates a sequence: a Pulser ``EmulationConfig``, or its
            abstract representation (JSON).
        name: What the job is called; the program's name by default.
        form: How circuits are written down. The vendor's own form is there for circuits on IonQ's,
            Quantinuum's and Rigetti's targets.
        priority: How urgent the job is, where the workspace has priorities.
        params: Further parameters for the target, such as IonQ's ``noise-model`` or Rigetti's
            ``skipQuilc``.

    Raises:
        InvalidOptionError: An option has another type, is a word that does not exist, or a
            parameter is nothing that JSON has a word for.

    Example:
        ```python
        from quantum_async.providers.azure.options import AzureOptions, CircuitForm

        options = AzureOptions(form=CircuitForm.NATIVE, params={"noise-model": "aria-1"})
        ```
    """

    name: str = ""
    form: CircuitForm = CircuitForm.QIR
    priority: Priority | None = None
    params: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        EmulationOptions.__post_init__(self)
        self._refuse_noise_model()
        check_json(self, "params")


def checked_options(given: RunOptions, target: str, program: Program | None = None) -> AzureOptions:
    """Take options as Azure's, and refuse what the way to a target has no place for.

    Args:
        given: Options of any class.
        target: The target's name.
        program: What is going to run; ``None`` for a session, whose jobs bring theirs.

    Raises:
        InvalidOptionError: One would be dropped.
    """
    options = options_as(AzureOptions, given, "azure")
    refused = {"observables": "Compute expectation values from the counts."}
    where = f"a job on azure:{target}"
    vendor = provider_in(target)
    if vendor != PASQAL or target.lower().startswith(_QPU):
        refused["emulation"] = "It is for Pasqal's emulators, such as azure:pasqal.sim.emu-mps."
    native = NATIVE.get(vendor)
    if native is None:
        refused["form"] = "IonQ's, Quantinuum's and Rigetti's targets have forms of their own."
    if program is not None:
        where = f"{program.format.words} on azure:{target}"
        if program.format is not native and program.format not in CIRCUIT_FORMATS:
            refused["form"] = f"It is sent as it is: {program.format.words}."
    refuse_options(options, refused, where, "azure")
    for name, own in _SAID.items():
        if name in options.params:
            raise InvalidOptionError(
                f"the option params has {name!r}, which every job says itself",
                provider="azure",
                remedy=Advice("Pass ", Setting(own), " where the job is submitted."),
            )
    return options
