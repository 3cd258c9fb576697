"""The data sets on each release: they contain only what the release has, and every template of them can be started."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.current.releases import RELEASES as FACTS
from sandbox.data import load
from tests.fixtures.sandbox import RELEASES, Sandbox, some_releases
from tests.sandbox.conftest import Api

from .test_current_data import fields_of


def fields(dataset: str, release: str) -> list[dict[str, Any]]:
    """Return all fields of forms and tasks of a data set."""
    templates = load(dataset, dialect="current", release=FACTS[release]).templates
    found = [field for template in templates for field in fields_of(template)]
    return found + [field for template in templates for task in template["tasks"] for field in task["fields"]]


def since(release: str) -> set[str]:
    """Return the releases from one on."""
    return set(RELEASES[RELEASES.index(release) :])


@pytest.mark.parametrize("dataset", ["demo", "small"])
def test_a_data_set_has_only_what_the_release_has(dataset: str) -> None:
    found: dict[str, set[str]] = {}
    for name in RELEASES:
        data = load(dataset, dialect="current", release=FACTS[name])
        parts = {
            "number": any(field["type"] == "number" for field in fields(dataset, name)),
            "hidden": any(field["is_hidden"] for field in fields(dataset, name)),
            "data set": bool(data.datasets) and any(field["dataset"] for field in fields(dataset, name)),
            "fieldset": any(template["kickoff"]["fieldsets"] for template in data.templates),
            "starter": any(owner["role"] == "starter" for item in data.templates for owner in item["owners"]),
            "group": any(owner["type"] == "group" for item in data.templates for owner in item["owners"]),
        }
        for part in [part for part, has in parts.items() if has]:
            found.setdefault(part, set()).add(name)
    assert found == {
        "number": since("3.2"),
        "hidden": since("5.0"),
        "starter": since("5.0"),
        "group": since("5.0"),  # before, it is a viewer, and so no one
        "data set": since("6.0"),
        "fieldset": since("7.3"),
    }


def test_options_of_a_data_set_are_options_of_the_field_on_older_releases() -> None:
    (city,) = [field for field in fields("small", "5.0") if field["api_name"] == "city"]
    assert [option["value"] for option in city["selections"]] == ["København", "Łódź", "New York, NY"]
    assert city["dataset"] is None


@some_releases
def test_every_template_can_be_started_and_its_workflow_read(
    sandbox: Sandbox, api: Api, release: str
) -> None:
    sandbox.reset("demo", release=release)
    started = [
        sandbox.start_workflow(row["id"])["id"] for row in api.get("/templates").json() if row["is_active"]
    ]
    shown = [api.get(f"/workflows/{id_}") for id_ in started]
    assert len(shown) > 15
    assert {response.status_code for response in shown} == {200}
    answered = [item["value"] for response in shown for item in response.json()["kickoff"]["output"]]
    assert len([value for value in answered if value]) > 50
    assert "" in answered
