"""A browser without JavaScript that signs in, opens pages and sends forms."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import requests

from demo.processes import DemoError

TIMEOUT = 30


class Browser:
    """One person's visit; ``url`` is the dashboard's address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy of the caller's: everything is on this machine

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def sign_in(self, username: str, password: str) -> None:
        """Sign in; raise DemoError when that fails."""
        page = BrowserPage.read(self.get("/login/"))
        response = self.post("/login/", {**page.hidden, "username": username, "password": password})
        if response.status_code != requests.codes.ok or "/login/" in response.url:
            raise DemoError(f"Signing in as {username} failed (status {response.status_code}).")

    def get(self, path: str, **query: str) -> requests.Response:
        """Return a page; raise DemoError when there is none."""
        response = self._session.get(f"{self.url}{path}", params=query, timeout=TIMEOUT)
        if response.status_code != requests.codes.ok:
            raise DemoError(f"{path} answered with status {response.status_code}.")
        return response

    def post(self, path: str, data: dict[str, Any], files: Any = None) -> requests.Response:
        """Return what a form is answered with, after redirects."""
        address = f"{self.url}{path}"
        return self._session.post(
            address, data=data, files=files, headers={"Referer": address}, timeout=TIMEOUT
        )


class BrowserPage(HTMLParser):
    """What a visitor wants to know of a page: hidden values, names of controls, links, errors."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.controls: set[str] = set()
        self.errors: list[str] = []
        self.links: list[str] = []
        self._in_error = False

    @classmethod
    def read(cls, response: requests.Response) -> BrowserPage:
        """Return the text of the page of a response."""
        page = cls()
        page.feed(response.text)
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag in {"input", "select", "textarea"} and name:
            self.controls.add(name)
            if given.get("type") == "hidden":
                self.hidden[name] = given.get("value") or ""
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag in {"p", "li"}:
            self._in_error = "error" in (given.get("class") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"p", "li"}:
            self._in_error = False

    def handle_data(self, data: str) -> None:
        if self._in_error and data.strip():
            self.errors.append(" ".join(data.split()))
