"""Characterisations: how hard a QUBO is, and how well a formulation of it does."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quantum_async.errors import InvalidInputError, LostAnswerError, ProtocolError, ServerError
from quantum_async.http.address import segment
from quantum_async.http.encode import Body, json_bytes
from quantum_async.providers.qoro.api import parse
from quantum_async.providers.qoro.wire import ValidationReply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pydantic import JsonValue

    from quantum_async.providers.qoro.api import Gateway
    from quantum_async.providers.qoro.jobs import Uploads
    from quantum_async.providers.qoro.wire import Recommendation

PATIENCE = 300.0
"""Seconds that an analysis may take; the service's own client waits as long."""


@dataclass(frozen=True, slots=True)
class Characterisation:
    """What the service found out about a problem.

    Args:
        job_id: The job; fetching by it costs nothing.
        status: The service's word for where it stands.
        hardness: How hard the problem is, where that was asked for.
        report: How well the formulation does.
        recommendations: Advice.
        created_at: When the job was opened.
        completed_at: When it was done.
        page: The service's own report for notebooks; empty unless it was fetched.
    """

    job_id: str
    status: str
    hardness: Mapping[str, JsonValue] | None
    report: Mapping[str, JsonValue]
    recommendations: tuple[Recommendation, ...] = ()
    created_at: datetime | None = None
    completed_at: datetime | None = None
    page: str = field(default="", repr=False, compare=False)

    @property
    def quality_score(self) -> float | None:
        """How much of the probability is on the reference states, from 0 to 100."""
        score = self.number("reference_concentration_score")
        return score if score is not None else self.number("formulation_quality")

    def document(self) -> dict[str, JsonValue]:
        """Write it as the service does, without the report for notebooks."""
        begun, done = self.created_at, self.completed_at
        return {
            "job_id": self.job_id,
            "status": self.status,
            "hardness": None if self.hardness is None else dict(self.hardness),
            "report": dict(self.report),
            "recommendations": [each.model_dump(mode="json") for each in self.recommendations],
            "created_at": None if begun is None else begun.isoformat(),
            "completed_at": None if done is None else done.isoformat(),
        }

    def number(self, name: str) -> float | None:
        """Look up a number in the report."""
        value = self.report.get(name)
        return float(value) if isinstance(value, int | float) else None

    def word(self, name: str) -> str | None:
        """Look up a word in the report, such as ``"regime"`` or ``"confidence"``."""
        value = self.report.get(name)
        return value if isinstance(value, str) else None

    def _repr_html_(self) -> str:
        if self.page:
            return self.page
        advice = "".join(f"<li>{html.escape(r.text)}</li>" for r in self.recommendations)
        score = "" if self.quality_score is None else f", quality {self.quality_score:g}"
        status = html.escape(f"{self.job_id}: {self.status}{score}")
        return f"<p>Characterisation {status}</p><ul>{advice}</ul>"


class Characterisations:
    """Problems that the service analyses.

    Args:
        gateway: Sends requests.
        uploads: Opens jobs.
    """

    def __init__(self, gateway: Gateway, uploads: Uploads) -> None:
        self._gateway = gateway
        self._uploads = uploads

    async def submit(
        self,
        qubo: Mapping[str, JsonValue],
        *,
        reference_states: Sequence[str] = (),
        options: Mapping[str, JsonValue] | None = None,
        tag: str = "quantum-async-characterise",
        older_wire: bool = False,
        patience: float = PATIENCE,
    ) -> Characterisation:
        """Analyse a problem, and wait for it. Billed by the problem's size; sent once.

        Cancelled: the analysis goes on; its job is the newest with the tag.

        Args:
            qubo: Coefficients by variables, such as ``{"0": -1.0, "0,1": 2.0}``, or an envelope
                of the format ``factored_v1``.
            reference_states: Bit strings to evaluate against.
            options: What to analyse and how, as the service documents it.
            tag: A word for lists.
            older_wire: Write ``target_states``, as the service's clients did before 0.13.
            patience: For how many seconds the service may stay silent while it analyses.

        Raises:
            InvalidInputError: The problem is empty, or a state is no bit string.
            QuantumAsyncError: It was refused, or its answer lost; ``job_id`` names the job to
                `fetch`.
        """
        _check(qubo, reference_states)
        job_id = await self._uploads.open_job({"job_type": "VALIDATE", "tag": tag})
        states = "target_states" if older_wire else "reference_states"
        document: dict[str, JsonValue] = {"qubo": dict(qubo), states: list(reference_states)}
        if options:
            document["options"] = dict(options)
        try:
            await self._gateway.create(
                f"/job/{segment(job_id)}/submit_qubo/",
                "characterise in job",
                job_id=job_id,
                body=Body(json_bytes(document)),
                patience=patience,
            )
        except (LostAnswerError, ServerError, ProtocolError) as error:
            error.add_note(f"The analysis may go on: fetch({job_id!r}) costs nothing.")
            raise
        return await self.fetch(job_id)

    async def fetch(self, job_id: str, *, with_page: bool = False) -> Characterisation:
        """Get what was found out. Costs nothing.

        Args:
            job_id: The job.
            with_page: Also get the service's own report, which notebooks then show.

        Raises:
            ConflictError: The analysis has not ended, or failed.
        """
        path = f"/job/{segment(job_id)}/validation_result/"
        wanted = "get the characterisation of job"
        response = await self._gateway.read(path, wanted, job_id=job_id)
        reply = parse(ValidationReply, response, job_id)
        return Characterisation(
            reply.job_id or job_id,
            reply.status,
            reply.hardness,
            reply.report or {},
            reply.recommendations or (),
            reply.created_at,
            reply.completed_at,
            await self.html(job_id) if with_page else "",
        )

    async def html(self, job_id: str) -> str:
        """Get the service's own report, a piece of a page without outside parts."""
        path = f"/job/{segment(job_id)}/validation_result/html/"
        response = await self._gateway.read(path, "get the report of job", job_id=job_id)
        return response.text


def _check(qubo: Mapping[str, JsonValue], states: Sequence[str]) -> None:
    if not qubo:
        raise InvalidInputError(
            "the problem has no terms",
            provider="qoro",
            remedy='Give coefficients by variables, such as {"0": -1.0, "0,1": 2.0}.',
        )
    for state in states:
        if not state or set(state) - set("01"):
            raise InvalidInputError(
                f"{state!r} is not a string of bits",
                provider="qoro",
                remedy="Write states as strings of 0 and 1.",
            )
