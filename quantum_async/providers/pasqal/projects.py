"""Projects: whose credits are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.errors import InvalidOptionError
from quantum_async.providers.pasqal.api import parse
from quantum_async.providers.pasqal.endpoints import Route
from quantum_async.providers.pasqal.wire import Envelope, PasqalProject

if TYPE_CHECKING:
    from quantum_async.providers.pasqal.api import Cloud

_PROJECTS = Envelope[tuple[PasqalProject, ...]]


class Projects:
    """The projects of an account: `PasqalClient.projects`.

    Args:
        cloud: What the client's parts share.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def current(self) -> str | None:
        """The id of the project that new batches and workloads belong to."""
        return self._cloud.project_id

    async def list(self) -> list[PasqalProject]:
        """List the active projects."""
        query = {"project_status": "ACTIVE"}
        response = await self._cloud.gateway.read(Route.LIST_PROJECTS, query=query)
        return [*parse(_PROJECTS, response).data]

    async def switch(self, project_id: str) -> PasqalProject:
        """Let new batches and workloads belong to another project.

        Args:
            project_id: One of the account's active projects.

        Raises:
            InvalidOptionError: There is no such project; the current one stays.
        """
        projects = await self.list()
        for project in projects:
            if project.id == project_id:
                self._cloud.project_id = project_id
                return project
        known = ", ".join(f"{project.id} ({project.name})" for project in projects) or "none"
        raise InvalidOptionError(
            f"there is no project {project_id}", provider="pasqal", remedy=f"There are: {known}."
        )
