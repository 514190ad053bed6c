"""The scheduler: the only place with task groups."""
