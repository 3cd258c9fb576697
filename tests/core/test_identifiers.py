"""Numbers, UUIDs and addresses from anywhere: only what a database can look up."""

from __future__ import annotations

import uuid

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from apps.core.identifiers import MAX_NUMBER, client_address, read_address, read_number, read_uuid


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("17", 17), (" 17 ", 17), ("007", 7), (str(MAX_NUMBER), MAX_NUMBER)],
)
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    "text", ["", " ", "-1", "1.5", "1e3", "1_000", "٣", "²", "x", str(MAX_NUMBER + 1), "9" * 5000]
)
def test_other_text_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    "text",
    ["6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d21", "6F1C9A342F0E4E0B9D3A0C3B1F6A7D21"],
)
def test_a_uuid_is_read(text: str) -> None:
    assert read_uuid(text) == uuid.UUID("6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d21")


@pytest.mark.parametrize("text", ["", "17", "x" * 32, "6f1c9a34-2f0e-4e0b-9d3a-0c3b1f6a7d2", "\0" * 36])
def test_other_text_is_no_uuid(text: str) -> None:
    assert read_uuid(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("192.0.2.1\n", "192.0.2.1"),
        ("192.0.2.256", None),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str | None) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "203.0.113.9"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9, garbage", None),
    ],
)
def test_the_client_is_the_sender_to_the_first_of_our_proxies(
    settings: Settings, proxies: int, forwarded: str, address: str | None
) -> None:
    settings.BEHIND_PROXY, settings.TRUSTED_PROXIES = proxies > 0, max(proxies, 1)
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)

    assert client_address(request) == address
