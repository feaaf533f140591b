"""`RefusedReportError`: a report that is not taken in, and the two commonest reasons for it.

Whatever was refused is never repeated, since somebody may have put a secret there: problems name fields and what is accepted.
"""

__all__ = ("RefusedReportError", "invalid", "secret")


class RefusedReportError(Exception):
    """A report that is not taken in; what was known stays as it was.

    Attributes:
        status: HTTP status of the answer.
        code: the same for programs.
        detail: what is wrong and what to do, in a sentence; repeats nothing that might be a secret.
        facts: `epoch`, `revision`, `want`, `errors`, where they help.
    """

    def __init__(self, status: int, code: str, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.facts = facts


def invalid(field: str, problem: str, remedy: str) -> RefusedReportError:
    """The refusal of a field whose value cannot be; `field` as in `upserts[3].weight`."""
    return _about("invalid", field, problem, remedy)


def secret(field: str, problem: str, remedy: str) -> RefusedReportError:
    """The refusal of a field that holds what looks like a credential: what a hub has, all its readers see."""
    return _about("secret_in_report", field, problem, remedy)


def _about(code: str, field: str, problem: str, remedy: str) -> RefusedReportError:
    error = {"field": field, "problem": problem, "remedy": remedy}
    return RefusedReportError(422, code, f"field {field}: {problem}; {remedy}", errors=[error])
