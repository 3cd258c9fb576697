"""PostgreSQL behind a link that goes silent: every wait ends, and all is well when the link is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import Error, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from apps.core.database import base, limits
from tests.fixtures.proxy import Proxy, proxy_to
from tests.fixtures.waiting import wait_for

pytestmark = pytest.mark.django_db

Link = tuple[Proxy, BaseDatabaseWrapper]


@pytest.fixture
def link() -> Iterator[Link]:
    """Yield a proxy to this test's PostgreSQL, and a connection through it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no network.")
    values = connection.settings_dict
    with proxy_to(f"postgres://{values['HOST']}:{values['PORT'] or 5432}") as (proxy, url):
        wrapper = connection.copy()
        wrapper.settings_dict["HOST"], wrapper.settings_dict["PORT"] = "127.0.0.1", url.rpartition(":")[2]
        wrapper.inc_thread_sharing()
        yield proxy, wrapper
        proxy.restore()
        wrapper.close()
        wait_for(lambda: responds(wrapper))  # this process knows that it is well again
        wrapper.close()


def answer(wrapper: BaseDatabaseWrapper) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()


def responds(wrapper: BaseDatabaseWrapper) -> bool:
    try:
        return bool(answer(wrapper))
    except Error:
        wrapper.close()
        return False


@pytest.mark.parametrize("call", [answer, BaseDatabaseWrapper.commit, BaseDatabaseWrapper.rollback])
def test_no_wait_for_a_silent_server_is_without_end(
    link: Link, call: Callable[[BaseDatabaseWrapper], Any]
) -> None:
    proxy, wrapper = link
    wrapper.set_autocommit(False)
    answer(wrapper)
    proxy.silence()

    with limits.at_most(0.2), pytest.raises(OperationalError, match="did not respond"):
        call(wrapper)
    assert wrapper.connection.closed  # a rollback must not wait again


def test_a_connection_that_was_kept_is_checked_no_longer_than_a_new_one(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, wrapper = link
    monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.2)
    answer(wrapper)
    proxy.silence()

    assert not wrapper.is_usable()


def test_a_statement_is_limited_without_a_block_around_it(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, wrapper = link
    monkeypatch.setattr(limits, "GRACE_SECONDS", 0)
    monkeypatch.setattr(limits, "statement_seconds", lambda: 0.3)
    answer(wrapper)
    proxy.silence()

    with pytest.raises(OperationalError, match="did not respond"):
        answer(wrapper)


def test_one_thread_at_a_time_tries_to_reach_a_silent_server(link: Link) -> None:
    """One thread tries. If each request did, soon no thread would be left for those that need no database."""
    _proxy, wrapper = link
    silence = base.Silence()
    silence.begin()
    with pytest.raises(psycopg.OperationalError, match="does not respond"):
        silence.connect()
    parameters = wrapper.get_connection_params()

    def connects() -> bool:
        try:
            silence.connect(**parameters).close()
        except psycopg.OperationalError:
            return False
        return True

    wait_for(connects)
    assert connects()  # from then on at once


def test_no_connection_is_made_after_the_deadline(link: Link) -> None:
    _proxy, wrapper = link

    with limits.at_most(0), pytest.raises(OperationalError, match="no time left"):
        answer(wrapper)


def test_the_server_knows_the_limits(link: Link, settings: Any) -> None:
    _proxy, wrapper = link
    settings.DATABASE_COMMAND_TIMEOUT, settings.DATABASE_LOCK_TIMEOUT = 7.5, 3

    with wrapper.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout')"
        )
        assert cursor.fetchone() == ("7500ms", "3s")
        wrapper.prepare_database()
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)  # migrations take as long as they need


@pytest.mark.parametrize(
    "error",
    [
        ValueError("too many values to unpack (expected 1)"),
        psycopg.InternalError("received 2 results from command 'COMMIT'"),
    ],
)
def test_a_second_result_of_a_server_that_ends_the_connection_is_no_defect(
    link: Link, error: Exception
) -> None:
    def unpack() -> Iterator[None]:
        raise error
        yield

    _proxy, wrapper = link
    answer(wrapper)

    with pytest.raises(OperationalError, match="ended the connection"), wrapper.wrap_database_errors:
        wrapper.connection.wait(unpack())
    assert wrapper.connection.closed


def test_an_internal_error_of_the_server_stays_what_it_is(link: Link) -> None:
    def refuse() -> Iterator[None]:
        raise psycopg.errors.InFailedSqlTransaction
        yield

    _proxy, wrapper = link
    answer(wrapper)

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        wrapper.connection.wait(refuse())
    assert not wrapper.connection.closed
