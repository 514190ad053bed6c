"""A missing optional library is told with the line that installs it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from quantum_async.errors import MissingExtraError
from quantum_async.models._extras import _EXTRA, optional_libraries

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))[
    "project"
]["optional-dependencies"]
PACKAGES = {"pulser": "pulser-core"}


@pytest.mark.parametrize(
    ("name", "extra", "shown"),
    [
        ("qiskit", "", 'qiskit is not installed [pip install "quantum_async[qiskit]"]'),
        ("qiskit", "local", 'qiskit is not installed [pip install "quantum_async[local]"]'),
        ("qiskit_aer.noise", "", 'qiskit-aer is not installed [pip install "quantum_async[local]"]'),
        ("openqasm3", "", 'qiskit-qasm3-import is not installed [pip install "quantum_async[local]"]'),
    ],
)  # fmt: skip
def test_a_missing_library_is_named_with_its_extra(name, extra, shown):
    """By the name of the package, and by the extra that the block needs as a whole."""
    with pytest.raises(MissingExtraError) as caught, optional_libraries(extra):
        raise ModuleNotFoundError(name=name)
    assert f"{caught.value} [{caught.value.remedy.partition(': ')[2]}]" == shown


def test_an_absence_that_no_extra_cures_is_not_explained_away():
    """Whatever else is missing is a defect, and stays one."""
    for name in ("nobody_wrote_this", None):
        with pytest.raises(ModuleNotFoundError) as caught, optional_libraries():
            raise ModuleNotFoundError(name=name)
        assert not isinstance(caught.value, MissingExtraError)


@pytest.mark.parametrize("library", sorted(_EXTRA))
def test_every_extra_that_is_named_brings_its_library(library):
    """The line that the error gives installs what was missing."""
    package = PACKAGES.get(library, library.replace("_", "-"))
    assert any(wanted.startswith(package) for wanted in EXTRAS[_EXTRA[library]])


SCRIPT = """
import sys
sys.modules["qiskit"] = None
from quantum_async.errors import MissingExtraError
from quantum_async.models.program import Program, ProgramFormat
from quantum_async.models.submission import JobSpec
from quantum_async.providers.iqm.options import IQMOptions
from quantum_async.providers.iqm.translate.programs import prepare
from quantum_async.providers.qoro.translate.programs import prepared
from quantum_async.simulation.run import validate

program = Program("OPENQASM 3.0; bit c;", ProgramFormat.QASM3)
for attempt in (
    lambda: prepare(JobSpec("k", program, 1), None, IQMOptions()),
    lambda: prepared(program, {}),
    lambda: validate(JobSpec("k", program, 1), "automatic"),
):
    try:
        attempt()
    except MissingExtraError as error:
        print(error.extra)
"""


def test_every_provider_says_that_qiskit_is_missing():
    """A circuit that needs it is refused with the remedy, whoever reads it."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["qiskit", "qiskit", "local"], done.stderr
