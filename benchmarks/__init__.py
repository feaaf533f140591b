"""What the registry costs, as ratios: `report.py` measures them and writes the page, `test_*.py` give raw timings.

`measure` times statements side by side, `rows` says what a row of the table is, `suites` has one module per group of rows,
`page` turns results into documentation, `peers` holds what the registry is compared with. `gateway.py` measures the gateway
over HTTP, against `minimal_proxy` and others; `traffic` has the processes that this takes.
"""
