"""The Qoro service: its client, its wire, its credentials."""
