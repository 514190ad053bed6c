"""What every route of the service needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.exchange import Refusal
from quantum_async.sandbox.keeping import Latest
from quantum_async.sandbox.qoro.intake import Intake
from quantum_async.sandbox.qoro.options import QoroOptions
from quantum_async.sandbox.qoro.results import Results
from quantum_async.sandbox.qoro.store import Store

if TYPE_CHECKING:
    from quantum_async.sandbox.clock import Clock
    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.qoro.records import Record
    from quantum_async.sandbox.world import Realm, World


class Desk:
    """The service's books and tools.

    Args:
        world: The world it shows.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._revoked: Latest[str, None] = Latest()
        self.options: QoroOptions = QoroOptions()
        self.realm: Realm = world.realm("qoro")
        self.store: Store = Store(self.realm)
        self.intake: Intake = Intake(self.realm, self.store, self.options)
        self.results: Results = Results(world, self.options)
        self.configure()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self._world.clock

    def check(self, request: Request) -> None:
        """Check who sent a request.

        Raises:
            Refusal: The token is missing, refused or of a deactivated account.
        """
        token = request.bearer
        if not token:
            raise Refusal(401, "Authentication credentials were not provided.")
        if token in self._revoked or token == self.options.locked_token:
            raise Refusal(401, "Invalid token.")

    def record(self, request: Request) -> Record:
        """Find the job that a request names, for whoever opened it.

        Raises:
            Refusal: There is none, or it is somebody else's.
        """
        record = self.store.get(request.ids[0])
        if record.owner != request.bearer:
            raise Refusal(403, "You do not have permission to modify this job.")
        return record

    def revoke(self, token: str) -> None:
        """Refuse a token from now on."""
        self._revoked[token] = None

    def configure(self) -> None:
        """Read the options again.

        Raises:
            ValueError: They are wrong.
        """
        self.options = QoroOptions.model_validate(self._world.settings.options.get("qoro", {}))
        self.intake.options = self.results.options = self.options

    def reset(self) -> None:
        """Forget everything."""
        self._revoked.clear()
        self.store.clear()
        self.configure()
