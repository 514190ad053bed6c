"""Reading an async class: which members it has, and which of the five shapes each one is."""

from __future__ import annotations

import ast
import inspect
import textwrap
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

PLUMBING: dict[str, frozenset[str]] = {
    "AsyncJob": frozenset({"__aiter__", "__len__", "backend", "ended", "job_id"}),
    "AsyncPrimitiveJob": frozenset({"job_id"}),
    "AsyncProvider": frozenset(
        {
            *("found", "grace", "machines", "next_name", "on_cancel"),
            *("scheduler", "service", "unfinished"),
        }
    ),
    "Batch": frozenset(
        {"adopt", "cancel_now", "close_now", "is_passing", "may_be_open", "name", "open_ref"}
    ),
    "EventStream": frozenset({"end", "push"}),
    "Scheduler": frozenset({"adopted", "clients", "closed", "opened", "sent", "withdraw_batch"}),
    "Sweep": frozenset({"batch", "feed", "is_feeding", "stop", "unseen"}),
}
"""Names that our own modules call and users do not, or that Qiskit's jobs have already: no twins."""

FOREIGN = {"abc", "anyio", "builtins", "qiskit", "typing"}
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
    return name not in plumbing and (name in _SPECIAL or not name.startswith("_"))


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
