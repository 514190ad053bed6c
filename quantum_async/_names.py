"""How the public names of the package are found, on the first use of one."""

from __future__ import annotations

import ast
from functools import cache
from importlib import import_module
from pkgutil import get_data
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = __name__.partition(".")[0]


def resolve(name: str) -> object:
    """Import what the package lists under a name.

    Args:
        name: An attribute of the package that is not there yet.

    Raises:
        AttributeError: The package lists no such name.
    """
    if name == "__version__":
        from importlib.metadata import version

        return version(PACKAGE)
    if name == "__all__":
        return list(public())
    if name in public():
        return getattr(import_module(public()[name]), name)
    if not name.startswith("_") and _is_module(name):
        return import_module(f"{PACKAGE}.{name}")
    raise AttributeError(f"module {PACKAGE!r} has no attribute {name!r}", name=name)


@cache
def public(package: str = PACKAGE) -> dict[str, str]:
    """Read the list in a package's ``__init__.py``: public names, sorted, with their modules."""
    tree = ast.parse(get_data(package, "__init__.py") or b"")
    found = {
        alias.name: statement.module or PACKAGE
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    return dict(sorted(found.items(), key=lambda item: item[0].casefold()))


def lazily(package: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and ``__dir__`` of a package that lists its public names.

    Args:
        package: Its name.
    """

    def find(name: str) -> object:
        if name == "__all__":
            return list(public(package))
        if name not in public(package):
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        return getattr(import_module(public(package)[name]), name)

    def names() -> list[str]:
        return list(public(package))

    return find, names


def _is_module(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(f"{PACKAGE}.{name}") is not None
