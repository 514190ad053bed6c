"""Our clients and results behind Pulser's interfaces."""
