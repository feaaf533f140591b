"""One module per group of rows; each has a `SUITE` or a `table`."""
