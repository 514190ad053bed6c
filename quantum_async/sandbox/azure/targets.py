"""The providers and targets that the workspace has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A target.

    Args:
        id: Its name.
        provider: Whose it is.
        qubits: How many qubits it has.
        profile: Which profile of QIR it takes, or ``None``.
        has_queue: Whether it runs one job at a time, as hardware does.
    """

    id: str
    provider: str
    qubits: int
    profile: str | None = None
    has_queue: bool = False


_BASE, _ADAPTIVE = "Base", "Adaptive_RI"

TARGETS = (
    Target("pasqal.sim.emu-tn", "pasqal", 100),
    Target("pasqal.sim.emu-sv", "pasqal", 25),
    Target("pasqal.sim.emu-mps", "pasqal", 80),
    Target("pasqal.sim.emu-free", "pasqal", 12),
    Target("pasqal.qpu.fresnel", "pasqal", 100, has_queue=True),
    Target("pasqal.qpu.fresnel-can1", "pasqal", 100, has_queue=True),
    Target("ionq.simulator", "ionq", 29, _BASE),
    Target("ionq.qpu.aria-1", "ionq", 25, _BASE, has_queue=True),
    Target("ionq.qpu.forte-1", "ionq", 35, _BASE, has_queue=True),
    Target("ionq.qpu.forte-enterprise-1", "ionq", 35, _BASE, has_queue=True),
    Target("quantinuum.sim.h2-1sc", "quantinuum", 56, _ADAPTIVE),
    Target("quantinuum.sim.h2-1e", "quantinuum", 56, _ADAPTIVE),
    Target("quantinuum.qpu.h2-1", "quantinuum", 56, _ADAPTIVE, has_queue=True),
    Target("quantinuum.sim.helios-1sc", "quantinuum", 98, "Adaptive_RIF"),
    Target("rigetti.sim.qvm", "rigetti", 20, _BASE),
    Target("rigetti.qpu.cepheus-1-108q", "rigetti", 108, _BASE, has_queue=True),
    Target("echo-output", "Microsoft.Test.FirstParty", 0),
    Target("echo-quantinuum", "Microsoft.Test.FirstParty", 0),
)

BY_NAME = {target.id.lower(): target for target in TARGETS}


def providers() -> list[str]:
    """Name the providers, in order."""
    return list(dict.fromkeys(target.provider for target in TARGETS))
