"""The projects of the sandbox's only company."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quantum_async.sandbox.pasqal.specs import MACHINES

if TYPE_CHECKING:
    from pydantic import JsonValue

PROJECT_ID = "00000000-0000-4000-8000-000000000001"
"""The project that the sandbox's variables name."""


def _project(place: int, name: str, status: str) -> dict[str, JsonValue]:
    project_id = f"00000000-0000-4000-8000-{place:012d}"
    return {
        "id": project_id,
        "project_id": project_id,
        "name": name,
        "description": f"{name} of the sandbox",
        "company": "Sandbox",
        "email_domain": "sandbox.invalid",
        "project_status": status,
        "project_type": "STARTER",
        "package": None,
        "queue_priority": "MEDIUM",
        "allowed_device_types": [*MACHINES],
        "allowed_workload_types": [],
        "additional_access_grants": [],
        "account_manager": None,
        "main_admin": None,
        "count": {"ACTIVE_ADMIN": 1, "ACTIVE_MEMBER": 1, "PENDING": 0},
        "last_activity_date": None,
    }


PROJECTS = (
    _project(1, "First project", "ACTIVE"),
    _project(2, "Second project", "ACTIVE"),
    _project(3, "Old project", "ARCHIVED"),
)
"""Every project, of which two are active."""
