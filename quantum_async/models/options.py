"""Options: which a client carries, and what they mean, whatever they are written like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from enum import Enum
from functools import cache, lru_cache, singledispatch
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from quantum_async.errors import InvalidOptionError
from quantum_async.models.advice import Advice, Given
from quantum_async.models.submission import RunOptions

if TYPE_CHECKING:
    from quantum_async.models.result import Result


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
        from quantum_async.models.options import options_as

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
    (option,) = (item for item in fields(options) if item.name == name)
    return bool(getattr(options, name) != _default(option))


def _default(item: Field[object]) -> object:
    return item.default if item.default_factory is MISSING else item.default_factory()


@cache
def _origins(kind: type[RunOptions]) -> Mapping[str, type]:
    """Name, for each option, the class that it comes from: there it got its meaning."""
    names = [item.name for item in fields(kind)]
    owners = [owner for owner in reversed(kind.__mro__) if owner is not object]
    return {
        name: next(o for o in owners if name in vars(o).get("__annotations__", {}))
        for name in names
    }


def _given(options: RunOptions, name: str) -> Given:
    return Given(name, getattr(options, name), type(options).__name__)


Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

_WHOLE = 2.0**53
"""Up to here every whole number is a float as well."""


def meaning_of(options: RunOptions) -> str:
    """Write options down so that those that mean the same are the same text.

    An option with its default counts as absent, whichever class of options it is in. Documents
    (JSON) count by what they hold, without the random ids that Pulser gives to observables; numbers
    count by their value; mappings and sets have no order.

    Args:
        options: Options of any provider.

    Example:
        ```python
        import quantum_async as qa
        from quantum_async.models.options import meaning_of
        from quantum_async.providers.pasqal.options import PasqalOptions

        written = PasqalOptions(emulation='{"log_level": 20, "observables": []}')
        anew = PasqalOptions(emulation='{"observables": [], "log_level": 20.0}')
        assert meaning_of(written) == meaning_of(anew)
        assert meaning_of(PasqalOptions(seed=1)) == meaning_of(qa.RunOptions(seed=1))
        ```
    """
    try:
        return _remembered(options)
    except TypeError:
        # Something in it cannot be hashed.
        return _text(_differing(options))


def differing_options(one: RunOptions, other: RunOptions) -> tuple[str, ...]:
    """Name the options that do not mean the same in both.

    Args:
        one: Options of any provider.
        other: Options to compare them with.
    """
    first, second = _differing(one), _differing(other)
    names = {**first, **second}
    return tuple(name for name in names if _text(first.get(name)) != _text(second.get(name)))


def as_asked(result: Result, options: RunOptions) -> Result:
    """Let a result name its observables by the ids in the options that asked for it.

    Pulser finds an observable's values by a random id. Where jobs whose options mean the same share
    a submission, or an earlier process has run the job, the result has the ids of other objects.

    Args:
        result: What was measured.
        options: What was asked for.
    """
    emulation = getattr(options, "emulation", None)
    raw = result.raw
    if not isinstance(emulation, str) or raw is None or '"tagmap"' not in raw:
        return result
    wanted = _observables(emulation)
    if not wanted or all(identity in raw for identity in wanted.values()):
        return result
    try:
        known = json.loads(raw)["tagmap"]
    except (ValueError, TypeError, KeyError):
        return result
    for tag, identity in known.items() if isinstance(known, dict) else ():
        if tag in wanted and isinstance(identity, str) and identity:
            raw = raw.replace(f'"{identity}"', f'"{wanted[tag]}"')
    return replace(result, raw=raw)


@lru_cache(maxsize=256)
def _observables(emulation: str) -> Mapping[str, str]:
    """Read the ids of a configuration's observables, by the tags that Pulser gives them."""
    try:
        listed = json.loads(emulation)["observables"]
    except (ValueError, TypeError, KeyError):
        return {}
    found: dict[str, str] = {}
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("uuid"), str):
            parts = (each.get("observable"), each.get("tag_suffix"))
            found["_".join(str(part) for part in parts if part is not None)] = each["uuid"]
    return found


@lru_cache(maxsize=256)
def _remembered(options: RunOptions) -> str:
    return _text(_differing(options))


def _differing(options: RunOptions) -> dict[str, Plain]:
    """List the options that differ from their defaults."""
    found: dict[str, Plain] = {}
    common = {field.name: field for field in fields(RunOptions)}
    for field in fields(options):
        value = getattr(options, field.name)
        plain = _document(value) if isinstance(value, str) else _plain(value)
        if _text(plain) != _text(_plain(_default(common.get(field.name, field)))):
            found[field.name] = plain
    return found


def _document(text: str) -> Plain:
    """Read an option that holds a JSON object; other words mean themselves."""
    if not text.lstrip().startswith("{"):
        return _plain(text)
    try:
        return _without_ids(_plain(json.loads(text)))
    except ValueError:
        return text


def _without_ids(value: Plain) -> Plain:
    """Leave the id out of each of Pulser's observables: it is drawn anew for each object."""
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    if isinstance(value, dict):
        kept = (name for name in value if name != "uuid" or "observable" not in value)
        return {name: _without_ids(value[name]) for name in kept}
    return value


@singledispatch
def _plain(value: object) -> Plain:
    """Turn a value into data that JSON has words for, the same for equal ones."""
    if value is None:
        return None
    if is_dataclass(value) and not isinstance(value, type):
        # Several classes of settings may fit one option, so that theirs is part of the meaning.
        parts: dict[str, Plain] = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return {"~": type(value).__qualname__, **parts}
    if (convert := getattr(value, "tolist", None)) is not None:
        # A number or an array of another library.
        return _plain(convert())
    return f"{type(value).__qualname__}: {value!r}"


@_plain.register
def _(value: bool) -> Plain:  # noqa: FBT001  the value itself
    return value


@_plain.register
def _(value: int) -> Plain:
    return int(value)


@_plain.register
def _(value: float) -> Plain:
    return int(value) if value.is_integer() and abs(value) <= _WHOLE else float(value)


@_plain.register
def _(value: str) -> Plain:
    return str(value)


@_plain.register
def _(value: Enum) -> Plain:
    return _plain(value.value)


@_plain.register(Mapping)
def _(value: Mapping[object, object]) -> Plain:
    return {str(name): _plain(item) for name, item in value.items()}


@_plain.register(AbstractSet)
def _(value: AbstractSet[object]) -> Plain:
    return sorted((_plain(item) for item in value), key=_text)


@_plain.register(Sequence)
def _(value: Sequence[object]) -> Plain:
    return [_plain(item) for item in value]


def _text(value: Plain) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
