"""Pasqal Cloud as pasqal-cloud 0.24 speaks to it."""
