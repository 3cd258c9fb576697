"""A launch form as a browser without scripts sees it: read from the page, filled in, sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any, Self

from django.http import HttpResponse
from django.test import Client


@dataclass
class FilledForm:
    """The controls of a form and where it is sent."""

    client: Client
    action: str
    controls: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, client: Client, url: str) -> Self:
        """Get the page and read its form."""
        response = client.get(url)
        assert response.status_code == 200, response.content.decode()
        return cls.read(client, response)

    @classmethod
    def read(cls, client: Client, response: HttpResponse) -> Self:
        """Read the form of the main part of a page."""
        reader = _FormReader()
        reader.feed(response.content.decode())
        assert reader.action, "There is no form on this page."
        return cls(client, reader.action, reader.controls)

    def fill(self, **controls: Any) -> Self:
        """Return the form with other values; ``string_1`` is the control ``kickoff-string-1``."""
        filled = {name: list(values) for name, values in self.controls.items()}
        for name, value in controls.items():
            control = name if name in self.controls or name == "name" else f"kickoff-{name.replace('_', '-')}"
            filled[control] = value if isinstance(value, list) else [value]
        return replace(self, controls=filled)

    def without(self, *names: str) -> Self:
        """Return the form without these controls."""
        return replace(self, controls={name: v for name, v in self.controls.items() if name not in names})

    def send(self, press: str = "launch", value: str = "1", **headers: Any) -> HttpResponse:
        """Send the form with one of its buttons."""
        return self.client.post(self.action, {**self.controls, press: value}, **headers)

    @property
    def submission_id(self) -> str:
        return str(self.controls["submission_id"][0])


class _FormReader(HTMLParser):
    """Collects the successful controls of the form that carries a submission id or signs in to launch."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.controls: dict[str, list[str]] = {}
        self._inside = False
        self._textarea = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and "/launch/" in values.get("action", "") and values.get("method") == "post":
            self.action, self._inside = values["action"], True
        if not self._inside or (not values.get("name") and tag != "option"):
            return
        name = values.get("name", "")
        if tag == "input":
            kind = values.get("type", "text")
            ticked = kind not in {"checkbox", "radio"} or "checked" in values
            if kind not in {"file", "submit"} and ticked:
                self.controls.setdefault(name, []).append(values.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self.controls.setdefault(name, []).append("")
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in values and self._select:
            self.controls.setdefault(self._select, []).append(values.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.controls[self._textarea][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            if self._textarea:  # a browser drops the line break right after the tag
                self.controls[self._textarea][-1] = self.controls[self._textarea][-1].removeprefix("\n")
            self._textarea = ""
        elif tag == "select":
            self._select = ""
