"""The registry itself: pure Python, any number of threads, no I/O, no event loop, no third-party package.

From the bottom up: `limits`, `model`, `health`, `record` (values) - `latency`, `lock`, `waiting` (mechanisms) - `backend` (a
live handle) - `index`, `changes`, `noted`, `topology` (the truth and how it changes) - `operations`, `selection` (the verbs) -
`lease`, `watch` (what the verbs hand out). Users import `backend_registry`, never this package.
"""
