"""The simulators embedded in this package, as a provider: no account, no network."""
