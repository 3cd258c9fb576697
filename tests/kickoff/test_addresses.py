"""A web address: what is taken, and the true reason for what is not."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from apps.kickoff.fields.url import LinkField


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("https://example.com/a%20b", "https://example.com/a%20b"),
        ("localhost:8000/x", "https://localhost:8000/x"),
        ("example.com:8080/x", "https://example.com:8080/x"),
        ("example.com:8080", "https://example.com:8080"),
        ("example.com/x?next=http://a.example", "https://example.com/x?next=http://a.example"),
        (
            "https://web.archive.org/web/https://example.com/",
            "https://web.archive.org/web/https://example.com/",
        ),
        ("ftp://example.com/a", "ftp://example.com/a"),
        ("https://bücher.example/ä", "https://bücher.example/ä"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("https.example.com", "https://https.example.com"),
        (" https://wiki/page ", "https://wiki/page"),
        ("\u200b\u3164", ""),
    ],
)
def test_it_is_taken(typed: str, sent: str) -> None:
    assert LinkField(required=False).clean(typed) == sent


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("https://example.com/my file.pdf", "A web address has no blanks. Write %20 for each blank."),
        ("https//example.com", "Write a colon and two slashes after “https”: https://"),
        ("https:/example.com", "Write a colon and two slashes after “https”: https://"),
        ("http:example.com", "Write a colon and two slashes after “http”: http://"),
        ("http://http://x.com", "The web address starts twice with http:// or https://."),
        ("https://e..org", "“e..org” is no valid host of a web address."),
        (f"https://{'a' * 64}.org", f"“{'a' * 64}.org” is no valid host of a web address."),
        ("https://", "Write a web address that starts with https:// or http://."),
        ("not an address", "Write a web address that starts with https:// or http://."),
        ("https://example.com:99999", "The host or the port of the web address is invalid."),
        ("https://<script>/", "“<script>” is no valid host of a web address."),
        ("https://example.com:port/", "The host or the port of the web address is invalid."),
        ("https://[::1", "The host or the port of the web address is invalid."),
        ("javascript:alert(1)", "Write a web address that starts with https:// or http://."),
        ("mailto:a@example.com", "Write a web address that starts with https:// or http://."),
        (
            "https://example.com/\u200bx",
            "The web address has an invisible character. Type it again instead of pasting.",
        ),
    ],
)
def test_the_reason_is_the_true_one(typed: str, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LinkField().clean(typed)
    assert caught.value.messages == [reason]
