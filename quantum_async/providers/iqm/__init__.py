"""IQM quantum computers, through IQM Server and the older job interface."""
