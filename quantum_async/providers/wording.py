"""Words of errors: what was wanted, and which request it was."""

from __future__ import annotations

from quantum_async.errors import QuantumAsyncError


class Wording:
    """Say in an error of a block what was wanted there.

    Args:
        wanted: What is tried, such as ``"get job 1234"``.
        provider: Registry name of the provider.
        job_id: The job concerned.
    """

    def __init__(self, wanted: str, *, provider: str, job_id: str | None = None) -> None:
        self._wanted = wanted
        self._provider = provider
        self._job_id = job_id

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, QuantumAsyncError):
            request = f" (request {error.request_id})" if error.request_id else ""
            error.args = (f"{self._wanted}: {error}{request}",)
            error.concerning(provider=self._provider, job_id=self._job_id)
