"""Advice that every door words for itself: arguments in Python, flags on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that a caller can set, as a part of an `Advice`; as text it is Python's.

    Args:
        name: What it is called: an argument, or an option of a provider.
        value: What to set it to; ``...`` stands for what the caller knows.
        options: For an option, the name of the class of options that has it.
        variable: For an argument of a client, the variable of the environment that says it too.
    """

    name: str
    value: object = ...
    options: str = ""
    variable: str = ""

    def __str__(self) -> str:
        if self.variable:
            return f"{self.name}= or {self.variable}"
        written = f"{self.name}={_written(self.value)}"
        return f"options={self.options}({written})" if self.options else written


class Given(Setting):
    """A setting that a caller has made, as an error quotes it."""

    __slots__ = ()

    def __str__(self) -> str:
        value = f"{self.value!r:.60}"
        return f"{self.options}.{self.name} = {value}" if self.options else f"{self.name}={value}"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a caller can do, as a part of an `Advice`; as text it is Python's.

    Args:
        call: What to do in Python.
        command: What to do on the command line.
    """

    call: str
    command: str

    def __str__(self) -> str:
        return self.call


class Advice(str):
    """A text that knows what in it is to be set or done; as it stands it is in Python's words.

    It can be the remedy of any error. A door that has other words asks for them.

    Args:
        *parts: Text, settings and actions, in order.

    Example:
        ```python
        from quantum_async.models.advice import Advice, Setting

        remedy = Advice("Transpile it, or pass ", Setting("transpile", True, "IQMOptions"), ".")
        assert remedy == "Transpile it, or pass options=IQMOptions(transpile=True)."
        assert (
            remedy.said(lambda setting: f"--{setting.name}") == "Transpile it, or pass --transpile."
        )
        ```
    """

    __slots__ = ("parts",)

    parts: tuple[str | Setting | Action, ...]

    def __new__(cls, *parts: str | Setting | Action) -> Self:  # noqa: D102 -- the class says it
        made = super().__new__(cls, "".join(map(str, parts)))
        made.parts = parts
        return made

    def said(self, say: Callable[[Setting | Action], str]) -> str:
        """Put it into the words of a door.

        Args:
            say: Writes down what is to be set or done as that door does.
        """
        return "".join(part if isinstance(part, str) else say(part) for part in self.parts)


def _written(value: object) -> str:
    if value is ...:
        return "..."
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {_written(item)}' for key, item in value.items())}}}"
    return repr(value)
