"""The registry itself: pure Python, any number of threads, no I/O, no event loop, no third-party package.

From the bottom up: `limits`, `model`, `health`, `record`, `latency`, `ejection` (values, and what follows from them) - `lock`,
`waiting` (mechanisms) - `described`, `backend` (a live handle) - `index`, `filed`, `changes`, `noted`, `topology` (the truth
and how it changes) - `resting` (who is left alone for a while) - `operations`, `selection` (the verbs) - `lease`, `watch`
(what the verbs hand out). Users import `backend_registry`, never this package.
"""
