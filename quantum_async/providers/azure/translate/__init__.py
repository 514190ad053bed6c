"""Between Azure Quantum's wire and the models: pure functions with total tables."""
