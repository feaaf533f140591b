"""Many nodes and many readers in one process, and the processes that they talk to."""
