"""Words of errors: what was wanted, and which request it was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from quantum_async.errors import QuantumAsyncError

if TYPE_CHECKING:
    from collections.abc import Generator

    from quantum_async.errors import Accepted


class Wording:
    """Say in an error of a block what was wanted there.

    Args:
        wanted: What is tried, such as ``"get job 1234"``.
        provider: Registry name of the provider.
        job_id: The job concerned.
        exists: Whether the provider has what it is tried with, as for whatever is cancelled,
            closed or fetched: then no failure of that says that it was not accepted.
    """

    def __init__(
        self, wanted: str, *, provider: str, job_id: str | None = None, exists: bool = False
    ) -> None:
        self._wanted = wanted
        self._provider = provider
        self._job_id = job_id
        self._exists = exists

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, QuantumAsyncError):
            request = f" (request {error.request_id})" if error.request_id else ""
            error.args = (f"{self._wanted}: {error}{request}",)
            accepted: Accepted | None = "yes" if self._exists else None
            error.concerning(provider=self._provider, job_id=self._job_id, accepted=accepted)


@contextmanager
def about_job(job_id: str, *, provider: str) -> Generator[None]:
    """Say in an error of a block which job it concerns: one that the provider has.

    Args:
        job_id: The job.
        provider: Registry name of the provider.
    """
    try:
        yield
    except QuantumAsyncError as error:
        error.concerning(provider=provider, job_id=job_id, accepted="yes")
        raise


@contextmanager
def about_batch(*, provider: str) -> Generator[None]:
    """Say in an error of a block that it concerns a batch that the provider has.

    Args:
        provider: Registry name of the provider.
    """
    try:
        yield
    except QuantumAsyncError as error:
        error.concerning(provider=provider, accepted="yes")
        raise
