"""The errors of the current server: their shapes, and their texts in the language of the key's user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.wire import Answer, json_answer

FORBIDDEN = "You do not have permission to perform this action."
NO_TEMPLATE_ACCESS = "Permission denied. You do not have access to this template."
NOT_OWNER = "Permission denied. You are not a template owner."
NOT_FOUND = "Not found."
REQUIRED = "This field is required."
BLANK = "This field may not be blank."
NUL = "Null characters are not allowed."
NO_CREDENTIALS = "Authentication credentials were not provided."

# The server has translations of some of its texts only; the others are English in every language.
_TRANSLATIONS: Mapping[str, Mapping[str, str]] = {
    "de": {
        FORBIDDEN: "Sie sind nicht berechtigt, diese Aktion durchzuführen.",
        NO_TEMPLATE_ACCESS: "Zugriff verweigert. Sie haben keinen Zugriff auf diese Vorlage.",
        NOT_OWNER: "Zugriff verweigert. Sie sind kein Besitzer dieser Vorlage.",
        NOT_FOUND: "Nicht gefunden.",
        REQUIRED: "Dieses Feld ist zwingend erforderlich.",
        BLANK: "Dieses Feld darf nicht leer sein.",
        NO_CREDENTIALS: "Anmeldedaten fehlen.",
    },
    "fr": {
        FORBIDDEN: "Vous n'avez pas la permission d'effectuer cette action.",
        NOT_FOUND: "Non trouvé.",
        NO_CREDENTIALS: "Informations d'authentification non fournies.",
    },
}


class Complaint(Exception):
    """The request is not carried out; ``answer`` says why. ``values`` fill the gaps of the text."""

    def __init__(
        self,
        status: int,
        text: str,
        body: Callable[[str], Any],
        *,
        values: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self._status = status
        self._text = text
        self._body = body
        self._values = values or {}
        self._headers = headers or {}

    def answer(self, language: str) -> Answer:
        """Return the answer, in this language as far as the server has the text in it."""
        text = _TRANSLATIONS.get(language, {}).get(self._text, self._text)
        answer = json_answer(self._body(text.format(**self._values) if self._values else text), self._status)
        answer.headers.update(self._headers)
        return answer


def plain(status: int, text: str, *, headers: Mapping[str, str] | None = None, **values: object) -> Complaint:
    """Return an error with nothing but ``detail``: 401, 403, 404, 405, 406, 415, and JSON that cannot be read."""
    return Complaint(status, text, lambda text: {"detail": text}, values=values, headers=headers)


def forbidden(text: str = FORBIDDEN) -> Complaint:
    """Return a 403."""
    return plain(403, text)


def not_found() -> Complaint:
    """Return the 404 for an object that does not exist."""
    return plain(404, NOT_FOUND)


def no_such_method(method: str, allowed: Iterable[str]) -> Complaint:
    """Return the 405."""
    headers = {"Allow": ", ".join((*allowed, "OPTIONS"))}
    return plain(405, 'Method "{method}" not allowed.', headers=headers, method=method)


def wrong_key(name: str, text: str, **values: object) -> Complaint:
    """Return the 400 about a key of the body or the query."""
    return Complaint(
        400,
        text,
        lambda text: {
            "message": text,
            "code": "validation_error",
            "details": {"name": name, "reason": text},
        },
        values=values,
    )


def wrong_field(api_name: str, text: str, **values: object) -> Complaint:
    """Return the 400 about the value of one field."""
    return Complaint(
        400,
        text,
        lambda text: {
            "code": "validation_error",
            "message": text,
            "details": {"reason": text, "api_name": api_name},
        },
        values=values,
    )


def wrong_as_a_whole(text: str, *, has_details: bool = False, **values: object) -> Complaint:
    """Return the 400 that belongs to nothing in particular; some of them have empty ``details``."""
    details: dict[str, Any] = {"details": {}} if has_details else {}
    return Complaint(
        400, text, lambda text: {"message": text, "code": "validation_error", **details}, values=values
    )


def wrong_choice(name: str, value: str) -> Complaint:
    """Return the 400 about a query parameter that knows other values only."""
    return wrong_key(name, '"{value}" is not a valid choice.', value=value)


def page_not_found() -> Answer:
    """Return the 404 for a path that does not exist: HTML, whether or not the key is valid."""
    return Answer(
        404,
        b"<h1>Not Found</h1><p>The requested resource was not found on this server.</p>",
        "text/html",
    )


def server_error() -> Answer:
    """Return the response of the server where it breaks."""
    return Answer(500, b"<h1>Server Error (500)</h1>", "text/html")
