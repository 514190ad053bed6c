"""Carrying options: a client takes its own class of them, and refuses what would be dropped."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from quantum_async.errors import InvalidOptionError
from quantum_async.models.advice import Advice, Given
from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from dataclasses import Field

    from _typeshed import DataclassInstance

Options = TypeVar("Options", bound=RunOptions)


def options_as(kind: type[Options], options: RunOptions, provider: str) -> Options:
    """Take options as those of one client; what that client could only drop is refused.

    An option that both classes have from a common one means the same in both, and is carried.
    One that is left at its default says nothing, wherever it is from.

    Args:
        kind: The client's class of options.
        options: Options of whichever class.
        provider: The client's name.

    Raises:
        InvalidOptionError: They are none, or the client has no such option.

    Example:
        ```python
        import quantum_async as qa
        from quantum_async.models.carrying import options_as

        assert options_as(qa.IQMOptions, qa.RunOptions(seed=7), "iqm") == qa.IQMOptions(seed=7)
        ```
    """
    if type(options) is kind:
        return options
    if not isinstance(options, RunOptions):
        raise InvalidOptionError(
            f"options are {options!r:.100}, not a RunOptions",
            provider=provider,
            remedy=f"Pass RunOptions or {kind.__name__}.",
        )
    known = _origins(kind)  # type: ignore[arg-type]  # mypy sees the hash of its objects
    carried: dict[str, object] = {}
    given = _origins(type(options))  # type: ignore[arg-type]  # the same
    for name, origin in given.items():
        if known.get(name) is origin:
            carried[name] = getattr(options, name)
        elif is_given(options, name):
            raise InvalidOptionError(
                Advice(f"{provider} cannot carry ", _given(options, name)),
                provider=provider,
                remedy=f"Leave it out: it belongs to jobs whose client takes {origin.__name__}. "
                f"Jobs of {provider} take {kind.__name__}: {', '.join(known)}.",
            )
    return options if isinstance(options, kind) else kind(**carried)  # type: ignore[arg-type]


def refuse_options(
    options: RunOptions, refused: Mapping[str, str], where: str, provider: str
) -> None:
    """Refuse options that one route of a client has no place for.

    Args:
        options: The client's own options.
        refused: What to do instead, by the name of each option that would be dropped.
        where: The route, as people call it.
        provider: The client's name.

    Raises:
        InvalidOptionError: One of them is given.
    """
    for name, remedy in refused.items():
        if is_given(options, name):
            raise InvalidOptionError(
                Advice(f"{where} cannot carry ", _given(options, name)),
                provider=provider,
                remedy=remedy,
            )


def is_given(options: RunOptions, name: str) -> bool:
    """Say whether an option says something: whether it differs from its default."""
    defaults = _defaults(type(options))  # type: ignore[arg-type]  # the same
    return bool(getattr(options, name) != defaults[name])


@cache
def _defaults(kind: type[DataclassInstance]) -> Mapping[str, object]:
    return {item.name: _default(item) for item in fields(kind)}


def _default(item: Field[object]) -> object:
    return item.default if item.default_factory is MISSING else item.default_factory()


@cache
def _origins(kind: type[DataclassInstance]) -> Mapping[str, type]:
    """Name, for each option, the class that it comes from: there it got its meaning."""
    names = [item.name for item in fields(kind)]
    owners = [owner for owner in reversed(kind.__mro__) if owner is not object]
    return {
        name: next(o for o in owners if name in vars(o).get("__annotations__", {}))
        for name in names
    }


def _given(options: RunOptions, name: str) -> Given:
    return Given(name, getattr(options, name), type(options).__name__)
