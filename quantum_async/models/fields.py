"""Fields of options and filters: words become what they mean, other types are refused."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from quantum_async.errors import InvalidOptionError
from quantum_async.models.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _typeshed import DataclassInstance

Word = TypeVar("Word", bound=Enum)
Further = TypeVar("Further", bound=Enum)


_UNIONS = {types.UnionType, get_origin(Any | None)}
"""Both ways in which Python has alternatives."""


class _UnfitError(Exception):
    """A value does not fit the type of its field."""


def check_fields(item: DataclassInstance) -> None:
    """Bring every field of new options to its declared type, or refuse it.

    Called in ``__post_init__``. A word stands for the member of an enumeration, by value or by
    name in either case; several words are a tuple of them, never one string; whole numbers fit
    where numbers are meant, and nothing else is converted.

    Args:
        item: Options, filters, or a configuration inside of them; a frozen dataclass.

    Raises:
        InvalidOptionError: A field has another type, or a word that does not exist.

    Example:
        ```python
        from dataclasses import dataclass
        from enum import StrEnum

        from quantum_async.models.fields import check_fields


        class Form(StrEnum):
            QIR = "qir"
            NATIVE = "native"


        @dataclass(frozen=True)
        class Settings:
            form: Form = Form.QIR

            def __post_init__(self) -> None:
                check_fields(self)


        assert Settings("native").form is Form.NATIVE
        ```
    """
    kind = type(item)
    defaults = _defaults(kind)
    for name, hint in types_of(kind).items():
        given = getattr(item, name)
        if given is defaults[name]:
            # Most options are left at it, and options are made anew for each point of a sweep.
            continue
        try:
            taken = _taken(given, hint)
        except _UnfitError:
            raise InvalidOptionError(
                f"{kind.__name__}.{name} is {given!r:.200}",
                remedy=f"Give {' or '.join(dict.fromkeys(_said(hint)))}.",
            ) from None
        if taken is not given:
            object.__setattr__(item, name, taken)


def read_field(kind: type[DataclassInstance], name: str, text: str) -> object:
    """Read a field's value from a text, such as a word of a command line.

    JSON counts as what it means where that fits the field, and an object as the configuration that
    the field takes; else the text counts as it stands. Several values may be parted by commas.

    Args:
        kind: The options.
        name: The field.
        text: Its value as written.

    Raises:
        InvalidOptionError: It fits the field in no way.

    Example:
        ```python
        from quantum_async.models.fields import read_field
        from quantum_async.providers.iqm.options import IQMOptions

        assert read_field(IQMOptions, "transpile", "true") is True
        assert read_field(IQMOptions, "tags", "a,b") == ("a", "b")
        ```
    """
    hint = types_of(kind)[name]
    for value in _readings(text):
        try:
            return _taken(_configured(value, hint), hint)
        except _UnfitError:
            continue
    raise InvalidOptionError(
        f"{name} is {text!r:.200}",
        remedy=f"Give {' or '.join(dict.fromkeys(_said(hint, _IN_JSON)))}.",
    )


def _readings(text: str) -> Iterator[object]:
    """List what a text may mean, the likeliest first."""
    with suppress(ValueError, RecursionError):
        yield json.loads(_CONSTANTS.get(text.strip().lower(), text))
    yield text
    with suppress(ValueError, RecursionError):
        yield json.loads(f"[{text}]")
    yield [part.strip() for part in text.split(",")]


def _configured(value: object, hint: Any) -> object:
    """Turn objects of JSON into the configurations that a type has a place for."""
    for part in get_args(hint) if get_origin(hint) in _UNIONS else (hint,):
        if isinstance(value, Mapping) and isinstance(part, type) and is_dataclass(part):
            for kind in (part, *part.__subclasses__()):
                hints = types_of(kind)
                if value.keys() <= hints.keys():
                    return kind(**{k: _configured(item, hints[k]) for k, item in value.items()})
        if isinstance(value, list) and get_origin(part) in {tuple, Sequence}:
            return [_configured(item, get_args(part)[0]) for item in value]
    return value


def check_json(item: DataclassInstance, *names: str) -> None:
    """Refuse fields that hold what cannot be written down as JSON.

    Args:
        item: Options, or a configuration inside of them.
        *names: The fields.

    Raises:
        InvalidOptionError: One of them holds something else.
    """
    for name in names:
        try:
            json.dumps(getattr(item, name), allow_nan=False, default=_plain_mapping)
        except (TypeError, ValueError) as error:
            raise InvalidOptionError(
                f"{type(item).__name__}.{name} cannot be written as JSON: {error}",
                remedy="Use finite numbers, words, lists, and mappings of them.",
            ) from None


def _plain_mapping(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"it holds a {type(value).__name__}")


def word_of(value: object, *kinds: type[Word]) -> Word | None:
    """Find the member of an enumeration that a value or a word means.

    Args:
        value: A member, its value, or its name in either case.
        *kinds: Enumerations, in the order in which they are looked through.

    Returns:
        The member, or ``None`` where there is none.
    """
    for kind in kinds:
        if isinstance(value, kind):
            return value
    # A member of a vendor's own enumeration means the word that it stands for.
    given = value.value if isinstance(value, Enum) and isinstance(value, str) else value
    for kind in kinds:
        for member in kind:
            if isinstance(given, str) and given.casefold() in _names(member):
                return member
            if not isinstance(given, (bool, Enum)) and given == member.value:
                return member
    return None


def statuses_of(
    value: object, meanings: Mapping[Word, JobStatus], *further: type[Further]
) -> tuple[Word | Further, ...]:
    """Find a service's words for one or several statuses, which may be ours as well.

    Args:
        value: Members of the service's enumeration or of `JobStatus`, or words of either.
        meanings: Every word of the service, and which of our statuses it means.
        *further: Enumerations whose words the service knows as well.

    Raises:
        InvalidOptionError: A word is neither the service's nor ours.
    """
    several = isinstance(value, Sequence) and not isinstance(value, str)
    items = value if isinstance(value, Sequence) and several else [value]
    return tuple(dict.fromkeys(word for item in items for word in _words(item, meanings, further)))


def _words(
    value: object, meanings: Mapping[Word, JobStatus], further: tuple[type[Further], ...]
) -> list[Word | Further]:
    known: list[Word | Further]
    known = [word for word, meaning in meanings.items() if meaning is not JobStatus.UNKNOWN]
    known += [word for kind in further for word in kind if word.name != JobStatus.UNKNOWN.name]
    if type(value) is str and value not in {word.value for word in known}:
        # Ours in whichever case, before the service's in another case than it writes them.
        value = word_of(value, JobStatus) or value
    ours: list[Word | Further]
    if isinstance(value, JobStatus):
        ours = [word for word, meaning in meanings.items() if word in known and meaning is value]
    else:
        kinds: list[type[Word | Further]] = list(dict.fromkeys(map(type, known)))
        found = word_of(value, *kinds)
        ours = [found] if found is not None and found in known else []
    if not ours:
        words = ", ".join(dict.fromkeys(str(word.value) for word in known))
        own = ", ".join(status for status in JobStatus if status is not JobStatus.UNKNOWN)
        raise InvalidOptionError(
            f"there is no status {value!r:.100}",
            remedy=f"The service's words: {words}; those of JobStatus: {own}.",
        )
    return ours


@lru_cache(maxsize=256)
def _defaults(kind: type[DataclassInstance]) -> Mapping[str, object]:
    """Find the defaults that need no look; where there is none, what no field can be."""
    found: dict[str, object] = {}
    for item in fields(kind):
        try:
            is_right = _taken(item.default, types_of(kind)[item.name]) is item.default
        except (_UnfitError, KeyError):
            is_right = False
        found[item.name] = item.default if is_right else MISSING
    return found


@lru_cache(maxsize=256)
def types_of(kind: type[DataclassInstance]) -> Mapping[str, Any]:
    """Find the declared types of a dataclass's fields; `Any` for what only a checker knows.

    Args:
        kind: The dataclass.
    """
    names = [item.name for item in fields(kind) if item.init]
    unknown: dict[str, Any] = {}
    while True:
        try:
            hints = get_type_hints(kind, localns=unknown)
        except NameError as error:
            unknown[error.name or ""] = Any
        else:
            return {name: hints[name] for name in names}


def _names(member: Enum) -> set[str]:
    words = {member.name.casefold()}
    return words | {member.value.casefold()} if isinstance(member.value, str) else words


def _taken(value: object, hint: Any) -> object:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        return _one_of(value, parts)
    if origin is Literal:
        return _word(value, parts)
    if origin is tuple:
        return _several(value, parts)
    if origin is Sequence:
        return _several(value, (*parts, ...))
    if origin is Mapping:
        return _mapping(value, parts)
    if hint in {None, types.NoneType}:
        return _exactly(value, value is None)
    return value if hint is Any or not isinstance(hint, type) else _plain(value, hint)


def _word(value: object, parts: tuple[object, ...]) -> object:
    """Take one of a few words; a vendor's enumeration may say it, and `True` is no 1."""
    for part in parts:
        alike = isinstance(value, str) if isinstance(part, str) else type(value) is type(part)
        if alike and value == part:
            return part
    raise _UnfitError


def _plain(value: object, hint: type) -> object:
    if issubclass(hint, Enum):
        return _exactly(found := word_of(value, hint), found is not None)
    if hint is not str and _is_number_of_an_array(value):
        value = value.item()  # type: ignore[attr-defined]  # just looked for
    if hint is bool:
        return _exactly(value, isinstance(value, bool))
    if hint is int:
        return int(_exactly(value, isinstance(value, int) and not isinstance(value, bool)))  # type: ignore[call-overload]  # an int
    if hint is float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        _exactly(value, is_number and math.isfinite(value))  # type: ignore[arg-type]  # a number
        return value if isinstance(value, (int, float)) else float(value)  # type: ignore[arg-type]
    return _exactly(value, isinstance(value, hint))


def _exactly(value: object, is_fit: bool) -> object:  # noqa: FBT001 -- a condition beside its value
    if not is_fit:
        raise _UnfitError
    return value


def _one_of(value: object, parts: Iterable[Any]) -> object:
    found: list[object] = []
    for part in parts:
        try:
            taken = _taken(value, part)
        except _UnfitError:
            continue
        if taken is value:
            return value
        found.append(taken)
    if not found:
        raise _UnfitError
    return found[0]


def _several(value: object, parts: tuple[Any, ...]) -> object:
    # A string is a sequence of letters too, and never meant as one.
    _exactly(value, isinstance(value, Sequence) and not isinstance(value, (str, bytes)))
    items = list(value)  # type: ignore[call-overload]  # just checked
    if len(parts) == 2 and parts[1] is ...:
        taken = tuple(_taken(item, parts[0]) for item in items)
    else:
        _exactly(value, len(items) == len(parts))
        taken = tuple(map(_taken, items, parts))
    is_same = isinstance(value, tuple) and all(a is b for a, b in zip(taken, value, strict=True))
    return value if is_same else taken


def _mapping(value: object, parts: tuple[Any, ...]) -> object:
    _exactly(value, isinstance(value, Mapping))
    items = dict(value)  # type: ignore[call-overload]  # just checked
    taken = {_taken(key, parts[0]): _taken(item, parts[1]) for key, item in items.items()}
    return value if all(taken[key] is item for key, item in items.items()) else taken


def _is_number_of_an_array(value: object) -> bool:
    return hasattr(value, "item") and getattr(value, "shape", None) == ()


_IN_PYTHON: Mapping[object, str] = {
    bool: "True or False", None: "None", tuple: "a tuple of", Mapping: "a mapping"
}  # fmt: skip
_IN_JSON: Mapping[object, str] = {
    bool: "true or false", None: "null", tuple: "a list of", Mapping: "an object of JSON"
}  # fmt: skip
"""What there is no common word for."""
_CONSTANTS = {"true": "true", "false": "false", "null": "null", "none": "null"}
"""Words that are the same in any case."""


def _said(hint: Any, words: Mapping[object, str] = _IN_PYTHON) -> list[str]:
    """Say what fits a type."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in _UNIONS:
        return [said for part in parts for said in _said(part, words)]
    if origin is Literal:
        return [repr(part) for part in parts]
    if origin in {tuple, Sequence}:
        return [f"{words[tuple]}: {', '.join(dict.fromkeys(_said(parts[0], words)))}"]
    if origin is Mapping:
        return [words[Mapping]]
    if hint in {None, types.NoneType}:
        return [words[None]]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [repr(m.value) if isinstance(m.value, str) else repr(m.name) for m in hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return [f"a {hint.__name__}"]
    plain = {bool: words[bool], int: "a whole number", float: "a finite number", str: "a text"}
    return [plain.get(hint, f"a {getattr(hint, '__name__', hint)}")]
