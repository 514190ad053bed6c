"""IQM, in both generations of its interface."""
