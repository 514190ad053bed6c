"""Faults: what can go wrong on purpose, where, and how often."""
