"""Async-first Python SDK for quantum clouds, with a simulator embedded."""
