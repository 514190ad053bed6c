"""One folder per provider; reached only through the contract and the registry in `base`."""
