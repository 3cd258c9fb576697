"""Fixtures: second factors that are turned on, and a user with an authenticator app."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import SecondFactor, User
from apps.accounts.second_factors import codes, services
from apps.core.database import clock
from tests.factories import PASSWORD


@dataclass
class App:
    """An authenticator app, and the recovery codes that were kept."""

    user: User
    factor: SecondFactor
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """Return what the app shows now, or some half minutes later."""
        step = int(clock.now().timestamp()) // codes.STEP_SECONDS
        return codes.code_at(codes.secret_of(self.factor.nonce), step + steps)

    @property
    def wrong_code(self) -> str:
        """A code of no valid step."""
        near = {self.code(steps) for steps in range(-2, 3)}
        return next(
            code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near
        )


def make_app(user: User) -> App:
    """Give a user a second factor none of whose codes was used."""
    now = clock.now()
    factor = SecondFactor.objects.create(
        user=user,
        nonce=codes.new_nonce(),
        key_fingerprint=codes.key_fingerprint(),
        last_step=0,
        created_at=now,
        used_at=now,
    )
    return App(user, factor, services.replace_recovery_codes(factor))


@pytest.fixture(autouse=True)
def optional(settings: Settings) -> None:
    settings.SECOND_FACTORS = "optional"


@pytest.fixture
def required(optional: None, settings: Settings) -> None:
    settings.SECOND_FACTORS = "required"


@pytest.fixture
def app(viewer: User) -> App:
    return make_app(viewer)


def enter_password(client: Client, username: str = "viewer", **values: str) -> str:
    """Post the sign-in form and return where it leads to."""
    response = client.post("/login/", {"username": username, "password": PASSWORD, **values})
    return str(response.headers.get("Location", ""))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
