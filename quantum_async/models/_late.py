"""Convenience methods of values whose implementation lives on a higher floor.

`Result.plot` is where users look for it, but drawing belongs to `display`, which imports the
models. The name is therefore resolved at call time, and a missing optional library becomes a
`MissingExtraError` with the line that installs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from quantum_async.errors import MissingExtraError

_EXTRA = {
    "qiskit": "qiskit",
    "pulser": "pasqal",
    "pandas": "notebook",
    "matplotlib": "plots",
    "rich": "cli",
}


def call_late(module: str, name: str, *args: object, **options: object) -> Any:
    """Call a function that lives on a higher floor."""
    try:
        function = getattr(import_module(module), name)
        return function(*args, **options)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRA:
            raise
        raise MissingExtraError(library, extra=_EXTRA[library]) from error
