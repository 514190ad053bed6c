"""Pasqal Cloud."""
