"""Where the service runs jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class Machine:
    """A cluster of simulators or a system of quantum computers.

    Args:
        name: What jobs name it by.
        is_simulator: Whether it is a cluster.
        slots: How many jobs it runs at once; ``None`` runs all of them.
        qubits: How many qubits its computers have.
    """

    name: str
    is_simulator: bool
    slots: int | None
    qubits: int = 0


MACHINES = {
    machine.name: machine
    for machine in (
        Machine("qoro_maestro", is_simulator=True, slots=4),
        Machine("gpu_cluster", is_simulator=True, slots=4),
        Machine("lab_qpu", is_simulator=False, slots=1, qubits=20),
    )
}

CLUSTERS = [
    {"name": "qoro_maestro", "access_level": "PUBLIC", "minimum_tier": "FREE"},
    {"name": "gpu_cluster", "access_level": "ADMIN", "minimum_tier": "PRO"},
]

# Clients before 0.13 break on any other field of a computer.
SYSTEMS: list[JsonValue] = [
    {
        "name": "lab_qpu",
        "access_level": "PUBLIC",
        "qpus": [
            {
                "nickname": "A1",
                "q_bits": 20,
                "status": "ONLINE",
                "system_kind": "superconducting",
            }
        ],
    }
]

BLUEPRINTS: dict[str, JsonValue] = {
    "ibm": {
        "label": "IBM Quantum",
        "credentials": [
            {"name": "IBM_TOKEN", "kind": "text", "required": True, "secret": True},
        ],
        "device": [
            {"name": "TRANSPILE_LEVEL", "kind": "number", "required": False, "default": 2},
            {
                "name": "USE_TWIRLING",
                "kind": "toggle",
                "required": False,
                "choices": ["true", "false"],
            },
            {"name": "USE_MITIGATION", "kind": "toggle", "required": False},
        ],
    },
    "iqm": {"label": "IQM", "credentials": [], "device": []},
}
