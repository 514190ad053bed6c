"""Azure Quantum's face: data plane, management, tokens and a blob store on one port."""
