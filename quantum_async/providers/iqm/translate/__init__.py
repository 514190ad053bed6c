"""Between IQM's JSON and this package's values: pure functions, one module per noun."""
