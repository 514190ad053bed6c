"""What every route of the service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.iqm.chips import CHIPS
from quantum_async.sandbox.iqm.documents import Writer
from quantum_async.sandbox.iqm.measurements import Measurements
from quantum_async.sandbox.iqm.options import IQMSandboxOptions
from quantum_async.sandbox.iqm.slots import SlotBook
from quantum_async.sandbox.iqm.store import Store
from quantum_async.sandbox.iqm.tokens import TokenBook

if TYPE_CHECKING:
    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.iqm.chips import Chip
    from quantum_async.sandbox.world import Realm, World


class Desk:
    """The service's books and tools.

    Args:
        world: The world it shows.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.options: IQMSandboxOptions = IQMSandboxOptions()
        self.realm: Realm = world.realm("iqm")
        self.tokens: TokenBook = TokenBook()
        self.slots: SlotBook = SlotBook()
        self.store: Store = Store(self.realm, self.options)
        self.measurements: Measurements = Measurements(world, self.options)
        self.write: Writer = Writer(world.clock, self.store, self.measurements)
        self.configure()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    @property
    def chips(self) -> list[Chip]:
        """The quantum computers that the service has."""
        wanted = self.options.computers
        return [chip for chip in CHIPS.values() if not wanted or chip.alias in wanted]

    @property
    def legacy_chip(self) -> Chip:
        """The quantum computer that the older interface shows."""
        return CHIPS[self.options.legacy_computer]

    def chip(self, name: str) -> Chip:
        """Find a quantum computer by alias or id.

        Raises:
            Refusal: There is none.
        """
        for chip in self.chips:
            if name in {chip.alias, chip.id}:
                return chip
        raise Refusal(404, f"Quantum computer {name} was not found", "qc_not_found")

    def check_token(self, request: Request) -> None:
        """Refuse a request whose token is not good."""
        required = self.options.require_token
        self.tokens.check(request.bearer, request.now, required=required)

    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """
        given = self.world.settings.options.get("iqm", {})
        options = IQMSandboxOptions.model_validate(given)
        unknown = {*options.computers, options.legacy_computer} - set(CHIPS)
        if unknown:
            raise ValueError(f"there is no quantum computer {', '.join(sorted(unknown))}")
        self.options = self.store.options = self.measurements.options = options

    def reset(self) -> None:
        """Forget everything."""
        self.tokens = TokenBook()
        self.slots = SlotBook()
        self.store.clear()
        self.configure()
