"""The how-to about Pulser runs as it is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "pulser.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("place", range(len(EXAMPLES)))
def test_examples_of_the_page(place):
    """Each example is a whole script, and says nothing on standard error."""
    command = [sys.executable, "-W", "error", "-c", EXAMPLES[place]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_examples():
    """An empty page would pass unnoticed."""
    assert len(EXAMPLES) == 2
