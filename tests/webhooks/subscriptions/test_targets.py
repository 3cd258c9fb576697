"""A target is checked before it is sent."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from apps.webhooks import endpoints
from apps.webhooks.models import Endpoint
from apps.webhooks.subscriptions import targets
from apps.webhooks.subscriptions.targets import check_target
from tests.webhooks.subscribing import PUBLIC_URL

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def addresses(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    settings.PNEUMATIC_API_URL = "https://api.pneumatic.app"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "   ",
        "listener",
        "//example.com/x",
        "/hooks/x/",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://example.com:port/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://user:password@example.com/",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://exa mple.com/",
        "https://example.com/\nX-Header: 1",
        "https://example.com\\@evil.example/",
        "https://example.com/" + "x" * 2000,
        "https://example.com/\x00",
    ],
)
def test_what_is_no_usable_address_is_an_error(target: str) -> None:
    check = check_target(target)

    assert check.errors
    assert not check.is_ok
    assert all(error.endswith(".") for error in check.errors)


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com",
        "https://example.com/a?b=c",
        "HTTPS://Example.COM:8443/a",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1::1]/",
        "https://xn--bcher-kva.example/",
        "https://bücher.example/",
    ],
)
def test_an_address_out_there_is_fine(target: str) -> None:
    assert check_target(target) == targets.TargetCheck()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST.",
        "dash.localhost",
        "printer.local",
        "dash.internal",
        "dash.lan",
        "server.home.arpa",
        "intranet",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",  # noqa: S104 - an address to doubt, not to bind
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[::]",
    ],
)
def test_a_host_nearby_is_doubted_while_the_api_is_not(host: str, settings: Settings) -> None:
    (warning,) = check_target(f"https://{host}/listener").warnings
    assert "cannot reach it" in warning

    settings.PNEUMATIC_API_URL = "http://127.0.0.1:8123"
    assert check_target(f"http://{host}/listener") == targets.TargetCheck()


@pytest.mark.parametrize("host", ["example.com", "10.example.com", "1.2.3.4.5", "localhost.example.com"])
def test_a_host_that_only_looks_nearby_is_not_doubted(host: str) -> None:
    assert check_target(f"https://{host}/").warnings == ()


def test_an_unencrypted_address_is_doubted() -> None:
    (warning,) = check_target("http://example.com/listener").warnings

    assert "unencrypted" in warning


def test_our_receiver_needs_a_token_that_is_accepted() -> None:
    active, pending = endpoints.active(), endpoints.create(Endpoint.State.PENDING)
    old = endpoints.create(Endpoint.State.RETIRED)

    assert check_target(endpoints.target(active)).is_ok
    assert check_target(endpoints.target(pending)).is_ok
    assert not check_target(endpoints.target(old)).is_ok
    assert not check_target(f"{PUBLIC_URL}/hooks/{'x' * 43}/").is_ok
    assert not check_target(f"{PUBLIC_URL}/hooks/").is_ok
    assert check_target(f"{PUBLIC_URL}/elsewhere/").is_ok


def test_our_token_at_another_address_is_an_error() -> None:
    target = f"https://another.example.com{endpoints.path(endpoints.active())}"

    (error,) = check_target(target).errors

    assert "PUBLIC_URL" in error
    assert endpoints.token(endpoints.active()) not in error


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://example.com/a", "HTTPS://EXAMPLE.com:443/a", True),
        ("https://example.com", "https://example.com/", True),
        ("http://example.com:80/", "http://example.com/", True),
        ("https://example.com/a", "https://example.com/a/", False),
        ("https://example.com/a", "https://example.com/A", False),
        ("https://example.com/a", "http://example.com/a", False),
        ("https://example.com:444/a", "https://example.com/a", False),
        ("https://u@example.com/a", "https://example.com/a", False),
        ("not an address", "not an address", True),
    ],
)
def test_two_spellings_of_one_address_are_the_same(one: str, other: str, same: bool) -> None:
    assert targets.is_same(one, other) is same


def test_only_the_host_of_a_target_is_shown() -> None:
    assert (
        targets.shown("https://user:pw@hooks.example.org:444/secret?key=1")
        == "https://hooks.example.org:444/…"
    )
    assert targets.shown("nonsense") == "…"


def test_nothing_is_ours_without_a_public_address(settings: Settings) -> None:
    settings.PUBLIC_URL = ""

    assert not targets.is_ours("https://dash.example.com/hooks/x/")
    assert not targets.is_ours("/hooks/x/")
