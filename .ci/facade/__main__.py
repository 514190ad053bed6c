"""``python .ci/facade [--check]`` writes the generated files, or says whether they are in step."""

from __future__ import annotations

import sys
from pathlib import Path

# Started as a folder, this is not yet a part of the package that it lies in.
sys.path.insert(0, str(Path(__file__).parents[1]))

from facade.generate import main

sys.exit(main(sys.argv[1:]))
