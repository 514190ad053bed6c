"""Our clients and results behind Qiskit's interfaces."""
