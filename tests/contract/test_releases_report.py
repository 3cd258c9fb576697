"""What ``check_connection`` reports about each recorded release."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from apps.pneumatic.connection_report import run_checks
from apps.pneumatic.dialects.current.dialect import Current
from tests.contract.recordings import replaying
from tests.contract.releases_recorded import TAGS, recorded
from tests.pneumatic.conftest import Connect, Serve

pytestmark = pytest.mark.usefixtures("memory")

BY_ID = ["v1.0.0", "v2.0.4", "v3.2.0", "v4.0.0"]


@pytest.fixture
def release_of(serve: Serve, connect_to: Connect, settings: Settings) -> Callable[[str], str]:
    """Return a function that gives the text of the check named Release."""

    def text(tag: str) -> str:
        names = [
            "webhooks-events",
            "auth-context",
            "probe-google-token",
            "probe-attachments",
            "templates-list",
        ]
        server = serve(replaying(*(recorded(tag, name) for name in names)))
        settings.PNEUMATIC_API_URL = server.url
        settings.PNEUMATIC_DIALECT = "auto"
        checks = run_checks(connect_to(server.url, dialect=Current()))
        (found,) = [check for check in checks if check.name == "Release"]
        return found.text

    return text


@pytest.mark.parametrize(
    ("tag", "range_"),
    [
        ("v1.0.0", "1.0 to 1.1 "),
        ("v2.0.4", "2.0 to 4.2 "),
        ("v3.2.0", "2.0 to 4.2 "),
        ("v4.0.0", "2.0 to 4.2 "),
        ("v4.3.0", "4.3 to 4.x "),
        ("v5.0.0", "5.0 to 5.x "),
        ("v6.0.0", "6.0 to 6.x "),
        ("v7.0.0", "7.0 or later "),
    ],
)
def test_the_release_is_named_with_its_evidence(
    release_of: Callable[[str], str], tag: str, range_: str
) -> None:
    text = release_of(tag)

    assert text.startswith(f"Looks like {range_}(GET /a")


@pytest.mark.parametrize("tag", TAGS)
def test_the_report_says_what_works_and_what_an_upgrade_adds(
    release_of: Callable[[str], str], tag: str
) -> None:
    text = release_of(tag)

    assert ("files by id" in text) == (tag < "v7")
    assert ("Groups cannot be answers" in text) == (tag in BY_ID)
    assert ("MM/DD/YYYY" in text) == (tag == "v1.0.0")
    assert ("options by api_name" in text) == (tag < "v5")
    assert ("An upgrade to 7.1" in text) == (tag < "v7")
