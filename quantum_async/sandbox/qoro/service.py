"""The Qoro service: its options, its books, and which route is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel, ConfigDict

from quantum_async.sandbox.qoro.programs import Intake, Results
from quantum_async.sandbox.qoro.routes import JobRoutes, OtherRoutes
from quantum_async.sandbox.qoro.store import Store
from quantum_async.sandbox.service import Refusal, Reply, RouteTable, Service, routes_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quantum_async.sandbox.qoro.store import Record
    from quantum_async.sandbox.service import Request
    from quantum_async.sandbox.world import World


class QoroOptions(BaseModel):
    """How the Qoro service behaves where its documentation leaves it open.

    Args:
        scheduled: Whether a completed job that waits is called ``SCHEDULED``.
        locked_token: A token of a deactivated account.
        max_page: Most rows of one page of results.
        max_body: Most bytes of one upload.
        max_bond_dimension: The cap of the account's tier.
        balance: Credits of the account.
        transactions: How many movements of credits there are.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    scheduled: bool = False
    locked_token: str = "locked"  # noqa: S105  a name for tests
    max_page: int = 100
    max_body: int = 1024 * 1024
    max_bond_dimension: int = 32
    balance: str = "500.00"
    transactions: int = 1


_DETAILS = frozenset({401, 403, 404, 405})


class QoroService(Service):
    """The Qoro service.

    Args:
        world: The world it shows.
    """

    name = "qoro"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.options: QoroOptions = QoroOptions()
        self.store: Store = Store(self.realm)
        self.intake: Intake = Intake(self.realm, self.store, self.options)
        self.results: Results = Results(world, self.options)
        self.configure()
        self.routes: RouteTable = RouteTable(routes_of(JobRoutes(self), OtherRoutes(self)))

    def refuse(self, request: Request, refusal: Refusal) -> Reply:
        """Write a refusal: the framework's own have another field than the application's."""
        field = "detail" if refusal.status in _DETAILS else "error"
        return Reply.of_json({field: refusal.description}, refusal.status)

    def authenticate(self, request: Request) -> None:
        """Check the bearer token."""
        token = request.bearer
        if not token:
            raise Refusal(401, "Authentication credentials were not provided.")
        if token in self.revoked or token == self.options.locked_token:
            raise Refusal(401, "Invalid token.")

    def environment(self, base_url: str) -> Mapping[str, str]:
        """Give the variables that point our client here."""
        return {"QORO_API_KEY": "sandbox", "QUANTUM_ASYNC_QORO_URL": f"{base_url}/api"}

    def batches_open(self, now: float) -> int:
        """Count jobs that were opened and never completed."""
        return self.store.open_jobs()

    def configure(self) -> None:
        """Read the options again."""
        self.options = QoroOptions.model_validate(self.given_options)
        self.intake.options = self.results.options = self.options

    def reset(self) -> None:
        """Forget everything."""
        self.store.clear()
        super().reset()

    def record(self, request: Request) -> Record:
        """Find the job that a request names, for whoever opened it.

        Raises:
            Refusal: There is none, or it is somebody else's.
        """
        record = self.store.get(request.ids[0])
        if record.owner != request.bearer:
            raise Refusal(403, "You do not have permission to modify this job.")
        return record


SERVICE = QoroService
