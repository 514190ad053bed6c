"""The twins that are Qiskit's own kinds of objects: each has a part by hand, and gets the rest."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from facade.reading import members
from facade.writing import ClassWriter, docstring, module_source

if TYPE_CHECKING:
    from facade.annotations import Imports

PACKAGE = "quantum_async.integrations.qiskit"
HOME = f"{PACKAGE}._twins_generated"


@dataclass(frozen=True)
class Kind:
    """How one of them is written.

    Args:
        name: Its name.
        bases: What it is made of.
        home: Where its async twin is defined.
        is_made: Whether users make it, so that it has the async twin's constructor and docstring;
            its first base has others.
    """

    name: str
    bases: str
    home: str
    is_made: bool = False


KINDS = {
    "AsyncBackend": Kind("QuantumAsyncBackend", "BackendTwin", "backends"),
    "AsyncJob": Kind("QuantumAsyncJob", "JobTwin", "jobs"),
    "AsyncPrimitiveJob": Kind("PrimitiveJob", "PrimitiveJobTwin[PubResultT]", "jobs"),
    "AsyncSampler": Kind(
        "SamplerV2", "Twin[AsyncSampler], BaseSamplerV2", "primitives", is_made=True
    ),
    "AsyncEstimator": Kind(
        "EstimatorV2", "Twin[AsyncEstimator], BaseEstimatorV2", "primitives", is_made=True
    ),
    "AsyncProvider": Kind("QuantumAsyncProvider", "ProviderTwin", "provider"),
}

PHRASES = {
    ", to be awaited": "",
    "Cancelled: what was accepted": "Interrupted: what was accepted",
    "Cancelled or timed out: only": "Interrupted or timed out: only",
}
"""What reads otherwise when nobody awaits; each is there because some docstring has it."""

RUNTIME = {
    "from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2",
    f"from {PACKAGE}.jobs import PubResultT",
    f"from {PACKAGE}.primitives import AsyncEstimator, AsyncSampler",
    f"from {PACKAGE}.twins import BackendTwin, JobTwin, PrimitiveJobTwin, ProviderTwin, Twin",
}


def twinned() -> list[type]:
    """List the async classes."""
    return [getattr(import_module(f"{PACKAGE}.{k.home}"), name) for name, k in KINDS.items()]


def source() -> str:
    """Write the module of all of them."""
    twins = {f"{PACKAGE}.{k.home}.{name}": f"{HOME}.{k.name}" for name, k in KINDS.items()}
    written = module_source(HOME, twinned(), twins, QiskitWriter)
    checks = (
        "# mypy: allow-subclassing-any\n"
        # Qiskit's own say None, and what a twin holds is its provider's to wrap.
        "# pyright: reportIncompatibleMethodOverride=false, reportPrivateUsage=false\n"
    )
    return written.replace("\nfrom __future__", f"{checks}\nfrom __future__", 1)


class QiskitWriter(ClassWriter):
    """Write what a class does not have by hand in its first base."""

    unwrapping = f"{PACKAGE}.twins"
    adds_timeout = False

    def __init__(self, cls: type, imports: Imports) -> None:
        super().__init__(cls, imports)
        self._kind = KINDS[cls.__name__]
        self._path = f"{PACKAGE}.{cls.__name__}"
        self.name = self._kind.name
        name = self._kind.bases.partition("[")[0].partition(",")[0]
        self._base: type = getattr(import_module(f"{PACKAGE}.twins"), name)
        is_provider = name == "ProviderTwin"
        self.twin = "self._async" if is_provider else "self._twin"
        place = "self" if is_provider else "self._provider"
        self.call, self.wrap = f"{place}.run", f"{place}._wrap"
        self.iterate = f"{place}.iterate"

    def source(self) -> str:
        """Write the class."""
        self._imports.runtime |= RUNTIME
        own = {member.name for member in members(self._base)}
        rest = [member for member in members(self._cls) if member.name not in own]
        self._imports.shadowed = frozenset(member.name for member in rest)
        doc = inspect.getdoc(self._base) or ""
        if self._kind.is_made:
            doc = self.doc(inspect.getdoc(self._cls) or "", self._path)
        parts = [f"class {self.name}({self._kind.bases}):\n{docstring(doc, 1)}"]
        if self._kind.is_made:
            parts.append(self.constructor())
        return "\n\n".join([*parts, *map(self.member, rest)])

    def doc(self, doc: str, path: str, *, argument: str = "") -> str:
        """Write the docstring of the class or of a member, with the twins' names."""
        for phrase, words in PHRASES.items():
            doc = doc.replace(phrase, words)
        for name, kind in KINDS.items():
            doc = re.sub(rf"\b{name}\b", kind.name, doc)
        return super().doc(doc, path, argument=argument)

    def made(self, arguments: str, extra: str) -> str:
        """Write how the async object is made and kept."""
        return f"super().__init__(backend.source, {self._cls.__name__}({arguments}){extra})"
