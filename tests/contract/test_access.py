"""The client against the sandbox over HTTP: keys, settings and passing faults, with every documented parameter.

The sandbox shares no code with the client and judges strictly: what it takes is what the reference describes, or what
the current API was seen to take.
"""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from apps.pneumatic.client import Client, connect, workflow_url
from apps.pneumatic.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Unavailable,
    UnexpectedResponse,
)
from tests.fixtures.sandbox import Sandbox, both_dialects


@pytest.mark.django_db  # a rejected key is remembered
@both_dialects
def test_a_wrong_key_is_not_accepted(sandbox: Sandbox, settings: Settings) -> None:
    settings.PNEUMATIC_API_KEY = "wrong"

    with connect() as client:
        for call in (client.list_templates, client.list_users, lambda: client.get_template(1)):
            with pytest.raises(AuthenticationFailed, match="PNEUMATIC_API_KEY"):
                call()
        with pytest.raises(AuthenticationFailed):
            client.run(2, payload={"id": 2, "name": "x", "kickoff": None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PNEUMATIC_API_KEY", ""),
        ("PNEUMATIC_API_KEY", "two words"),
        ("PNEUMATIC_API_KEY", "schlüssel"),
        ("PNEUMATIC_API_KEY", "a\r\nX-Other: b"),
        ("PNEUMATIC_API_URL", ""),
        ("PNEUMATIC_API_URL", "https://exa mple.com"),
        ("PNEUMATIC_API_URL", "https://.example.com"),
        ("PNEUMATIC_DIALECT", "klingon"),
    ],
)
def test_a_setting_that_cannot_work_is_an_error_before_anything_is_sent(
    settings: Settings, name: str, value: str
) -> None:
    setattr(settings, name, value)

    with pytest.raises(ConfigurationError, match=name) as caught:
        connect()

    assert not value or name != "PNEUMATIC_API_KEY" or value not in str(caught.value)


@both_dialects
@pytest.mark.django_db
def test_auto_detects_the_api_and_uses_it(sandbox: Sandbox, settings: Settings, dialect: str) -> None:
    settings.PNEUMATIC_DIALECT = "auto"

    with connect() as client:
        assert "not detected yet" in repr(client)
        assert {row.name for row in client.list_templates()} >= {"Every field", "No fields", "Inactive"}
        assert dialect in repr(client)
        assert client.capabilities.reads_back is (dialect == "current")


def test_the_page_of_a_workflow_is_in_pneumatics_own_app(settings: Settings) -> None:
    settings.PNEUMATIC_APP_URL = "https://my.pneumatic.app"

    assert workflow_url(7) == "https://my.pneumatic.app/workflows/7"


@both_dialects
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 404}, UnexpectedResponse),
        ({"kind": "html_200"}, UnexpectedResponse),
        ({"kind": "wrong_json"}, UnexpectedResponse),
        ({"kind": "broken_json"}, UnexpectedResponse),
        ({"kind": "status", "status": 500}, Unavailable),
        ({"kind": "drop_before"}, Unavailable),
        ({"kind": "truncate"}, Unavailable),
    ],
)
def test_a_listing_that_fails_for_good_is_its_error(
    sandbox: Sandbox, client: Client, fault: dict[str, Any], error: type[Exception]
) -> None:
    sandbox.fault(**fault, times=0, path_prefix="/templates")

    with pytest.raises(error):
        client.list_templates()


@both_dialects
@pytest.mark.parametrize("kind", ["drop_before", "truncate", "rate_limit"])
def test_a_listing_survives_a_passing_fault(sandbox: Sandbox, client: Client, kind: str) -> None:
    options: dict[str, Any] = {"retry_after": 0} if kind == "rate_limit" else {}
    sandbox.fault(kind=kind, path_prefix="/templates", **options)

    assert len(client.list_templates()) >= 3
    assert client.requests_made == 2
