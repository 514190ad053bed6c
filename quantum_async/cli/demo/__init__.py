"""The demo: two real sweeps at once on the embedded simulators, and their pictures."""
