"""Convenience methods of values whose implementation lives on a higher floor.

`Result.plot` is where users look for it, but drawing belongs to `display`, which imports the
models. The name is therefore resolved at call time, and a missing optional library becomes a
`MissingExtraError` with the line that installs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from quantum_async.models._extras import optional_libraries


def call_late(module: str, name: str, *args: object, **options: object) -> Any:
    """Call a function that lives on a higher floor."""
    with optional_libraries():
        function = getattr(import_module(module), name)
        return function(*args, **options)
