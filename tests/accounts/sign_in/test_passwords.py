"""A password that consists of the user's names is refused in every usual disguise."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.models import User

USERS = {
    "viewer2": User(username="viewer2", email="v@x.org"),
    "ada": User(
        username="al",
        first_name="Ada María",
        last_name="Løvelace-King",
        email="countess.ada@analytical.example",
    ),
}


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("viewer2", "viewer2viewer2"),
        ("viewer2", "VIEWER2-viewer2"),
        ("viewer2", "2reweiv2reweiv"),
        ("viewer2", "v1ew3r2v1ew3r2"),
        ("viewer2", "viewer20261130"),
        ("viewer2", "!!!viewer2!!!!"),
        ("viewer2", "v.i.e.w.e.r.2.2"),
        ("viewer2", "viewer2abcde"),
        ("ada", "countess-countess"),
        ("ada", "Analytical2026!"),
        ("ada", "An4lyt1c4l2026"),
        ("ada", "mariamaria1815"),
        ("ada", "KingKingKing1"),
        ("ada", "AdaMariaKing12"),
        ("ada", "Lovelace2026"),
        ("ada", "LoevelaceLoevelace"),
        ("ada", "aaddaa--mmaarriiaa"),
        ("viewer2", "vviieewweerr22"),
        ("ada", "Pneumatic2026"),
        ("ada", "Dashboard!2026"),
    ],
)
def test_names_in_disguise_are_refused(user: str, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, USERS[user])


@pytest.mark.parametrize(
    "password", ["correct horse battery", "viewer of seven seas", "kR8#vLq2!xTz", "canadian-bacon"]
)
@pytest.mark.parametrize("user", USERS)
def test_other_words_are_accepted(user: str, password: str) -> None:
    validate_password(password, USERS[user])


def test_it_works_without_a_user() -> None:
    validate_password("correct horse battery")
