"""The errors that the sandbox answers with; the documented API says nothing of errors (see docs/sandbox.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .wire import Answer, json_answer


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: ``where`` is a kickoff field's api_name, or a key of the body or query."""

    where: str
    reason: str
    is_field: bool = False

    def as_json(self) -> dict[str, str]:
        """Return the problem as listed in ``details`` and ``errors``."""
        return {"api_name" if self.is_field else "name": self.where, "reason": self.reason}


class Refused(Exception):
    """The request is not carried out; ``answer`` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def invalid(problems: Sequence[Problem]) -> Refused:
    """Return the 400 that names the first problem in ``details`` and all of them in ``errors``."""
    return Refused(
        json_answer(
            {
                "code": "validation_error",
                "message": problems[0].reason,
                "details": problems[0].as_json(),
                "errors": [problem.as_json() for problem in problems],
            },
            400,
        )
    )


def invalid_as_a_whole(reason: str) -> Refused:
    """Return a 400 that belongs to no field."""
    return Refused(
        json_answer({"code": "validation_error", "message": reason, "details": {}, "errors": []}, 400)
    )


def refuse(status: int, text: str, **headers: str) -> Refused:
    """Return an error with a plain sentence, as JSON."""
    return Refused(json_answer({"detail": text}, status, **headers))


def not_a_page() -> Refused:
    """Return the 404 for a path that does not exist: HTML, as web frameworks answer outside their API."""
    return Refused(
        Answer(
            404, b"<!doctype html><title>Not Found</title><h1>Not Found</h1>\n", "text/html; charset=utf-8"
        )
    )
