"""Names under which values are written down, declared beside their types.

What is written for years must not hang on where a class happens to live: moving or renaming one
loses nothing as long as it keeps its declared name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from quantum_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_TYPES: dict[str, type] = {}
_NAMES: dict[type, str] = {}


def stored(name: str) -> Callable[[type[T]], type[T]]:
    """Declare the name under which a journal writes values of a dataclass or an enumeration.

    Args:
        name: Never changed once something was written under it. A provider's begins with its
            registry name and a dot, so that it can be found before the provider is imported.

    Raises:
        ConfigurationError: Another type has this name.

    Example:
        ```python
        from dataclasses import dataclass

        import quantum_async as qa
        from quantum_async.models.stored import stored


        @stored("acme.options")
        @dataclass(frozen=True)
        class AcmeOptions(qa.RunOptions):
            patience: int = 3
        ```
    """

    def declare(kind: type[T]) -> type[T]:
        known = _TYPES.get(name)
        if known is not None and _place(known) != _place(kind):
            raise ConfigurationError(
                f"{name!r} is the stored name of {known.__qualname__} already",
                remedy="Give each type a name of its own.",
            )
        _TYPES[name] = kind
        _NAMES[kind] = name
        return kind

    return declare


def stored_name(kind: type) -> str | None:
    """Return the declared name of a type, if it has one; a subclass needs one of its own."""
    return _NAMES.get(kind)


def stored_type(name: str) -> type | None:
    """Return the type that was declared under a name, if its module has been imported."""
    return _TYPES.get(name)


def _place(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__
