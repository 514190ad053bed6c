"""The command line as ``python -m quantum_async.cli``."""

from __future__ import annotations

from quantum_async.cli import main

if __name__ == "__main__":
    main()
