"""Azure Quantum's service: data plane, management, tokens and a blob store on one port."""
