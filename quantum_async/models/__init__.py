"""Frozen values that every floor of the package shares; no I/O, no third-party library."""
