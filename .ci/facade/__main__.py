"""``python .ci/facade [--check]`` writes the generated files, or says whether they are in step."""

from __future__ import annotations

import sys
from pathlib import Path

# Python looks for modules in the folder that it was started with, and not for the package itself.
sys.path[0] = str(Path(__file__).parents[1])

from facade.generate import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
