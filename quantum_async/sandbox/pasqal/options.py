"""What can be set of the Pasqal service alone."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from quantum_async.sandbox.settings import Seconds


class PasqalOptions(BaseModel):
    """How the Pasqal service behaves where its documentation leaves it open.

    Args:
        full_results: Whether the one-call route for all results of a batch answers.
        string_codes: Whether ``code`` in an envelope is text, as some deployments write it.
        results_lag: How long after its end a job's results link stays null.
        link_lifetime: How long a results link is good for.
        open_batch_timeout: How long an open batch may be idle before it times out.
        opaque_tokens: Whether tokens are random words without ``expires_in``.
        raw: Whether results list every shot beside the counts.
        max_jobs_per_batch: How many jobs a batch takes.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")

    full_results: bool = True
    string_codes: bool = False
    results_lag: Seconds = 0.0
    link_lifetime: Seconds = 3600.0
    open_batch_timeout: Seconds = 300.0
    opaque_tokens: bool = False
    raw: bool = False
    max_jobs_per_batch: int = 10_000
