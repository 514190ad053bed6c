"""The devices of the service and their specifications."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from quantum_async.sandbox.exchange import Refusal


@dataclass(frozen=True, slots=True)
class Machine:
    """A device type.

    Args:
        name: Its name.
        emulator: Whether it is simulated by the provider, many jobs at once.
        public: Whether its specifications are shown to everybody.
        id: Its id in device lists.
    """

    name: str
    emulator: bool
    public: bool
    id: str

    @property
    def slots(self) -> int | None:
        """How many jobs run at once; ``None`` for all of them."""
        return None if self.emulator else 1


_QPUS = ("FRESNEL", "FRESNEL_CAN1")
_EMULATORS = ("EMU_FREE", "EMU_TN", "EMU_MPS", "EMU_SV", "EMU_FRESNEL")

MACHINES = {
    name: Machine(
        name,
        emulator=name in _EMULATORS,
        public=name != "FRESNEL_CAN1",
        id=f"5a0dd0c5-0000-4000-8000-{place:012d}",
    )
    for place, name in enumerate((*_QPUS, *_EMULATORS), start=1)
}
"""Every device type that takes jobs."""


@cache
def specification(name: str) -> str:
    """Give a QPU's specification: the abstract representation of a Pulser device.

    Raises:
        Refusal: There is no such QPU.
    """
    if name not in _QPUS:
        raise Refusal(404, f"no specification of device type {name!r}")
    source = files(__package__ or "") / "specifications_data" / f"{name}.json"
    return source.read_text(encoding="utf-8").strip()


def specifications(*, public: bool) -> dict[str, str]:
    """Give every QPU's specification, or those that everybody may see."""
    names = [name for name in _QPUS if MACHINES[name].public or not public]
    return {name: specification(name) for name in names}
