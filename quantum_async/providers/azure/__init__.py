"""Azure Quantum: workspaces, their jobs and sessions, and the storage behind them."""
