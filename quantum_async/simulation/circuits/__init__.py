"""Gate-model circuits, simulated by Qiskit Aer."""
