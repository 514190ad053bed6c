"""Optional libraries: what a missing one is called, and which extra of this package brings it."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from quantum_async.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Generator


_EXTRA = {
    "loky": "local",
    "matplotlib": "plots",
    "openqasm3": "local",
    "pandas": "notebook",
    "pulser": "pasqal",
    "pulser_simulation": "local",
    "qiskit": "qiskit",
    "qiskit_aer": "local",
    "qiskit_qasm3_import": "local",
    "qutip": "local",
    "rich": "cli",
}
"""The smallest extra that brings a library, by the name under which it is imported."""

_CALLED = {"openqasm3": "qiskit-qasm3-import"}
"""The package to name where that is not the imported one, with hyphens."""


@contextmanager
def optional_libraries(extra: str = "") -> Generator[None]:
    """Say of a library that a block needs and that is not installed how to install it.

    Args:
        extra: What brings all that the block may need; by default what brings the library.

    Raises:
        MissingExtraError: A library of one of the extras is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRA:
            raise
        called = _CALLED.get(library, library.replace("_", "-"))
        raise MissingExtraError(called, extra=extra or _EXTRA[library]) from error


def call_late(module: str, name: str, *args: object, **options: object) -> Any:
    """Call a function that lives on a higher floor.

    `Result.plot` is where users look for it, but drawing belongs to `display`, which imports the
    models. So the name is resolved when it is called.
    """
    with optional_libraries():
        function = getattr(import_module(module), name)
        return function(*args, **options)
