"""The page on the blocking facade tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "blocking.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_of_the_page_runs(code: str) -> None:
    """The example runs as it stands."""
    exec(compile(code, str(PAGE), "exec"), {"__name__": "__main__"})


def test_the_page_has_examples() -> None:
    """The collector sees them: an empty parameter set would pass unnoticed."""
    assert len(EXAMPLES) == 3
