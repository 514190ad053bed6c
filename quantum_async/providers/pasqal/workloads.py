"""Workloads: work for the service's classical machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quantum_async.errors import QuantumAsyncError, ResultError, ResultPendingError
from quantum_async.http.encode import json_body
from quantum_async.providers.api import wait_until_over
from quantum_async.providers.pasqal.api import parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.translate.statuses import job_status
from quantum_async.providers.pasqal.wire import Envelope, PasqalWorkload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.pasqal.api import Cloud

_WORKLOAD = Envelope[PasqalWorkload]


class Workloads:
    """The workloads of an account: `PasqalClient.workloads`.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._gateway = cloud.gateway

    async def create(
        self, workload_type: str, backend: str, config: Mapping[str, JsonValue]
    ) -> PasqalWorkload:
        """Create a workload. Sent once; billed.

        Args:
            workload_type: What kind of workload.
            backend: What it runs on.
            config: What it is to do.

        Raises:
            LostAnswerError, ServerError, ProtocolError: It may exist or not.
        """
        body = await json_body(
            {
                "workload_type": workload_type,
                "backend": backend,
                "config": dict(config),
                "project_id": self._cloud.billed_project,
            }
        )
        response = await self._gateway.create(Route.CREATE_WORKLOAD, body=body)
        return parse(_WORKLOAD, response).data

    async def get(self, workload_id: str) -> PasqalWorkload:
        """Look a workload up; its result is downloaded by `result` alone."""
        return parse(_WORKLOAD, await self._gateway.read(Route.GET_WORKLOAD, workload_id)).data

    async def cancel(self, workload_id: str) -> PasqalWorkload:
        """Cancel a workload."""
        response = await self._gateway.write(Route.CANCEL_WORKLOAD, workload_id)
        return parse(_WORKLOAD, response).data

    async def wait(
        self,
        workload_id: str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  its error says more
    ) -> PasqalWorkload:
        """Wait until a workload has ended, however it ends.

        Args:
            workload_id: The workload.
            timeout: Longest wait in seconds; as long as it takes by default.

        Raises:
            WaitTimeoutError: The time is up; the workload goes on.
        """
        return await wait_until_over(
            lambda: self.get(workload_id),
            lambda seen: job_status(seen.state).is_terminal,
            what=f"workload {workload_id}",
            provider="pasqal",
            timeout=timeout,
        )

    async def result(self, workload: PasqalWorkload) -> JsonValue:
        """Return a workload's result, downloading it where it is not in the answer.

        Args:
            workload: As `get` or `wait` returned it.

        Raises:
            ResultPendingError: There is none yet.
            ResultError: What was downloaded is not JSON.
        """
        if workload.result is not None:
            return workload.result
        if not workload.result_link:
            raise ResultPendingError(
                f"workload {workload.id} has no result",
                provider="pasqal",
                job_id=workload.id,
                remedy="Wait for it, and look it up again.",
            )
        try:
            response = await self._gateway.download(workload.result_link)
        except QuantumAsyncError as error:
            error.concerning(provider="pasqal", job_id=workload.id, accepted="yes")
            raise
        with response.decoding("the result", provider="pasqal", job_id=workload.id):
            try:
                found: JsonValue = json.loads(response.content)
            except ValueError as error:
                raise ResultError(
                    f"the result of workload {workload.id} is not JSON: {error}",
                    provider="pasqal",
                    job_id=workload.id,
                    request_id=response.request_id,
                    remedy="A gateway may have answered instead of the storage: try again.",
                ) from error
        return found
