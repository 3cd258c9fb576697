"""A variable is taken literally and as browsers and servers will see it, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from pneumatic_dash import environment

DEFAULT = Path("/srv/a+b %41#/dash.sqlite3")


def read(monkeypatch: pytest.MonkeyPatch, value: str, reader: Callable[[str], Any]) -> Any:
    """Return what a reader makes of a variable with this value; the sentence if it refuses."""
    monkeypatch.setenv("NAME", value)
    monkeypatch.delenv("NAME_FILE", raising=False)
    try:
        return reader("NAME")
    except ImproperlyConfigured as refused:
        return str(refused)


def test_values_are_literal(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("$9x!", "$HOME", "${HOME}", "$$", "$", "\\$9x"):
        assert read(monkeypatch, value, environment.text) == value
        assert read(monkeypatch, value, environment.secret) == value


def test_a_value_in_another_encoding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "secret\udce9", environment.secret) == "NAME is not UTF-8. Write it as UTF-8."


def test_a_key_that_no_header_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def key(name: str) -> str:
        return environment.secret(name, is_sent=True)

    for value in ("key # note", "key\u200b", "k\u00e9y", "key\nkey", "key\x7f"):
        assert "Copy it again" in read(monkeypatch, value, key)
    assert read(monkeypatch, " $abc123 ", key) == "$abc123"


def test_urls_are_read_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {
        "https://Dash.Example.com/": "https://dash.example.com",
        "https://dash.example.com:443": "https://dash.example.com",
        "http://dash.example.com:443/a/": "http://dash.example.com:443/a",
        "http://[fd00::1]:8000": "http://[fd00::1]:8000",
        "http://[FD00:0:0::1]:80": "http://[fd00::1]",
        "https://Bücher.example": "https://xn--bcher-kva.example",
        "https://straße.example": "https://xn--strae-oqa.example",
        "http://api_server:8000": "http://api_server:8000",
    }

    assert {value: read(monkeypatch, value, environment.base_url) for value in table} == table


def test_urls_that_cannot_work_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("https://x:99999", "https://x:0", "https://x:http", "https://x:-1", "https://fd00::1"):
        assert read(monkeypatch, value, environment.base_url).startswith("NAME has a wrong port.")
    for value in (
        *("dash.example.com", "https://", "https://a b", "https://a\tb", "https://a/b c", "https://[fd00::1"),
        *(
            "https://[fe80::1%eth0]",
            "https://me@x",
            "https://@x",
            "https://x?",
            "https://x#",
        ),
        *("https://-x-", "https://a..b", "https://x\\y", "https:///path", "https://a,b", "https://[::1]x"),
    ):
        assert read(monkeypatch, value, environment.base_url).startswith("NAME is not a base URL."), value
    for value in ("https://a_b", "https://x/a//b", "https://x/../b", "https://x/a%20b", "https://x/ä"):
        assert read(monkeypatch, value, environment.public_url).startswith("NAME cannot be served."), value


def test_hosts_are_read_as_browsers_send_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def hosts(public: str | None) -> Callable[[str], Any]:
        return lambda name: environment.allowed_hosts(name, "localhost", public_host=public)

    assert read(monkeypatch, "a.example, b.example ,", hosts(None)) == ["a.example", "b.example"]
    assert read(monkeypatch, "*,.Bücher.example,A.example.", hosts("a.example")) == [
        *("*", ".xn--bcher-kva.example", "a.example"),
    ]
    assert read(monkeypatch, "fd00:0::1,[::1]", hosts("fd00::1")) == ["[fd00::1]", "[::1]"]
    for value in ("https://a.example", "a.example:8000", "a.example b.example", "a.example/x", "[::1]:80"):
        assert "Write host names separated by commas" in read(monkeypatch, value, hosts(None))


def test_a_database_is_the_one_that_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def database(name: str) -> tuple[Any, ...]:
        config = environment.database(name, DEFAULT)
        return tuple(config.get(part, "") for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME"))

    table = {
        "": ("", "", "", "", str(DEFAULT)),
        "sqlite:////srv/a+b@c%23/dash.sqlite3": ("", "", "", "", "/srv/a+b@c#/dash.sqlite3"),
        "postgres://me:a@b@db/dash": ("me", "a@b", "db", "", "dash"),
        "postgres://me:$a+b%25@db:5433/dash": ("me", "$a+b%", "db", 5433, "dash"),
        "postgres://me:%23%2F%3F%40@[::1]:5432/dash": ("me", "#/?@", "::1", 5432, "dash"),
        "postgres://db/dash?sslmode=require": ("", "", "db", "", "dash"),
    }

    assert {value: read(monkeypatch, value, database) for value in table} == table
    for value in (
        *("postgres://me:pa#ss@db/dash", "postgres://me:pa/ss@db/dash", "postgres://me:pa?ss@db/dash"),
        *("postgres://me:pa[ss@db/dash", "postgres://me:5/x@db/dash", "sqlite:////srv/a#b.sqlite3"),
    ):
        assert "%23 for #" in read(monkeypatch, value, database), value
    assert "wrong host or port" in read(monkeypatch, "postgres://me:x@db:99999/dash", database)
    assert "no database on it" in read(monkeypatch, "postgres://me:x@db:5432", database)
