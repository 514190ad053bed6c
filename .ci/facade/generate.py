"""Which classes get a blocking twin, and which file it is written to."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from facade import qiskit
from facade.annotations import CLIENT, mentions_twin, names_of, origin
from facade.reading import awaits, members
from facade.writing import HEADER, module_source, return_type

PACKAGE = "quantum_async"
ROOT = Path(__file__).parents[2]
NAMES = f"{PACKAGE}.blocking._names_generated"


def twinned() -> dict[str, type]:
    """Find the async classes: the public ones that await, and what their methods return.

    Returns:
        The classes by dotted path, sorted.
    """
    package = import_module(PACKAGE)
    public = [getattr(package, name) for name in package.__all__]
    base = getattr(import_module(CLIENT.rpartition(".")[0]), CLIENT.rpartition(".")[2])
    waiting = [cls for cls in [base, *public] if isinstance(cls, type) and awaits(cls)]
    found: dict[str, type] = {}
    while waiting:
        cls = waiting.pop()
        if found.setdefault(path_of(cls), cls) is cls:
            waiting += [other for other in _returned(cls) if path_of(other) not in found]
    return dict(sorted(found.items()))


def path_of(cls: type) -> str:
    """Return the dotted path of a class."""
    return f"{cls.__module__}.{cls.__qualname__}"


def home_of(cls: type) -> str:
    """Name the generated module of an async class's twin.

    Args:
        cls: The async class.
    """
    _, floor, *rest = cls.__module__.split(".")
    name = rest[0] if floor == "providers" and rest[0] != "base" else floor
    return f"{PACKAGE}.blocking._{name}_generated"


def generated() -> dict[Path, str]:
    """Write every generated module, in memory."""
    classes = twinned()
    homes = {path: home_of(cls) for path, cls in classes.items()}
    twins = {path: f"{home}.{classes[path].__name__}" for path, home in homes.items()}
    files = {
        home: module_source(home, [c for p, c in classes.items() if homes[p] == home], twins)
        for home in sorted(set(homes.values()))
    }
    files[NAMES] = _names_source(classes, homes)
    files[qiskit.HOME] = qiskit.source()
    return {_file(home): formatted(source) for home, source in files.items()}


def formatted(source: str) -> str:
    """Format a module as the whole repository is, so that its bytes are stable."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100"]
    command += ["--config=format.docstring-code-format=true", "--target-version=py311", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SyntaxError(f"{run.stderr}\n{source}")
    return run.stdout


def stale(files: dict[Path, str]) -> list[Path]:
    """List what is on disk and differs, to the byte, or should not be there.

    Args:
        files: What should be there.
    """
    on_disk = set((ROOT / PACKAGE).rglob("*_generated.py"))
    wrong = [
        path
        for path, source in files.items()
        if path not in on_disk or path.read_bytes() != source.encode()
    ]
    return sorted([*wrong, *on_disk.difference(files)])


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` say whether they are what they should be."""
    files = generated()
    wrong = stale(files)
    if arguments == ["--check"]:
        for path in wrong:
            sys.stderr.write(f"{path.relative_to(ROOT)} is not what the generator writes\n")
        if wrong:
            sys.stderr.write("run: python .ci/facade\n")
        return 1 if wrong else 0
    for path, source in files.items():
        path.write_bytes(source.encode())
    for path in set(wrong).difference(files):
        path.unlink()
    sys.stderr.write(f"{len(files)} files, {len(wrong)} changed\n")
    return 0


def _returned(cls: type) -> list[type]:
    found = []
    for member in members(cls):
        module = member.owner.__module__
        annotation = return_type(member)
        for name in names_of(module):
            path = origin(name, module)
            if mentions_twin(annotation, module, {path: ""}):
                value = _resolved(path)
                if isinstance(value, type) and _is_ours(value) and awaits(value):
                    found.append(value)
    return found


def _resolved(path: str) -> object:
    module, _, name = path.rpartition(".")
    if not module.startswith(PACKAGE):
        return None
    return getattr(import_module(module), name, None)


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith(f"{PACKAGE}.")


def _file(home: str) -> Path:
    return ROOT / f"{home.replace('.', '/')}.py"


def _names_source(classes: dict[str, type], places: dict[str, str]) -> str:
    names = sorted(import_module(PACKAGE).__all__, key=str.casefold)
    homes = {cls.__name__: places[path] for path, cls in classes.items()}
    listed = {name: homes.get(name, PACKAGE) for name in names}
    imports = "\n".join(f"    from {home} import {n} as {n}" for n, home in listed.items())
    return (
        f'"""The public names, those of `{PACKAGE}`, with the blocking classes in place of the '
        f'async ones."""\n\n{HEADER}\nfrom __future__ import annotations\n\n'
        f"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n{imports}\n\n"
        f"__all__ = {names!r}\n\nTWINS: dict[str, str] = {places!r}\n"
        '"""The module of each async class\'s twin, by the async class\'s dotted path."""\n\n'
        f"BY_NAME: dict[str, str] = { {n: h for n, h in listed.items() if h != PACKAGE}!r}\n"
        '"""The module of each public name that has a twin."""\n'
    )
