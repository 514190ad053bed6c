"""What every route of the service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.pasqal.documents import Writer
from quantum_async.sandbox.pasqal.options import PasqalOptions
from quantum_async.sandbox.pasqal.results import Results
from quantum_async.sandbox.pasqal.store import Store
from quantum_async.sandbox.pasqal.submission import Intake
from quantum_async.sandbox.pasqal.tokens import TokenBook

if TYPE_CHECKING:
    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.world import Realm, World


class Desk:
    """The service's books and tools.

    Args:
        world: The world it shows.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.options: PasqalOptions = PasqalOptions()
        self.realm: Realm = world.realm("pasqal")
        self.tokens: TokenBook = TokenBook()
        self.store: Store = Store(self.realm, self.options)
        self.intake: Intake = Intake(self.realm, self.store)
        self.results: Results = Results(world, self.options)
        self.write: Writer = Writer(world.clock)
        self.configure()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self._world.clock

    @property
    def lifetime(self) -> float:
        """How long a token is good for, in seconds."""
        return self._world.settings.token_lifetime

    def user(self, request: Request) -> str:
        """Say who sent a request."""
        return self.tokens.check(request.bearer, request.now)

    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """
        self.options = PasqalOptions.model_validate(self._world.settings.options.get("pasqal", {}))
        self.store.options = self.results.options = self.options
        self.write.string_codes = self.options.string_codes

    def reset(self) -> None:
        """Forget everything."""
        self.tokens = TokenBook()
        self.store.clear()
        self.configure()
