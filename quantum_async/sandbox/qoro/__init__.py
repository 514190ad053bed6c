"""The sandbox's Qoro service."""
