"""Types of the async classes as those of their blocking twins, and where each name comes from."""

from __future__ import annotations

import ast
import builtins
import inspect
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

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
        twins: The path of each async class's twin, by the async class's path.
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
            home, _, name = self._imports.twins[path].rpartition(".")
            return self._imports.add(home, name)
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
