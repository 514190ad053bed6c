"""Programs: read, checked, flattened, described and bound, for every provider and the simulator."""
