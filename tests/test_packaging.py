"""What is installed, locked and promised in the README."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMMAND = re.compile(r"^python3 -m venv .*$", re.MULTILINE)


def locked(name: str) -> dict[str, list[Version]]:
    """Versions by distribution: several where they differ by Python or platform."""
    versions: dict[str, list[Version]] = {}
    for line in (ROOT / ".ci" / name).read_text().splitlines():
        requirement = Requirement(line)
        (pin,) = requirement.specifier
        assert pin.operator == "==", line
        versions.setdefault(canonicalize_name(requirement.name), []).append(Version(pin.version))
    return versions


def requirements() -> list[Requirement]:
    """Return all that the package, its extras and the developers' groups ask for."""
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    texts = [*project["dependencies"]]
    texts += [text for extra in project["optional-dependencies"].values() for text in extra]
    texts += [
        text
        for name, group in groups.items()
        if not name.startswith("conformance")
        for text in group
        if isinstance(text, str)
    ]
    found = [Requirement(text) for text in sorted(set(texts))]
    return [r for r in found if canonicalize_name(r.name) != "quantum-async"]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_is_locked(requirement: Requirement) -> None:
    """A fresh machine next year builds what was tested: each requirement has a fitting pin."""
    pins = locked("constraints.txt").get(canonicalize_name(requirement.name), [])
    assert pins, "run nox -s constraints"
    assert all(pin in requirement.specifier for pin in pins), "run nox -s constraints"


def imported() -> set[str]:
    """Return the top-level names of other people's libraries that the package imports."""
    names: set[str] = set()
    for path in (ROOT / "quantum_async").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module or "")
    tops = {name.partition(".")[0] for name in names}
    # Checkers of types bring `_typeshed`; nothing imports it when it runs.
    return tops - sys.stdlib_module_names - {"quantum_async", "_typeshed"}


def test_every_import_is_a_requirement() -> None:
    """What the package imports it asks for by name, and not through somebody else's needs."""
    project = PROJECT["project"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    texts = [*project["dependencies"], *extras]
    asked = {canonicalize_name(Requirement(text).name) for text in texts}
    # Pydantic pins its core. Pytest is there when it loads our plugin, Divi, with what it needs
    # itself, when it is given our runner: whoever uses them has them.
    asked |= {"pydantic-core", "pytest", "qoro-divi", "requests", "python-dotenv"}
    absent = {"divi": ["qoro-divi"], "dotenv": ["python-dotenv"], "requests": ["requests"]}
    found = {**absent, **packages_distributions()}
    missing = {
        name
        for name in imported()
        if not {canonicalize_name(distribution) for distribution in found.get(name, ())} & asked
    }
    assert missing == set()


def test_the_lock_is_light() -> None:
    """No lock pulls in torch, which weighs more than all else together."""
    for lock in (ROOT / ".ci").glob("constraints*.txt"):
        assert not {name for name in locked(lock.name) if name.startswith(("torch", "nvidia"))}


def test_conformance_environments_are_locked() -> None:
    """Every vendor's own SDK has a lock file of its own."""
    vendors = {
        name.removeprefix("conformance-")
        for name in PROJECT["dependency-groups"]
        if name.startswith("conformance-")
    }
    assert {f"constraints-{vendor}.txt" for vendor in vendors} == {
        path.name for path in (ROOT / ".ci").glob("constraints-*.txt")
    }


def test_the_readme_names_two_commands() -> None:
    """One line shows the package, one line tests it, and CI runs the second to the letter."""
    demo, test = COMMAND.findall((ROOT / "README.md").read_text())
    assert demo.endswith(".venv/bin/quantum-async demo")
    assert test.endswith(".venv/bin/nox -s tests")
    assert test in (ROOT / ".ci" / "run").read_text()


def test_all_means_all() -> None:
    """The extra `all` names every other extra."""
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = map(Requirement, extras["all"])
    assert everything.extras == set(extras) - {"all"}


def test_types_are_shipped() -> None:
    """The marker that makes checkers trust the annotations is part of the package."""
    assert (ROOT / "quantum_async" / "py.typed").is_file()


def test_every_entry_point_loads() -> None:
    """Each provider, plugin and command that the package announces can be imported."""
    groups = [*PROJECT["project"]["entry-points"], "console_scripts"]
    ours = [
        entry
        for group in groups
        for entry in entry_points(group=group)
        if entry.value.startswith("quantum_async.")
    ]
    assert {entry.group for entry in ours} == set(groups)
    for entry in ours:
        assert entry.load()
