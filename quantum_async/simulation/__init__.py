"""Simulating programs on this machine: pure functions, no I/O, no event loop."""
