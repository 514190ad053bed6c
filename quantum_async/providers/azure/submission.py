"""New jobs: what is refused before it is sent, and how the rest is written down."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from quantum_async.errors import InvalidOptionError
from quantum_async.providers.azure.sas import blob_of, unsigned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import JsonValue

    from quantum_async.providers.azure.storage import Encoding
    from quantum_async.providers.azure.wire import Priority

    JsonObject: TypeAlias = dict[str, JsonValue]

INPUT = "inputData"

_KEYS = uuid.UUID("6a0a2a4e-6f6b-5a2c-9a54-2f3c5d7a9b10")


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job before it is sent.

    Args:
        target: The target's name.
        content: The input.
        input_format: How the input is written down, such as ``"qir.v1"``.
        output_format: How the output is wanted; empty leaves it to the target.
        provider: The provider; what comes before the first dot of the target, by default.
        name: What people call it.
        media_type: What the input is stored as.
        params: What else the target is told, such as the number of shots.
        metadata: Words to store with the job.
        session_id: The session it goes to.
        priority: How urgent it is, where the workspace has priorities.
        tags: Free words.
        encoding: ``"gzip"`` stores the input compressed; whether a target unpacks it is its own
            affair.
        container: The container's name; one of the job's own by default.
        blob: The input's name in its container.

    Raises:
        InvalidOptionError: The target or the input's format is missing.
    """

    target: str
    content: bytes = field(repr=False)
    input_format: str
    output_format: str = ""
    provider: str = ""
    name: str = "quantum-async-job"
    media_type: str = "application/json"
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    encoding: Encoding | None = None
    container: str = ""
    blob: str = INPUT

    def __post_init__(self) -> None:
        if not (self.target and self.input_format):
            raise InvalidOptionError(
                "a job needs a target and an input format",
                provider="azure",
                remedy='Such as NewJob(target="ionq.simulator", input_format="ionq.circuit.v1").',
            )

    def document(self, container_url: str) -> JsonObject:
        """Write the job down.

        Args:
            container_url: The signed address of its container.
        """
        document: JsonObject = {
            "itemType": "Job",
            "name": self.name,
            "containerUri": container_url,
            "inputDataUri": unsigned(blob_of(container_url, self.blob)),
            "inputDataFormat": self.input_format,
            "providerId": self.provider or provider_of(self.target),
            "target": self.target,
            "inputParams": dict(self.params),
        }
        optional: JsonObject = {
            "outputDataFormat": self.output_format or None,
            "metadata": dict(self.metadata) or None,
            "sessionId": self.session_id,
            "priority": self.priority,
            "tags": list(self.tags) or None,
        }
        return document | {name: value for name, value in optional.items() if value is not None}


def provider_of(target: str) -> str:
    """Name the provider that a target's name begins with."""
    provider, dot, _ = target.partition(".")
    return provider if dot else ""


def id_of(key: str) -> str:
    """Derive the service's id of a job or session from our key of it.

    The same key gives the same id in every process, so that a submission whose answer was lost is
    found by reading that id.

    Args:
        key: A UUID in hexadecimal, or any other word.
    """
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(_KEYS, key))
