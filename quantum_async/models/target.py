"""A target: which device of which provider runs a program."""

from __future__ import annotations

from dataclasses import dataclass

from quantum_async.errors import UnknownTargetError


@dataclass(frozen=True, slots=True)
class Target:
    """A device of a provider, written ``provider:device``.

    Args:
        provider: What the client is called: the registry name of its provider, such as
            ``"pasqal"``, or a name of its own.
        device: The device's name as the provider spells it; empty means "the one that follows
            from the program".

    Example:
        ```python
        import quantum_async as qa

        assert qa.Target.parse("azure:ionq.simulator").device == "ionq.simulator"
        ```
    """

    provider: str
    device: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``provider:device`` or ``provider``.

        Raises:
            UnknownTargetError: The text names no provider.
        """
        provider, _, device = _text(text).partition(":")
        if not provider or any(c.isspace() for c in provider):
            raise UnknownTargetError(
                f"{text!r} is not a target",
                remedy="Write provider:device, for example local:statevector or pasqal:FRESNEL.",
            )
        return cls(provider, device)

    def __str__(self) -> str:
        return f"{self.provider}:{self.device}" if self.device else self.provider


def _text(given: object) -> str:
    return given.strip() if isinstance(given, str) else ""
