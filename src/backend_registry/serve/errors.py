"""Why nothing was started."""

__all__ = ("CannotServeError",)


class CannotServeError(Exception):
    """Why nothing was started, in one line for the person at the terminal.

    Attributes:
        exit_status: what the process ends with.
    """

    def __init__(self, message: str, exit_status: int = 2) -> None:
        super().__init__(message)
        self.exit_status = exit_status
