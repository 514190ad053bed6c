"""What is installed: this package, Python, and which extras are there in full."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantum_async.cli.documents import Document

PACKAGE = "quantum_async"
_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*;.*extra == ['"]([\w-]+)['"]""")


def platform_words() -> str:
    """Name the package, Python and the machine in one line."""
    return (
        f"quantum-async {version(PACKAGE)} on Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}"
    )


def versions_document() -> Document:
    """Write down what runs here, with stable keys."""
    return {
        "quantum_async": version(PACKAGE),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _installed(name) for name in sorted(_libraries())},
    }


def missing_by_extra() -> dict[str, list[str]]:
    """Say for each extra which of its libraries are not installed."""
    missing: dict[str, list[str]] = {}
    for name, extra in _optional():
        found = missing.setdefault(extra, [])
        if _installed(name) is None:
            found.append(name)
    return missing


def _libraries() -> set[str]:
    texts = [text for text in requires(PACKAGE) or [] if "extra ==" not in text]
    core = {match.group() for text in texts if (match := re.match(r"[\w.-]+", text))}
    return core | {name for name, _ in _optional()}


def _optional() -> list[tuple[str, str]]:
    """List what each extra asks for on every machine; `all` says nothing new."""
    texts = [text for text in requires(PACKAGE) or [] if "sys_platform" not in text]
    matches = (_REQUIREMENT.match(text) for text in texts)
    found = [(match.group(1), match.group(2)) for match in matches if match is not None]
    ours = {PACKAGE, PACKAGE.replace("_", "-")}
    return [(name, extra) for name, extra in found if extra != "all" and name not in ours]


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
