"""Results: their links, which need no token but expire, and what is behind them."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from quantum_async.sandbox.chance import content_label, seeded_counts, shuffled_shots
from quantum_async.sandbox.emulation import pulser_results
from quantum_async.sandbox.exchange import Refusal, Reply

if TYPE_CHECKING:
    from pydantic import JsonValue

    from quantum_async.sandbox.exchange import Request
    from quantum_async.sandbox.pasqal.options import PasqalOptions
    from quantum_async.sandbox.pasqal.records import PasqalJob
    from quantum_async.sandbox.world import World


class Results:
    """Gives results away.

    Args:
        world: The world.
        options: How the service behaves.
    """

    def __init__(self, world: World, options: PasqalOptions) -> None:
        self._world = world
        self._secret = secrets.token_bytes(16)
        self.options = options

    def link(self, base_url: str, path: str, now: float) -> str:
        """Sign a link.

        Args:
            base_url: Where the service listens.
            path: What the link leads to.
            now: World time.
        """
        expires = f"{now + self.options.link_lifetime:.3f}"
        return f"{base_url}{path}?expires={expires}&signature={self._sign(path, expires)}"

    def check(self, request: Request) -> None:
        """Refuse a link that has expired or was not given by this service.

        Raises:
            Refusal: As storage refuses it.
        """
        query = request.query
        expires = query.get("expires", ["0"])[-1]
        signature = query.get("signature", [""])[-1]
        wanted = self._sign(request.path, expires)
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            raise Refusal(403, "SignatureDoesNotMatch")
        if request.now >= float(expires):
            raise Refusal(403, "Request has expired")

    def is_ready(self, job: PasqalJob, now: float) -> bool:
        """Whether there is a link to a job's result."""
        finished = job.work.finished(now)
        return (
            job.word(now) == "DONE"
            and finished is not None
            and now >= finished + self.options.results_lag
        )

    def document(self, job: PasqalJob) -> dict[str, JsonValue]:
        """Write a job's result."""
        outcome = job.work.outcome
        seed, label = self._world.settings.seed, _label(job)
        if outcome is not None:
            counter = dict(outcome.counts)
        else:
            width = job.sequence.width(job.variables or {})
            counter = seeded_counts(seed, label, width, job.work.shots)
        result: dict[str, JsonValue] = {"counter": dict(counter), "serialised_results": None}
        if self.options.raw:
            samples = outcome.samples if outcome is not None else None
            result["raw"] = [*(samples or shuffled_shots(counter, seed, label))]
        if job.batch.backend_configuration:
            result["serialised_results"] = self._serialised(job, counter)
        return result

    def _serialised(self, job: PasqalJob, counter: dict[str, int]) -> str:
        outcome = job.work.outcome
        if outcome is not None and outcome.raw:
            return outcome.raw
        atoms = outcome.atoms if outcome is not None else ()
        width = job.sequence.width(job.variables or {})
        return pulser_results(atoms or job.sequence.qubits[:width], 0, counter)

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), "sha256").hexdigest()


def _label(job: PasqalJob) -> str:
    variables = sorted((job.variables or {}).items())
    return content_label("pasqal", job.sequence.text, variables, job.work.shots)


def storage_refusal(refusal: Refusal) -> Reply:
    """Write a refusal as object storage does: in XML."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>AccessDenied</Code><Message>{escape(str(refusal.description))}</Message>"
        "</Error>"
    )
    return Reply(refusal.status, text.encode(), b"application/xml")
