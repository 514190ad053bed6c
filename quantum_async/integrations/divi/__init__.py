"""The Qoro client as a backend of Divi: `quantum_async.integrations.divi.runner.QoroRunner`."""
