"""Any text is an api_name; the form finds its answers again."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from apps.kickoff.names import MAX_NAME_BYTES, control_name, find_name, read_controls
from tests.factories import make_field

HOSTILE = [
    "name",
    "csrfmiddlewaretoken",
    'it\'s "quoted"',
    "<script>alert(1)</script>",
    "a;b=c",
    "a%22b",
    "back\\slash\\",
    "  ",
    "blank behind ",
    "line\r\nbreak",
    "~1",
    "",
    "x" * 5000,
    "ё" * 5000,
    "имя поля",
    "\u202eright-to-left",
    "a/b?c#d&e=f",
    "\ud800",
]


def multipart(controls: dict[str, str]) -> MultiValueDict[str, str]:
    """Return what Django reads of a multipart body that was written as browsers do."""
    parts = [
        b'--edge\r\nContent-Disposition: form-data; name="'
        + name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        + b'"\r\n\r\n'
        + value.encode()
        + b"\r\n"
        for name, value in controls.items()
    ]
    body = b"".join(parts) + b"--edge--\r\n"
    return RequestFactory().post("/", body, content_type="multipart/form-data; boundary=edge").POST


def test_a_plain_name_is_kept() -> None:
    assert control_name("text-field-2") == "kickoff-text-field-2"
    assert find_name("user-field-9") == "find-user-field-9"


@pytest.mark.parametrize("api_name", HOSTILE)
def test_every_control_comes_back_from_a_multipart_form(api_name: str) -> None:
    definition = make_field(api_name)
    posted = multipart({"name": "N", control_name(api_name): "answer", find_name(api_name): "search"})

    controls: MultiValueDict[str, str] = read_controls(posted, [definition])

    assert controls[control_name(api_name)] == "answer"
    assert controls[find_name(api_name)] == "search"
    assert controls["name"] == "N"


@pytest.mark.parametrize("api_name", [name for name in HOSTILE if name != "\ud800"])
def test_every_control_may_be_called_by_the_full_api_name(api_name: str) -> None:
    query = QueryDict(mutable=True)
    query.setlist(f"kickoff-{api_name}", ["one", "two"])

    controls: MultiValueDict[str, str] = read_controls(QueryDict(query.urlencode()), [make_field(api_name)])

    assert controls.getlist(control_name(api_name)) == ["one", "two"]


def test_hostile_names_do_not_take_each_others_answers() -> None:
    definitions = [make_field(api_name) for api_name in HOSTILE]
    posted = multipart({control_name(api_name): str(at) for at, api_name in enumerate(HOSTILE)})

    controls: MultiValueDict[str, str] = read_controls(posted, definitions)

    assert [controls[control_name(api_name)] for api_name in HOSTILE] == [
        str(at) for at in range(len(HOSTILE))
    ]


@given(st.text(max_size=600), st.text(max_size=600))
def test_names_are_short_and_no_two_are_alike(one: str, other: str) -> None:
    assert len(control_name(one).encode()) <= MAX_NAME_BYTES + len("kickoff-")
    assert (control_name(one) == control_name(other)) == (one == other)


def test_plain_dictionaries_are_read_too() -> None:
    data = {"kickoff-a": "one", "kickoff-b": ["two", "three"]}

    controls: MultiValueDict[str, str] = read_controls(data, [make_field("a")])

    assert controls.getlist("kickoff-a") == ["one"]
    assert controls.getlist("kickoff-b") == ["two", "three"]
