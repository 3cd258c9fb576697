"""A database that cannot store every name is refused; a SQLite that may damage its file is reported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.core.database import checks


@pytest.fixture(params=["SQL_ASCII", "LATIN1", "UTF8"])
def encoded(
    request: pytest.FixtureRequest, transactional_db: None
) -> Iterator[tuple[str, BaseDatabaseWrapper]]:
    """Yield an encoding, and a connection to a new database that has it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite stores every text.")
    name = f"{connection.settings_dict['NAME']}_{request.param.lower()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(
            f"CREATE DATABASE \"{name}\" ENCODING '{request.param}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    wrapper = connection.copy()
    wrapper.settings_dict["NAME"] = name
    yield request.param, wrapper
    wrapper.close()
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}"')


def test_only_an_encoding_of_all_characters_is_accepted(encoded: tuple[str, BaseDatabaseWrapper]) -> None:
    encoding, wrapper = encoded

    messages = list(checks.messages_of(wrapper))

    assert [message.id for message in messages] == ([] if encoding == "UTF8" else ["pneumatic.E101"])
    assert all(encoding in message.msg and message.hint for message in messages)
    assert all(message.is_serious() for message in messages)  # ``migrate`` refuses


@pytest.mark.parametrize(
    ("version", "is_reported"),
    [
        ((3, 40, 1), True),  # of Debian 12
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_a_sqlite_that_may_damage_its_file_is_reported(version: tuple[int, ...], is_reported: bool) -> None:
    messages = list(checks.wal_reset(version))

    assert [message.id for message in messages] == ["pneumatic.W104"] * is_reported
    assert all(message.hint for message in messages)


@pytest.mark.django_db
def test_it_is_a_check_of_the_database() -> None:
    found = {message.id for message in checks.check_database(None, databases=["default"])}

    assert found <= {"pneumatic.W104"}
    assert checks.check_database(None) == []
