"""Passwords cannot be guessed on any page, and no attacker can lock the owner out."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.db.models import F
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.sign_in.backends import MAX_WAITING, slots
from apps.accounts.sign_in.devices import cookie_name
from apps.accounts.sign_in.handler import ACCOUNTS_OF_AN_ADDRESS, SignInHandler
from apps.core.database import clock
from tests.factories import PASSWORD, make_template, make_user

pytestmark = pytest.mark.django_db
LIMIT = settings.AXES_FAILURE_LIMIT


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were compared with a stored one, by name."""
    names: list[str] = []
    compare = ModelBackend.authenticate

    def watch(self: ModelBackend, request: HttpRequest | None, **credentials: str) -> object:
        names.append(credentials["username"])
        return compare(self, request, **credentials)

    monkeypatch.setattr(ModelBackend, "authenticate", watch)
    return names


def sign_in(client: Client, username: str = "viewer", password: str = PASSWORD, **headers: str) -> bool:
    """Post the sign-in form; return whether the user is signed in then."""
    client.post("/login/", {"username": username, "password": password}, headers=headers)
    return "_auth_user_id" in client.session


def wait() -> None:
    """Let the wait of every account and address pass."""
    past = settings.AXES_COOLOFF_TIME + dt.timedelta(seconds=1)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - past)


@pytest.mark.parametrize("proxy", ["none", "documented", "of many clients"])
def test_two_hundred_guesses_from_forged_addresses_come_to_a_few_checks(
    viewer: User, checked: list[str], settings: Settings, proxy: str
) -> None:
    settings.BEHIND_PROXY = proxy != "none"
    true_address = "" if proxy == "of many clients" else ", 198.51.100.7"
    device = Client(REMOTE_ADDR="192.0.2.1")
    assert sign_in(device, x_forwarded_for="192.0.2.1")
    device.post("/logout/")
    checked.clear()

    for number in range(200):
        forged = f"203.0.113.{number}{true_address}"
        request = RequestFactory().post("/login/", HTTP_X_FORWARDED_FOR=forged)
        name = ["viewer", "Viewer", "VIEWER", "viewer"][number % 4]
        assert authenticate(request, username=name, password=f"guess {number}") is None

    assert len(checked) == LIMIT <= 10
    assert sign_in(device, x_forwarded_for="192.0.2.2")
    newcomer = Client(REMOTE_ADDR="192.0.2.3")
    assert not sign_in(newcomer, x_forwarded_for="192.0.2.3")
    wait()
    assert sign_in(newcomer, x_forwarded_for="192.0.2.3")


def test_every_place_that_asks_for_a_password_counts_for_the_same_account(
    viewer: User, viewer_client: Client, checked: list[str]
) -> None:
    template = make_template()
    places = [
        (Client(), "/login/", {"username": "viewer", "password": "x"}),
        (Client(), "/admin/login/", {"username": "viewer", "password": "x"}),
        (Client(), f"/templates/{template.pk}/launch/sign-in/", {"username": "viewer", "password": "x"}),
        (viewer_client, "/account/password/", {"old_password": "x"}),
    ]
    for _ in range(LIMIT):
        for client, address, values in places:
            client.cookies.pop(cookie_name(), None)
            client.post(address, values, REMOTE_ADDR="203.0.113.1")

    assert len(checked) == LIMIT
    refused = [client.post(address, values, REMOTE_ADDR="203.0.113.1") for client, address, values in places]
    assert [response.status_code for response in refused] == [429, 302, 429, 429]
    for response in [refused[0], *refused[2:]]:
        assert "Too many wrong passwords. Wait 10 minutes" in response.content.decode()
        assert response.headers["Retry-After"] == "600"


def test_a_refused_password_is_neither_checked_nor_extends_the_wait(viewer: User, checked: list[str]) -> None:
    for _ in range(LIMIT):
        sign_in(Client(), password="wrong")
    before = list(AccessAttempt.objects.values())

    assert not sign_in(Client())

    assert len(checked) == LIMIT
    assert list(AccessAttempt.objects.values()) == before


def test_a_wait_is_counted_by_the_clock_of_the_database(
    viewer: User, checked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_ahead", dt.timedelta(hours=2))  # this machine's clock is behind
    for _ in range(LIMIT + 1):
        assert not sign_in(Client(), password="wrong")

    assert len(checked) == LIMIT
    assert AccessAttempt.objects.get().attempt_time > timezone.now() + dt.timedelta(hours=1)


def test_a_right_password_starts_the_count_again(viewer: User, checked: list[str]) -> None:
    for _ in range(3):
        for _ in range(LIMIT - 1):
            assert not sign_in(Client(), password="wrong")
        assert sign_in(Client())


def test_a_device_has_a_separate_limit(viewer: User, checked: list[str]) -> None:
    device, other = Client(REMOTE_ADDR="192.0.2.1"), Client(REMOTE_ADDR="192.0.2.2")
    for client in (device, other):
        assert sign_in(client)
        client.post("/logout/")

    for _ in range(LIMIT):
        assert not sign_in(device, password="wrong")

    assert not sign_in(device)
    assert sign_in(other)


def test_an_earlier_address_of_the_account_stays_open_while_another_one_guesses(viewer: User) -> None:
    assert sign_in(Client(REMOTE_ADDR="192.0.2.1"))
    for _ in range(LIMIT):
        sign_in(Client(REMOTE_ADDR="203.0.113.1"), password="wrong")

    assert not sign_in(Client(REMOTE_ADDR="203.0.113.1"))
    assert sign_in(Client(REMOTE_ADDR="192.0.2.1"))


def test_the_device_of_one_account_is_unknown_to_others(viewer: User) -> None:
    make_user("attacker")
    for _ in range(LIMIT):
        sign_in(Client(REMOTE_ADDR="203.0.113.1"), password="wrong")
    device = Client(REMOTE_ADDR="203.0.113.2")
    assert sign_in(device, "attacker")
    device.post("/logout/")

    assert not sign_in(device)
    device.cookies[cookie_name()] = device.cookies[cookie_name()].value[:-1]
    assert not sign_in(device)


def test_one_address_cannot_try_a_password_on_every_account(viewer: User, checked: list[str]) -> None:
    networks = [f"2001:db8:1:2::{number:x}" for number in range(1, 25)]  # of one customer
    for number, address in enumerate(networks):
        sign_in(Client(REMOTE_ADDR=address), f"user{number}", "Spring2026!")

    assert len(checked) == LIMIT * ACCOUNTS_OF_AN_ADDRESS
    assert sign_in(Client(REMOTE_ADDR="2001:db8:1:3::1"))


def test_own_successes_do_not_clear_what_an_address_tried(viewer: User, checked: list[str]) -> None:
    make_user("attacker")
    for number in range(LIMIT * ACCOUNTS_OF_AN_ADDRESS + 3):
        sign_in(Client(REMOTE_ADDR="203.0.113.1"), f"user{number}", "wrong")
        if number % 5 == 0:
            sign_in(Client(REMOTE_ADDR="203.0.113.1"), "attacker")

    assert len([name for name in checked if name != "attacker"]) == LIMIT * ACCOUNTS_OF_AN_ADDRESS


@pytest.fixture
def all_places_taken() -> Iterator[None]:
    with slots.place(), slots.place(), slots.place() as has_place:
        assert has_place
        assert MAX_WAITING == 2
        yield


@pytest.mark.usefixtures("all_places_taken")
def test_more_passwords_at_once_than_places_are_refused_before_they_cost_anything(
    viewer: User, checked: list[str]
) -> None:
    response = Client().post("/login/", {"username": "viewer", "password": PASSWORD})

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "5"
    assert "Many users are signing in." in response.content.decode()
    assert not checked
    assert not AccessAttempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_passwords_that_arrive_together_are_counted_one_by_one() -> None:
    together = threading.Barrier(2 * LIMIT, timeout=600)

    def attempt(number: int) -> bool:
        request = RequestFactory().post("/login/", REMOTE_ADDR=f"203.0.113.{number}")
        together.wait()
        try:
            return SignInHandler().is_allowed(request, {"username": "viewer"})
        finally:
            connection.close()

    with ThreadPoolExecutor(2 * LIMIT) as pool:
        allowed = list(pool.map(attempt, range(2 * LIMIT)))

    assert sum(allowed) == LIMIT
