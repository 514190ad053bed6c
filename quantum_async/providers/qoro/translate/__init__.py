"""Pure functions between what the Qoro service says and what this package means."""
