"""From an async class to the source of its blocking twin: members, types, docstrings, bodies of one line."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import textwrap
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from importlib import import_module
from inspect import Parameter
from typing import TYPE_CHECKING, get_overloads

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


RENAMED = {
    "AsyncIterator": "Iterator",
    "AsyncGenerator": "Iterator",
    "AsyncIterable": "Iterator",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncContextManager": "AbstractContextManager",
}
"""Names that stand for something else when nobody awaits."""

HOMES = {
    "Iterator": "collections.abc",
    "AbstractContextManager": "contextlib",
    "ClassVar": "typing",
    "Self": "typing",
    "AnyClient": "quantum_async.blocking._handle",
}

CLIENT = "quantum_async.providers.base.ProviderClient"


@dataclass
class Imports:
    """The imports of one generated module.

    Args:
        twins: The module of each async class's twin, by the async class's path.
        here: The module that is being written.
    """

    twins: dict[str, str]
    here: str
    lines: set[str] = field(default_factory=set)
    runtime: set[str] = field(default_factory=set)
    shadowed: frozenset[str] = frozenset()
    """Names that mean something else inside the class that is being written."""
    _origins: dict[str, str] = field(default_factory=dict)

    def add(self, module: str, name: str, alias: str | None = None) -> str:
        """Import a name for type checkers, and return what it is called here.

        Raises:
            TypeError: Another one of that name is there already.
        """
        called = alias or name
        if self._origins.setdefault(called, module) != module:
            raise TypeError(f"{called} is both in {module} and in {self._origins[called]}")
        if module != self.here:
            renamed = f" as {called}" if called != name else ""
            self.lines.add(f"from {module} import {name}{renamed}")
        return called

    def add_module(self, module: str) -> None:
        """Import a module for type checkers."""
        self.lines.add(f"import {module}")


def rewrite(annotation: str, module: str, imports: Imports, *, is_parameter: bool = False) -> str:
    """Write a type as its blocking twin has it, and note what it needs imported.

    Args:
        annotation: The type, as the source has it.
        module: The module of the source.
        imports: Takes the imports.
        is_parameter: Whether values of it come from the caller, who may pass either kind of client.
    """
    tree = ast.parse(annotation.strip("'\""), mode="eval")
    rewritten = _Rewriter(module, imports, is_parameter=is_parameter).visit(tree)
    return ast.unparse(rewritten)


def mentions_twin(annotation: str, module: str, twins: dict[str, str]) -> bool:
    """Whether a type has an async class in it that has a twin."""
    names = {n.id for n in ast.walk(ast.parse(annotation.strip("'\""))) if isinstance(n, ast.Name)}
    return any(origin(name, module) in twins for name in names)


def origin(name: str, module: str) -> str:
    """Find the dotted path under which a module's name was defined, as far as source tells."""
    found = names_of(module).get(name)
    if found is None:
        return f"builtins.{name}" if hasattr(builtins, name) else ""
    return found


@cache
def names_of(module: str) -> dict[str, str]:
    """List the names of a module with their dotted paths, those for type checkers included."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(inspect.getsource(import_module(module)))):
        if isinstance(node, ast.ImportFrom):
            found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name: a.name for a in node.names}
        elif isinstance(node, ast.ClassDef):
            found.setdefault(node.name, f"{module}.{node.name}")
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name):
                found.setdefault(target.id, f"{module}.{target.id}")
    return found


class _Rewriter(ast.NodeTransformer):
    def __init__(self, module: str, imports: Imports, *, is_parameter: bool) -> None:
        self._module = module
        self._imports = imports
        self._is_parameter = is_parameter

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        name = ast.unparse(node.value)
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in {"Awaitable", "Coroutine"}:
            return self._visited(arguments[-1])
        if name == "Literal":
            self._name(name)
            return node
        if name == "AsyncGenerator":
            node.slice = arguments[0]
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            return self._visited(ast.parse(node.value, mode="eval").body)
        return node

    def _visited(self, node: ast.AST) -> ast.AST:
        visited: ast.AST = self.visit(node)
        return visited

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        root = ast.unparse(node).partition(".")[0]
        self._imports.add_module(origin(root, self._module) or root)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._name(node.id))

    def _name(self, name: str) -> str:
        path = origin(name, self._module)
        if path == CLIENT and self._is_parameter:
            name, path = "AnyClient", ""
        elif path in self._imports.twins:
            return self._imports.add(self._imports.twins[path], name)
        elif name in RENAMED:
            name, path = RENAMED[name], ""
        if path.startswith("builtins."):
            if name not in self._imports.shadowed:
                return name
            self._imports.add_module("builtins")
            return path
        home = HOMES.get(name) or path.rpartition(".")[0]
        if not home:
            raise TypeError(f"nobody knows where {name} in {self._module} comes from")
        return self._imports.add(home, path.rpartition(".")[2] or name, name)


PHRASES = {
    "``await job``": "``job.result()``",
    "await it to get all": "call `result` to get all",
    "``async for``": "``for``",
    "an ``async with``": "a ``with``",
    "``async with``": "``with``",
    "as an async iterator": "as an iterator",
    "An async iterator over": "An iterator over",
    "too, and raise when awaited": "too; their `Job.result` raises",
    "awaiting the job does": "`Job.result` does",
    "by several tasks": "by several threads",
}
"""What reads otherwise when nobody awaits; each is there because some docstring has it."""

TIMEOUT = "timeout: Longest time in seconds until the call is given up; no limit by default."
PROGRESS = (
    "progress: Whether waiting shows how far the work has come; by default it does in notebooks."
)

_SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Example):$", re.MULTILINE)
_EXAMPLE = re.compile(r"^( *)```python\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def twin_doc(doc: str, path: str, *, argument: str = "") -> str:
    """Write a docstring for the blocking twin.

    Args:
        doc: The async docstring.
        path: The dotted path of what it documents.
        argument: The documentation of an argument that only the twin has.
    """
    for phrase, words in PHRASES.items():
        doc = doc.replace(phrase, words)
    doc = _EXAMPLE.sub(_blocking_example, doc)
    if argument:
        doc = _with_argument(doc, argument)
    text, mark, examples = doc.partition("\nExample:\n")
    origin = f"Blocking twin of `{path}`."
    return f"{text.rstrip()}\n\n{origin}" + (f"\n{mark}{examples}" if mark else "")


def _with_argument(doc: str, argument: str) -> str:
    sections = list(_SECTION.finditer(doc))
    named = [place for place, section in enumerate(sections) if section[1] == "Args"]
    if named:
        following = sections[named[0] + 1 : named[0] + 2]
        end = following[0].start() if following else len(doc)
        before, after = doc[:end].rstrip(), doc[end:]
        return f"{before}\n    {argument}\n" + (f"\n{after}" if after else "")
    start = sections[0].start() if sections else len(doc)
    before, after = doc[:start].rstrip(), doc[start:]
    return f"{before}\n\nArgs:\n    {argument}\n" + (f"\n{after}" if after else "")


def _blocking_example(match: re.Match[str]) -> str:
    indent = match[1]
    lines = [line.removeprefix(indent) for line in match[2].splitlines()]
    code = blocking_code("\n".join(lines))
    body = "\n".join(f"{indent}{line}".rstrip() for line in code.splitlines())
    return f"{indent}```python\n{body}\n{indent}```"


def blocking_code(code: str) -> str:
    """Rewrite an example: one changed import, and nothing to await.

    Args:
        code: Python with ``await``, at its top level or in a function ``main``.
    """
    tree = ast.parse(code)
    body: list[ast.stmt] = []
    for node in tree.body:
        # A function `main` is there only because `await` needs one.
        is_main = isinstance(node, ast.AsyncFunctionDef) and node.name == "main"
        body += node.body if is_main and isinstance(node, ast.AsyncFunctionDef) else [node]
    tree.body = body
    return ast.unparse(ast.fix_missing_locations(_Blocking().visit(tree)))


class _Blocking(ast.NodeTransformer):
    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name == "quantum_async":
                alias.name = "quantum_async.blocking"
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "quantum_async":
            node.module = "quantum_async.blocking"
        return node

    def visit_AsyncWith(self, node: ast.AsyncWith) -> ast.AST:
        self.generic_visit(node)
        return ast.With(node.items, node.body)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        self.generic_visit(node)
        return ast.For(node.target, node.iter, node.body, node.orelse)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        self.generic_visit(node)
        return ast.FunctionDef(node.name, node.args, node.body, node.decorator_list, node.returns)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        awaited = node.value
        self.generic_visit(node)
        # A coroutine has run when its twin returns; a handle has to be asked for its result.
        if isinstance(awaited, ast.Call) and not ast.unparse(awaited.func).endswith(".sweep"):
            return node.value
        return ast.Call(ast.Attribute(node.value, "result", ast.Load()), [], [])


PLUMBING: dict[str, frozenset[str]] = {
    "Batch": frozenset(
        {"adopt", "cancel_now", "close_now", "is_passing", "may_be_open", "name", "open_ref"}
    ),
    "EventStream": frozenset({"end", "push"}),
    "Scheduler": frozenset({"adopted", "clients", "closed", "opened", "sent", "withdraw_batch"}),
    "Sweep": frozenset({"batch", "feed", "is_feeding", "stop", "unseen"}),
}
"""Names that the scheduler's own modules call and users do not; they get no twin."""

FOREIGN = {"abc", "anyio", "builtins", "typing"}
"""Packages whose base classes have nothing to say to users."""


class Shape(Enum):
    """What becomes of a member."""

    COROUTINE = "async def -> def"
    MANAGER = "async context manager -> context manager"
    ITERATOR = "async iterator -> iterator"
    AWAITABLE = "__await__ -> result(timeout=None)"
    METHOD = "plain method, called on the loop's thread"
    SNAPSHOT = "property or special method, read where the caller is"
    MAKER = "class method or static method"


@dataclass(frozen=True)
class Member:
    """A member of an async class.

    Args:
        name: Its name.
        shape: What becomes of it.
        owner: The class that defines it.
        function: The function, or a property's getter; ``None`` for an attribute.
        annotation: An attribute's type.
        doc: Its docstring.
    """

    name: str
    shape: Shape
    owner: type
    function: Callable[..., object] | None
    annotation: str = ""
    doc: str = ""


def members(cls: type) -> list[Member]:
    """List what an object of a class offers, its own before what it inherits.

    Args:
        cls: An async class.

    Raises:
        TypeError: Something has none of the shapes.
    """
    found: dict[str, Member] = {}
    for owner in _owners(cls):
        for name, value in vars(owner).items():
            if name not in found and _is_public(cls, name):
                member = _member(cls, owner, name, value)
                if member is not None:
                    found[name] = member
        for member in _attributes(owner):
            if _is_public(cls, member.name):
                found.setdefault(member.name, member)
    if "__await__" in found and "result" in found:
        del found["__await__"]
    return list(found.values())


def awaits(cls: type) -> bool:
    """Whether objects of a class have anything to wait for."""
    waiting = {Shape.COROUTINE, Shape.MANAGER, Shape.ITERATOR, Shape.AWAITABLE}
    return is_manager(cls) or any(
        _shape(name, value) in waiting
        for owner in _owners(cls)
        for name, value in vars(owner).items()
        if _is_public(cls, name)
    )


def is_manager(cls: type) -> bool:
    """Whether objects of a class are entered with ``async with``."""
    return hasattr(cls, "__aenter__")


def _owners(cls: type) -> list[type]:
    return [owner for owner in cls.__mro__ if owner.__module__.partition(".")[0] not in FOREIGN]


_SPECIAL = {"__await__", "__aiter__", "__anext__", "__len__", "__getitem__", "__contains__"}


def _is_public(cls: type, name: str) -> bool:
    plumbing = {n for owner in _owners(cls) for n in PLUMBING.get(owner.__name__, ())}
    return name in _SPECIAL or not (name.startswith("_") or name in plumbing)


def _member(cls: type, owner: type, name: str, value: object) -> Member | None:
    shape = _shape(name, value)
    if shape is None:
        return None
    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    assert callable(function)
    doc = inspect.getdoc(getattr(cls, name)) or ""
    return Member(name, shape, owner, function, doc=doc)


def _shape(name: str, value: object) -> Shape | None:
    special = {
        "__await__": Shape.AWAITABLE,
        "__aiter__": Shape.ITERATOR,
        "__anext__": Shape.ITERATOR,
    }
    if name in special:
        return special[name]
    if isinstance(value, classmethod | staticmethod):
        return Shape.MAKER
    if isinstance(value, property) or name in _SPECIAL:
        return Shape.SNAPSHOT
    if not inspect.isfunction(value):
        return None
    return _function_shape(value)


def _function_shape(function: Callable[..., object]) -> Shape:
    if inspect.iscoroutinefunction(function):
        return Shape.COROUTINE
    if inspect.isasyncgenfunction(inspect.unwrap(function)):
        # What `asynccontextmanager` has decorated wraps a generator and is none itself.
        return Shape.ITERATOR if inspect.isasyncgenfunction(function) else Shape.MANAGER
    returned = str(inspect.signature(function).return_annotation).partition("[")[0]
    by_name = {
        "AsyncIterator": Shape.ITERATOR,
        "AsyncIterable": Shape.ITERATOR,
        "AsyncGenerator": Shape.ITERATOR,
        AbstractAsyncContextManager.__name__: Shape.MANAGER,
        "AsyncContextManager": Shape.MANAGER,
        "Awaitable": Shape.COROUTINE,
        "Coroutine": Shape.COROUTINE,
    }
    return by_name.get(returned, Shape.METHOD)


def _attributes(owner: type) -> Iterator[Member]:
    """List the class's annotated attributes, and those that its constructor sets."""
    tree = class_tree(owner)
    annotated: set[str] = set()
    for name, annotation, doc in _assigned(tree.body, "", {}):
        annotated.add(name)
        yield Member(name, Shape.SNAPSHOT, owner, None, annotation, doc)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            types = {a.arg: ast.unparse(a.annotation) for a in arguments if a.annotation}
            body = [one for one in node.body if not _is_set(one, annotated)]
            for name, annotation, doc in _assigned(body, "self.", types):
                yield Member(name, Shape.SNAPSHOT, owner, None, annotation, doc)


def _is_set(node: ast.stmt, names: Collection[str]) -> bool:
    """Whether a statement sets an attribute that the class has annotated itself."""
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Attribute) and target.attr in names for target in node.targets
    )


@cache
def class_tree(cls: type) -> ast.ClassDef:
    """Parse the source of a class."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    return tree


def default_source(function: Callable[..., object], name: str) -> str:
    """Return a parameter's default as its source has it."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    positional = [*tree.args.posonlyargs, *tree.args.args][-len(tree.args.defaults) or None :]
    pairs = [*zip(positional, tree.args.defaults, strict=False)]
    pairs += [(a, d) for a, d in zip(tree.args.kwonlyargs, tree.args.kw_defaults, strict=True) if d]
    return {argument.arg: ast.unparse(default) for argument, default in pairs}[name]


def _assigned(
    body: list[ast.stmt], prefix: str, types: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    for node, after in zip(body, [*body[1:], None], strict=True):
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        path = ast.unparse(target)
        name = path.removeprefix(prefix)
        is_ours = path.startswith(prefix) and name.isidentifier() and name[0] != "_"
        if is_ours and (prefix or isinstance(node, ast.AnnAssign)):
            yield name, _type_of(node, types), _text(after)


def _type_of(node: ast.Assign | ast.AnnAssign, types: dict[str, str]) -> str:
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation)
    value = node.value
    if isinstance(value, ast.Name) and value.id in types:
        return types[value.id]
    if isinstance(value, ast.Constant):
        return type(value.value).__name__
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id
    raise TypeError(f"annotate it, so that its blocking twin has a type: {ast.unparse(node)}")


def _text(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return inspect.cleandoc(str(node.value.value))
    return ""


HEADER = (
    "# Written by `python .ci/facade/generate.py` from the async classes.\n"
    "# Do not change it here: change those, and run the generator.\n"
    '# mypy: disable-error-code="no-any-return"\n'
)

SCHEDULER = "Scheduler"


def module_source(home: str, classes: list[type], twins: dict[str, str]) -> str:
    """Write a module of twins.

    Args:
        home: Its dotted name.
        classes: The async classes.
        twins: The module of every async class's twin.
    """
    imports = Imports(twins, home)
    bodies = [_ClassWriter(cls, imports).source() for cls in classes]
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


class _ClassWriter:
    def __init__(self, cls: type, imports: Imports) -> None:
        self._cls = cls
        self._imports = imports
        self._path = public_path(cls)
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
        doc = twin_doc(inspect.getdoc(self._cls) or "", self._path, argument=argument)
        parts = [f'class {name}({base}["{twin}"]):\n{_docstring(doc, 1)}', "    __slots__ = ()"]
        if self._is_made:
            parts.append(self._constructor())
        if is_manager(self._cls):
            # Here and by name, because jedi does not follow `Self` from a base class.
            body = "self._enter(self._async)\n        return self"
            parts.append(f"    def __enter__(self) -> {name}:\n        {body}")
        parts += [self._member(member) for member in members(self._cls)]
        return "\n\n".join(part for part in parts if part)

    def _constructor(self) -> str:
        init = inspect.getattr_static(self._cls, "__init__")
        progress = "progress: bool | None = None"
        extra = progress if self._cls.__name__ == SCHEDULER else ""
        signature = self._signature(init, extra)
        call = self._forwarded(init)
        shown = ", progress=progress" if extra else ""
        self._imports.runtime |= {
            "import quantum_async as _async",
            "from quantum_async.blocking._session import Session",
        }
        unwrapping = "".join(
            f"        {p.name}_ = unwrap({p.name})\n"
            for p in self._own_parameters(init)
            if self._is_unwrapped(p, init)
        )
        return (
            f"    def __init__({signature}) -> None:\n{unwrapping}"
            f"        twin = _async.{self._cls.__name__}({call})\n"
            f"        super().__init__(twin, Session(twin{shown}))"
        )

    def _member(self, member: Member) -> str:
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
        has_timeout = "timeout" in inspect.signature(function).parameters
        extra = "" if has_timeout else "timeout: float | None = None"
        what = f"{self._cls.__name__}.{member.name}"
        passed = "" if has_timeout else ", timeout"
        call = f"self._call({what!r}, lambda: {self._forward(member)}{passed})"
        body = f"return {self._wrapped(call, member)}"
        return self._def(member, body, extra=extra, argument="" if has_timeout else TIMEOUT)

    def _unwrapping(self, member: Member) -> str:
        """Unwrap handles before crossing: a generator among them may call the facade itself."""
        lines = [
            f"{p.name}_ = unwrap({p.name})\n        "
            for p in self._own_parameters(_function(member))
            if self._is_unwrapped(p, _function(member))
        ]
        return "".join(lines)

    def _awaitable(self, member: Member) -> str:
        returned = self._returned(member)
        what = f"{self._cls.__name__}.result"
        doc = twin_doc(
            "Wait for the outcome.\n\nInterrupted or timed out: only the waiting ends.",
            f"{self._path}.__await__",
            argument=TIMEOUT,
        )
        call = f"self._call({what!r}, lambda: self._async, timeout)"
        return (
            f"    def result(self, timeout: float | None = None) -> {returned}:\n"
            f"{_docstring(doc, 2)}\n        return {self._wrapped(call, member)}"
        )

    def _manager(self, member: Member) -> str:
        return self._def(member, f"return self._manage(lambda: {self._forward(member)})")

    def _iterator(self, member: Member) -> str:
        if member.name == "__anext__":
            returned = self._returned(member)
            return f"    def __next__(self) -> {returned}:\n        return self._next(lambda: self._async)"
        if member.name == "__aiter__" and hasattr(self._cls, "__anext__"):
            self._imports.add("typing", "Self")
            return "    def __iter__(self) -> Self:\n        return self"
        if member.name == "__aiter__":
            body = "return self._iterate(lambda: self._async)"
            return self._def(member, body, name="__iter__")
        return self._def(member, f"return self._iterate(lambda: {self._forward(member)})")

    def _method(self, member: Member) -> str:
        call = f"self._ask(lambda: {self._forward(member)})"
        return self._def(member, f"return {self._wrapped(call, member)}")

    def _snapshot(self, member: Member) -> str:
        if member.function is not None and member.name.startswith("__"):
            return self._def(member, f"return {self._forward(member)}")
        annotation = return_type(member)
        if annotation.startswith("ClassVar"):
            return self._constant(member)
        body = f"return {self._wrapped(f'self._async.{member.name}', member)}"
        doc = twin_doc(member.doc or _described(self._cls, member.name), self._member_path(member))
        return (
            f"    @property\n    def {member.name}(self) -> {self._returned(member)}:\n"
            f"{_docstring(doc, 2)}\n        {body}"
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
        doc = twin_doc(member.doc, self._member_path(member), argument=argument)
        shown = "" if member.name in {"__len__", "__getitem__", "__contains__"} else doc
        text = f"{_docstring(shown, 2)}\n" if shown else ""
        signature = self._signature(_function(member), extra)
        unwrapping = self._unwrapping(member)
        return (
            f"    def {name or member.name}({signature}) -> {self._returned(member)}:\n"
            f"{text}        {unwrapping}{body}"
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
        return f"self._wrap({call})" if has_twin else call

    def _forward(self, member: Member) -> str:
        return f"self._async.{member.name}({self._forwarded(_function(member))})"

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
            self._imports.runtime.add("from quantum_async.blocking._handle import unwrap")
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


def _docstring(text: str, level: int) -> str:
    indent = "    " * level
    escaped = text.replace("\\", "\\\\").replace('"""', r"\"\"\"")
    lines = [f"{indent}{line}".rstrip() for line in escaped.splitlines()]
    end = f"\n{indent}" if len(lines) > 1 else ""
    return f'{indent}"""' + "\n".join(lines).strip() + f'{end}"""'
