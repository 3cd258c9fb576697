"""What a server says about a refusal, in all the shapes that servers have for it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.pneumatic.errors import NotFound, PermissionDenied, PneumaticError, ValidationFailed
from apps.pneumatic.transport import errors as transport_errors


def refusal(body: Any, status: int = 400) -> PneumaticError:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return transport_errors.from_status(status, data, secrets=("key-1",), retry_after=None)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"detail": "Bad."}, {"": ["Bad."]}),
        ({"message": "Bad.", "code": "validation_error"}, {"": ["Bad."]}),
        ({"message": "Bad.", "code": "x", "details": {}}, {"": ["Bad."]}),
        ("Bad.", {"": ["Bad."]}),
        (["Bad.", "Worse."], {"": ["Bad.", "Worse."]}),
        ({"non_field_errors": ["Bad."]}, {"": ["Bad."]}),
        ({"name": ["Bad."]}, {"name": ["Bad."]}),
        ({"message": "Bad.", "details": {"api_name": "color-1", "reason": "Bad."}}, {"color-1": ["Bad."]}),
        (
            {"message": "Bad.", "details": {"name": "name", "reason": "Empty."}},
            {"name": ["Empty."], "": ["Bad."]},
        ),
        (
            {"message": "A.", "errors": [{"api_name": "a", "reason": "A."}, {"name": "b", "reason": "B."}]},
            {"a": ["A."], "b": ["B."]},
        ),
        ({"kickoff": {"color-1": ["Bad."], "date-2": "Past."}}, {"color-1": ["Bad."], "date-2": ["Past."]}),
        ({"kickoff": ["Bad."]}, {"kickoff": ["Bad."]}),
        ({"kickoff": "Bad."}, {"kickoff": ["Bad."]}),
        ({"errors": {"color-1": ["Bad.", "Bad."]}}, {"color-1": ["Bad."]}),
    ],
)
def test_errors_are_found_with_their_field(body: Any, errors: dict[str, list[str]]) -> None:
    error = refusal(body)

    assert isinstance(error, ValidationFailed)
    assert error.errors == errors


def test_the_message_is_the_first_reason_and_the_field_the_first_named() -> None:
    error = refusal({"message": "Wrong.", "details": {"api_name": "color-1", "reason": "Pick one."}})

    assert isinstance(error, ValidationFailed)
    assert (str(error), error.field, error.status) == ("Pick one.", "color-1", 400)


@pytest.mark.parametrize("body", [b"", b"<h1>Bad Request</h1>", {}, [], None, 5, {"code": "x"}])
def test_a_refusal_without_reasons_says_so(body: Any) -> None:
    error = refusal(body)

    assert "without saying why" in str(error)
    assert isinstance(error, ValidationFailed)
    assert error.errors == {"": [str(error)]}


def test_what_the_server_says_is_cleaned() -> None:
    error = refusal({"detail": "Key key-1\x1b[31m\n is\u202e " + "long " * 400})

    assert str(error).startswith("Key … [31m is long long")
    assert len(str(error)) == 500


def test_the_reason_for_a_forbidden_call_is_the_message() -> None:
    assert str(refusal({"detail": "Ask an admin."}, 403)) == "Ask an admin."
    assert isinstance(refusal(b"", 403), PermissionDenied)
    assert isinstance(refusal(b"<html>", 404), NotFound)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["kickoff", "name", "errors", "x"]) | st.text(), inner)
        ),
    ),
    st.integers(400, 499),
)
def test_any_body_becomes_an_error_with_a_sentence(body: Any, status: int) -> None:
    error = refusal(body, status)

    assert str(error).strip()
    assert str(error).isprintable()


def test_a_body_nested_without_end_is_no_trouble() -> None:
    assert "without saying why" in str(refusal(b'{"a":' * 900 + b'"x"' + b"}" * 900))
