"""The public names: one list, complete for checkers and editors, and cheap until one is used."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import jedi
import pytest

import quantum_async
from quantum_async import errors

HEAVY = {
    "aiohttp", "anyio", "azure", "httpx", "matplotlib", "numpy", "pandas", "pulser", "pydantic",
    "qiskit", "rich", "scipy", "sqlalchemy", "typer",
}  # fmt: skip


def listed() -> list[ast.alias]:
    tree = ast.parse(Path(quantum_async.__file__).read_text())
    return [
        alias
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    ]


def loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


def test_importing_the_package_loads_no_library() -> None:
    """`import quantum_async` loads no third-party library at all, and none of the package."""
    assert not loaded_after("import quantum_async") & HEAVY
    assert loaded_after("import quantum_async") - loaded_after("") <= {
        "__future__",
        "quantum_async",
    }


def test_values_load_no_library() -> None:
    """Values and errors cost no third-party library, even when they are used."""
    used = "import quantum_async as qa; qa.grid(a=[1.0]); qa.Target.parse('local'); qa.Limits()"
    assert not loaded_after(used) & HEAVY


def test_every_listed_name_is_marked_as_exported() -> None:
    """Each import of the list reads `X as X`, which is how checkers know what is public."""
    assert [alias.asname for alias in listed()] == [alias.name for alias in listed()]


def test_run_time_names_equal_the_list() -> None:
    """`__all__` is the list that checkers read, sorted without regard to case."""
    names = [alias.name for alias in listed()]
    assert quantum_async.__all__ == sorted(names, key=str.casefold)
    assert len(set(names)) == len(names)


def test_dir_shows_every_public_name() -> None:
    """`dir()`, and so a live session's completion, shows exactly what is public."""
    assert dir(quantum_async) == sorted([*quantum_async.__all__, "__version__"])


@pytest.mark.parametrize("name", quantum_async.__all__)
def test_every_name_resolves(name: str) -> None:
    """Each name is found, is what its module defines, and has a docstring."""
    value = getattr(quantum_async, name)
    assert value.__name__ == name
    assert value.__doc__


def test_every_error_is_public() -> None:
    """The whole tree of errors can be caught without knowing the module it is in."""
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.QuantumAsyncError)
    }
    assert tree <= set(quantum_async.__all__)
    assert set(errors.__all__) == tree | {"Accepted"}


def test_the_version_is_the_installed_one() -> None:
    """`__version__` tells what is installed, from its metadata."""
    assert quantum_async.__version__ == version("quantum_async")


@pytest.mark.parametrize("name", ["Schedular", "_names_of_old", "__wrapped__"])
def test_a_misspelt_name_is_an_attribute_error(name: str) -> None:
    """What is not there is refused as Python refuses it, so that `hasattr` keeps working."""
    with pytest.raises(AttributeError, match=f"module 'quantum_async' has no attribute '{name}'"):
        getattr(quantum_async, name)


def test_submodules_are_reached_as_attributes() -> None:
    """`quantum_async.errors` works after `import quantum_async` alone."""
    script = "import quantum_async; print(quantum_async.errors.QuantumAsyncError.__name__)"
    run = subprocess.run(
        [sys.executable, "-I", "-c", script], check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "QuantumAsyncError"


def test_importing_everything_imports_the_list() -> None:
    """`from quantum_async import *` gives the public names and nothing else."""
    namespace: dict[str, object] = {}
    exec("from quantum_async import *", namespace)
    del namespace["__builtins__"]
    assert set(namespace) == set(quantum_async.__all__)


def test_editors_complete_every_name(tmp_path: Path) -> None:
    """An editor that does not run the code still completes every public name."""
    # Two workers that write one cache at the same time damage it.
    jedi.settings.cache_directory = str(tmp_path)
    completions = jedi.Script("import quantum_async as qa\nqa.").complete()
    assert set(quantum_async.__all__) <= {completion.name for completion in completions}
