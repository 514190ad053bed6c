"""What else Divi's own service class does, in either generation: calls that run no circuits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from divi import backends  # pyright: ignore[reportAttributeAccessIssue]

from quantum_async.integrations.divi.payloads import wire_form
from quantum_async.integrations.divi.results import JobResponse
from quantum_async.models.job import JobStatus
from quantum_async.providers.api import ask_until
from quantum_async.providers.qoro.payloads import execution_config

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from quantum_async import QoroClient
    from quantum_async.models.job import JobState

    class HasJob:
        """What is used of Divi's own handle of a job."""

        job_id: str | None


T = TypeVar("T")

IS_NEWER: bool = hasattr(backends, "QoroJobError")
"""Whether this is Divi since 0.14."""


class ServiceCalls(ABC):
    """The vendor's operations on credits, on jobs that are there, and on QUBO problems."""

    @abstractmethod
    def _ask(self, what: str, work: Callable[[QoroClient], Awaitable[T]]) -> T:
        """Await something of the client, opening it if nobody has."""

    def get_credit_balance(self) -> dict[str, Any]:
        """Ask how many credits are left; amounts are texts, as the service writes them."""
        found = self._ask("get_credit_balance", lambda client: client.credits.balance())
        return found.model_dump(mode="json")

    def get_credit_transactions(self, page: int = 1, page_size: int = 20) -> dict[str, Any]:
        """Read a page of the movements of credits.

        Args:
            page: Which one, from 1.
            page_size: How many movements, from 1 to 100.
        """
        found = self._ask(
            "get_credit_transactions", lambda client: client.credits.page(page, page_size=page_size)
        )
        return found.model_dump(mode="json")

    def delete_job(self, execution_result: HasJob) -> JobResponse:
        """Delete a job at the service; one that is gone already stays so."""
        job_id = id_of(execution_result)
        self._ask("delete_job", lambda client: client.jobs.delete(job_id))
        return JobResponse({}, status=204)

    def set_execution_config(self, execution_result: HasJob, config: Any) -> dict[str, Any]:
        """Replace how a job that waits is simulated.

        Args:
            execution_result: The job.
            config: The ``ExecutionConfig`` of Divi before 0.14, or a mapping as on the wire.

        Raises:
            InvalidOptionError: It has a field that the service does not know.
            ConflictError: The job waits no more.
        """
        job_id, wanted = id_of(execution_result), execution_config(wire_form(config))
        found = self._ask(
            "set_execution_config", lambda client: client.jobs.set_config(job_id, wanted)
        )
        return {"status": "ok", "job_id": job_id, **found.model_dump(include={EXECUTION})}

    def get_execution_config(self, execution_result: HasJob) -> Any:
        """Get how a job is simulated, in Divi before 0.14 as its own ``ExecutionConfig``."""
        found = self._config(execution_result, EXECUTION) or {}
        return found if IS_NEWER else backends.ExecutionConfig.from_response(found)

    def get_maestro_config(self, execution_result: HasJob) -> Any:
        """Get how a job is simulated, as Divi's own ``MaestroConfig``; ``None`` if it has none."""
        found = self._config(execution_result, "maestro_config")
        if found is None:
            return None
        from divi.backends.runners._maestro_payload import maestro_config_from_payload  # pyright: ignore[reportMissingImports]

        return maestro_config_from_payload(found)

    def get_device_config(self, execution_result: HasJob) -> Any:
        """Get how a quantum computer runs a job, as Divi's own; ``None`` if it has none."""
        found = self._config(execution_result, "device_config")
        return None if found is None else backends.DeviceConfig.from_payload(found)

    def characterize_and_validate(
        self,
        qubo: Mapping[str, Any] | None = None,
        *,
        reference_states: Sequence[str] | None = None,
        target_states: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        job_id: str | None = None,
        tag: str = "divi-characterize",
    ) -> dict[str, Any]:
        """Have a QUBO analysed, or fetch what was found out. Submitting is billed, and sent once.

        It runs no circuits, and is no job of the scheduler's: a journal does not know it.

        Args:
            qubo: Coefficients by variables, or an envelope of the format ``factored_v1``.
            reference_states: Bit strings to evaluate against.
            target_states: The same in Divi before 0.14.
            options: What to analyse and how.
            job_id: Fetch the result of this analysis instead, once it has ended.
            tag: A word for lists.

        Raises:
            ValueError: There is neither a problem nor an id, or no state where one is needed.
            QuantumAsyncError: It was refused, or its answer lost; ``job_id`` names the job.
        """
        states = reference_states or target_states or ()
        if job_id is None and qubo is None:
            raise ValueError("either a qubo to analyse or the job_id of an analysis is needed")
        if job_id is None and IS_NEWER and not states:
            raise ValueError("at least one reference state is needed")

        async def characterise(client: QoroClient) -> dict[str, Any]:
            if (known := job_id) is not None:
                state = await ask_until(lambda _: client.jobs.status(known), _has_ended)
                if state.status is not JobStatus.SUCCEEDED:
                    return {"job_id": known, "status": state.reported}
                found = await client.characterisations.fetch(known)
            else:
                found = await client.characterisations.submit(
                    qubo or {},
                    reference_states=states,
                    options=options,
                    tag=tag,
                    older_wire=not IS_NEWER,
                )
            return found.document()

        return self._ask("characterize_and_validate", characterise)

    def _fetch_characterization_html(self, job_id: str) -> str:
        """Get the service's own report of an analysis; Divi's results show it in notebooks."""
        return self._ask("report", lambda client: client.characterisations.html(job_id))

    def _config(self, execution_result: HasJob, kind: str) -> dict[str, Any] | None:
        job_id = id_of(execution_result)
        found = self._ask("config", lambda client: client.jobs.config(job_id))
        config: dict[str, Any] | None = getattr(found, kind)
        return config


EXECUTION = "execution_configuration"


def id_of(execution_result: HasJob) -> str:
    """Name the job of Divi's handle.

    Raises:
        ValueError: It has none.
    """
    job_id = execution_result.job_id
    if job_id is None:
        raise ValueError("The result belongs to no job.")
    return str(job_id)


def _has_ended(state: JobState) -> bool:
    return state.status.is_terminal
