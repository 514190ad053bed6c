"""Pulser sequences, simulated by pulser-simulation (QuTiP)."""
