"""Writing a blocking class: its signatures and docstrings, with bodies of one line."""

from __future__ import annotations

import ast
import inspect
from enum import Enum
from importlib import import_module
from inspect import Parameter
from typing import TYPE_CHECKING, get_overloads

from facade.annotations import (
    CLIENT,
    Imports,
    mentions_twin,
    origin,
    rewrite,
)
from facade.docstrings import PROGRESS, TIMEOUT, twin_doc
from facade.reading import (
    Member,
    Shape,
    default_source,
    is_manager,
    members,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = (
    "# Written by `python .ci/facade` from the async classes.\n"
    "# Do not change it here: change those, and run the generator.\n"
    '# mypy: disable-error-code="no-any-return"\n'
)

SCHEDULER = "Scheduler"


def module_source(
    home: str,
    classes: list[type],
    twins: dict[str, str],
    writer: type[ClassWriter] | None = None,
) -> str:
    """Write a module of twins.

    Args:
        home: Its dotted name.
        classes: The async classes.
        twins: The dotted path of every async class's twin.
        writer: Writes one of them; as the facade's by default.
    """
    writer = writer or ClassWriter
    imports = Imports(twins, home)
    bodies = [writer(cls, imports).source() for cls in classes]
    floor = home.rpartition(".")[2].removeprefix("_").removesuffix("_generated")
    runtime = "\n".join(sorted(imports.runtime))
    checking = "\n".join(f"    {line}" for line in sorted(imports.lines - imports.runtime))
    return (
        f'"""Blocking twins of the async classes: {floor}."""\n\n{HEADER}\n'
        f"from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\n{runtime}\n\n"
        f"if TYPE_CHECKING:\n{checking}\n\n\n" + "\n\n\n".join(bodies) + "\n"
    )


def return_type(member: Member) -> str:
    """Return a member's type as its source has it; what awaiting it gives, for ``__await__``."""
    if member.function is None:
        return member.annotation
    annotation = inspect.signature(member.function).return_annotation
    if not isinstance(annotation, str):
        raise TypeError(f"{member.owner.__name__}.{member.name} has no return annotation")
    if member.shape is Shape.AWAITABLE:
        generator = ast.parse(annotation).body[0]
        assert isinstance(generator, ast.Expr)
        assert isinstance(generator.value, ast.Subscript)
        assert isinstance(generator.value.slice, ast.Tuple)
        return ast.unparse(generator.value.slice.elts[-1])
    return annotation


def public_path(cls: type) -> str:
    """Name an async class as users know it."""
    package = import_module("quantum_async")
    if getattr(package, cls.__name__, None) is cls and cls.__name__ in package.__all__:
        return f"quantum_async.{cls.__name__}"
    return f"{cls.__module__}.{cls.__name__}"


class ClassWriter:
    """Write the blocking twin of one async class."""

    twin = "self._async"
    """What the async object is called in it."""
    call, wrap, iterate = "self._call", "self._wrap", "self._iterate"
    """What awaits a coroutine, gives twins, and iterates, all on the facade's event loop."""
    unwrapping = "quantum_async.blocking._handle"
    """Where the function `unwrap` is, for what callers pass."""
    adds_timeout = True
    """Whether a coroutine that has no ``timeout`` gets one."""

    def __init__(self, cls: type, imports: Imports) -> None:
        self._cls = cls
        self._imports = imports
        self._path = public_path(cls)
        self.name = cls.__name__
        self._is_client = any(f"{b.__module__}.{b.__name__}" == CLIENT for b in cls.__mro__)
        is_abstract = inspect.isabstract(cls)
        self._is_made = (self._is_client and not is_abstract) or cls.__name__ == SCHEDULER

    def source(self) -> str:
        name = self._cls.__name__
        self._imports.shadowed = frozenset(member.name for member in members(self._cls))
        twin = self._imports.add(self._cls.__module__, name, f"Async{name}")
        base = "ClientHandle" if self._is_client else "Handle"
        base = "BlockHandle" if base == "Handle" and is_manager(self._cls) else base
        self._imports.runtime.add(f"from quantum_async.blocking._handle import {base}")
        argument = PROGRESS if name == SCHEDULER else ""
        doc = self.doc(inspect.getdoc(self._cls) or "", self._path, argument=argument)
        parts = [f'class {name}({base}["{twin}"]):\n{docstring(doc, 1)}', "    __slots__ = ()"]
        if self._is_made:
            parts.append(self.constructor())
        if is_manager(self._cls):
            # Here and by name, because jedi does not follow `Self` from a base class.
            body = f"self._enter({self.twin})\n        return self"
            parts.append(f"    def __enter__(self) -> {name}:\n        {body}")
        parts += [self.member(member) for member in members(self._cls)]
        return "\n\n".join(part for part in parts if part)

    def doc(self, doc: str, path: str, *, argument: str = "") -> str:
        """Write the docstring of the class or of a member."""
        return twin_doc(doc, path, argument=argument)

    def constructor(self) -> str:
        """Write ``__init__``, which takes what the async class's does."""
        init = inspect.getattr_static(self._cls, "__init__")
        extra = "progress: bool | None = None" if self._cls.__name__ == SCHEDULER else ""
        signature = self._signature(init, extra)
        made = self.made(self._forwarded(init), ", progress=progress" if extra else "")
        unwrapped = self._unwrapped(init)
        return f"    def __init__({signature}) -> None:\n        {unwrapped}{made}"

    def made(self, arguments: str, extra: str) -> str:
        """Write how the async object is made and kept."""
        self._imports.runtime |= {
            "import quantum_async as _async",
            "from quantum_async.blocking._session import Session",
        }
        return (
            f"twin = _async.{self._cls.__name__}({arguments})\n"
            f"        super().__init__(twin, Session(twin{extra}))"
        )

    def member(self, member: Member) -> str:
        """Write a method or property, in all the ways in which it may be called."""
        overloads = get_overloads(member.function) if member.function is not None else []
        return "\n".join([*(self._overload(member, one) for one in overloads), self._one(member)])

    def _overload(self, member: Member, function: Callable[..., object]) -> str:
        """Write one of the ways in which a coroutine may be called."""
        self._imports.runtime.add("from typing import overload")
        returned = str(inspect.signature(function).return_annotation)
        shown = rewrite(returned, member.owner.__module__, self._imports)
        signature = self._signature(function, "timeout: float | None = None")
        return f"    @overload\n    def {member.name}({signature}) -> {shown}: ..."

    def _one(self, member: Member) -> str:
        writers: dict[Shape, Callable[[Member], str]] = {
            Shape.COROUTINE: self._coroutine,
            Shape.MANAGER: self._manager,
            Shape.ITERATOR: self._iterator,
            Shape.AWAITABLE: self._awaitable,
            Shape.METHOD: self._method,
            Shape.SNAPSHOT: self._snapshot,
            Shape.MAKER: self._maker,
        }
        return writers[member.shape](member)

    def _coroutine(self, member: Member) -> str:
        function = _function(member)
        own = inspect.signature(function).parameters
        has_timeout = not self.adds_timeout or "timeout" in own
        extra = "" if has_timeout else "timeout: float | None = None"
        what = f"{self.name}.{member.name}"
        passed = "" if has_timeout else ", timeout"
        call = f"{self.call}({what!r}, lambda: {self._forward(member)}{passed})"
        body = f"return {self._wrapped(call, member)}"
        return self._def(member, body, extra=extra, argument="" if has_timeout else TIMEOUT)

    def _unwrapped(self, function: Callable[..., object]) -> str:
        """Unwrap handles before crossing: a generator among them may call the facade itself."""
        lines = [
            f"{p.name}_ = unwrap({p.name})\n        "
            for p in self._own_parameters(function)
            if self._is_unwrapped(p, function)
        ]
        return "".join(lines)

    def _awaitable(self, member: Member) -> str:
        returned = self._returned(member)
        what = f"{self.name}.result"
        doc = self.doc(
            "Wait for the outcome.\n\nInterrupted or timed out: only the waiting ends.",
            f"{self._path}.__await__",
            argument=TIMEOUT,
        )
        call = f"{self.call}({what!r}, lambda: {self.twin}, timeout)"
        return (
            f"    def result(self, timeout: float | None = None) -> {returned}:\n"
            f"{docstring(doc, 2)}\n        return {self._wrapped(call, member)}"
        )

    def _manager(self, member: Member) -> str:
        return self._def(member, f"return self._manage(lambda: {self._forward(member)})")

    def _iterator(self, member: Member) -> str:
        if member.name == "__anext__":
            returned = self._returned(member)
            return f"    def __next__(self) -> {returned}:\n        return self._next(lambda: {self.twin})"
        if member.name == "__aiter__" and hasattr(self._cls, "__anext__"):
            self._imports.add("typing", "Self")
            return "    def __iter__(self) -> Self:\n        return self"
        if member.name == "__aiter__":
            body = f"return {self.iterate}(lambda: {self.twin})"
            return self._def(member, body, name="__iter__")
        return self._def(member, f"return {self.iterate}(lambda: {self._forward(member)})")

    def _method(self, member: Member) -> str:
        call = f"self._ask(lambda: {self._forward(member)})"
        return self._def(member, f"return {self._wrapped(call, member)}")

    def _snapshot(self, member: Member) -> str:
        if member.function is not None and member.name.startswith("__"):
            return self._def(member, f"return {self._forward(member)}")
        annotation = return_type(member)
        if annotation.startswith("ClassVar"):
            return self._constant(member)
        body = f"return {self._wrapped(f'{self.twin}.{member.name}', member)}"
        doc = self.doc(member.doc or _described(self._cls, member.name), self._member_path(member))
        return (
            f"    @property\n    def {member.name}(self) -> {self._returned(member)}:\n"
            f"{docstring(doc, 2)}\n        {body}"
        )

    def _constant(self, member: Member) -> str:
        if not hasattr(self._cls, member.name):
            return ""
        annotation = rewrite(member.annotation, member.owner.__module__, self._imports)
        value = getattr(self._cls, member.name)
        if not isinstance(value, type):
            return f"    {member.name}: {annotation} = {value!r}"
        self._imports.runtime.add(f"from {value.__module__} import {value.__name__}")
        return f"    {member.name}: {annotation} = {value.__name__}"

    def _maker(self, member: Member) -> str:
        if not self._is_made:
            return ""
        function = _function(member)
        self._imports.runtime.add("import quantum_async as _async")
        made = f"_async.{self._cls.__name__}.{member.name}({self._forwarded(function)})"
        body = f"return cls._of({made})" if return_type(member) == "Self" else f"return {made}"
        return "    @classmethod\n" + self._def(member, body)

    def _def(
        self, member: Member, body: str, *, name: str = "", extra: str = "", argument: str = ""
    ) -> str:
        doc = self.doc(member.doc, self._member_path(member), argument=argument)
        shown = "" if member.name in {"__len__", "__getitem__", "__contains__"} else doc
        text = f"{docstring(shown, 2)}\n" if shown else ""
        signature = self._signature(_function(member), extra)
        unwrapped = self._unwrapped(_function(member))
        return (
            f"    def {name or member.name}({signature}) -> {self._returned(member)}:\n"
            f"{text}        {unwrapped}{body}"
        )

    def _member_path(self, member: Member) -> str:
        return f"{self._path}.{member.name}"

    def _returned(self, member: Member) -> str:
        annotation = return_type(member)
        if member.shape is Shape.MANAGER and not annotation.startswith("Abstract"):
            # What `asynccontextmanager` has decorated still says what its generator yields.
            annotation = f"AbstractAsyncContextManager[{annotation.partition('[')[2]}"
        return rewrite(annotation, member.owner.__module__, self._imports)

    def _wrapped(self, call: str, member: Member) -> str:
        has_twin = mentions_twin(return_type(member), member.owner.__module__, self._imports.twins)
        return f"{self.wrap}({call})" if has_twin else call

    def _forward(self, member: Member) -> str:
        return f"{self.twin}.{member.name}({self._forwarded(_function(member))})"

    def _signature(self, function: Callable[..., object], extra: str) -> str:
        parameters = list(inspect.signature(function).parameters.values())
        parts: list[str] = [parameters[0].name]
        rest = parameters[1:]
        positional = [p for p in rest if p.kind is Parameter.POSITIONAL_ONLY]
        parts += [self._parameter(p, function) for p in positional]
        parts += ["/"] if positional else []
        has_star = False
        for parameter in rest[len(positional) :]:
            if parameter.kind is Parameter.KEYWORD_ONLY and not has_star:
                parts, has_star = [*parts, "*"], True
            if parameter.kind is Parameter.VAR_KEYWORD and extra:
                parts, has_star, extra = [*parts, *(() if has_star else ("*",)), extra], True, ""
            has_star = has_star or parameter.kind is Parameter.VAR_POSITIONAL
            parts.append(self._parameter(parameter, function))
        if extra:
            parts += [extra] if has_star else ["*", extra]
        return ", ".join(parts)

    def _parameter(self, parameter: Parameter, function: Callable[..., object]) -> str:
        stars = {Parameter.VAR_POSITIONAL.name: "*", Parameter.VAR_KEYWORD.name: "**"}
        annotation = rewrite(
            str(parameter.annotation), function.__module__, self._imports, is_parameter=True
        )
        text = f"{stars.get(parameter.kind.name, '')}{parameter.name}: {annotation}"
        if parameter.default is Parameter.empty:
            return text
        return f"{text} = {self._default(parameter, function)}"

    def _default(self, parameter: Parameter, function: Callable[..., object]) -> str:
        value = parameter.default
        if isinstance(value, Enum):
            self._imports.runtime.add(
                f"from {type(value).__module__} import {type(value).__name__}"
            )
            return f"{type(value).__name__}.{value.name}"
        if value is None or isinstance(value, bool | int | float | str | bytes) or value == ():
            return repr(value)
        source = default_source(function, parameter.name)
        root, dot, rest = source.partition(".")
        module = origin(root, function.__module__)
        if dot and module and source.replace(".", "").isidentifier():
            self._imports.runtime.add(f"import {module} as _{root}")
            return f"_{root}.{rest}"
        raise TypeError(f"a default of {type(value).__name__} cannot be written: {value!r}")

    def _forwarded(self, function: Callable[..., object]) -> str:
        return ", ".join(self._argument(p, function) for p in self._own_parameters(function))

    def _own_parameters(self, function: Callable[..., object]) -> list[Parameter]:
        return list(inspect.signature(function).parameters.values())[1:]

    def _is_unwrapped(self, parameter: Parameter, function: Callable[..., object]) -> bool:
        annotation = str(parameter.annotation)
        return mentions_twin(annotation, function.__module__, self._imports.twins)

    def _argument(self, parameter: Parameter, function: Callable[..., object]) -> str:
        name = value = parameter.name
        if self._is_unwrapped(parameter, function):
            self._imports.runtime.add(f"from {self.unwrapping} import unwrap")
            value = f"{name}_"
        if parameter.kind is Parameter.VAR_POSITIONAL:
            return f"*{value}"
        if parameter.kind is Parameter.VAR_KEYWORD:
            return f"**{name}"
        return f"{name}={value}" if parameter.kind is Parameter.KEYWORD_ONLY else value


def _function(member: Member) -> Callable[..., object]:
    assert member.function is not None
    return member.function


def _described(cls: type, name: str) -> str:
    """Find what a class says of an attribute among its constructor's arguments."""
    for line in (inspect.getdoc(cls) or "").splitlines():
        start, colon, text = line.strip().partition(": ")
        if colon and start == name:
            return text
    return f"The {name}."


def docstring(text: str, level: int) -> str:
    """Write a docstring, indented."""
    indent = "    " * level
    escaped = text.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    lines = [f"{indent}{line}".rstrip() for line in escaped.splitlines()]
    end = f"\n{indent}" if len(lines) > 1 else ""
    return f'{indent}"""' + "\n".join(lines).strip() + f'{end}"""'
