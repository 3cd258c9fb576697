"""The data of the current dialect: the documented data with more keys, and what only this dialect has."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.data import load
from sandbox.data.complete import complete_template
from sandbox.data.modern import modern_template

ADDED = {
    *(
        "owners",
        "wf_name_template",
        "is_draft",
        "is_public",
        "is_embedded",
        "fieldsets",
        "responsible_groups",
    ),
    *("is_hidden", "default", "dataset", "language", "timezone", "date_joined", "manager_id", "vacation"),
}


def fields_of(template: dict[str, Any]) -> list[dict[str, Any]]:
    kickoff = template["kickoff"]
    forms = [kickoff["fields"], *(fieldset["fields"] for fieldset in kickoff.get("fieldsets", []))]
    return [field for form in forms for field in form]


@pytest.mark.parametrize("name", ["demo", "small", "large"])
def test_the_documented_data_has_no_keys_of_the_current_dialect(name: str) -> None:
    data = load(name, large=3)
    assert (data.groups, data.datasets) == ([], [])
    for template in data.templates:
        parts = [template, template["kickoff"], *template["tasks"], *fields_of(template)]
        assert not [key for part in parts for key in part if key in ADDED]
    assert not [key for user in data.users for key in user if key in ADDED]


@pytest.mark.parametrize("name", ["demo", "small"])
def test_both_dialects_begin_with_the_same_templates_and_users(name: str) -> None:
    documented, current = load(name), load(name, dialect="current")
    for old, new in zip(documented.templates, current.templates, strict=False):
        assert (new["id"], new["name"], new["is_active"]) == (old["id"], old["name"], old["is_active"])
        names = [field["api_name"] for field in sorted(fields_of(old), key=lambda field: -field["order"])]
        assert [field["api_name"] for field in fields_of(new)][: len(names)] == names
    for old, new in zip(documented.users, current.users, strict=False):
        assert {key: new[key] for key in old} == old
    assert len(current.templates) > len(documented.templates)
    assert len(current.users) > len(documented.users)
    assert len({template["name"] for template in current.templates}) == len(current.templates)


def test_every_field_has_a_number_as_well() -> None:
    (template,) = [
        item for item in load("small", dialect="current").templates if item["name"] == "Every field"
    ]
    types = [field["type"] for field in fields_of(template)]
    assert types == [field["type"] for field in fields_of(load("small").templates[0])] + ["number"]
    orders = [field["order"] for field in fields_of(template)]
    assert orders == sorted(orders, reverse=True)


@pytest.mark.parametrize(("name", "large"), [("demo", 0), ("small", 0), ("large", 20)])
def test_references_lead_to_existing_objects(name: str, large: int) -> None:
    data = load(name, large=large, dialect="current")
    users, groups = {user["id"] for user in data.users}, {group["id"] for group in data.groups}
    items = {dataset["id"]: [item["value"] for item in dataset["items"]] for dataset in data.datasets}
    assert all(set(group["users"]) <= users for group in data.groups)
    for template in data.templates:
        known = {"user": users, "group": groups}
        assert template["owners"]
        assert all(int(owner["source_id"]) in known[owner["type"]] for owner in template["owners"])
        assert "owner" in {owner["role"] for owner in template["owners"]}
        for field in fields_of(template):
            assert field["type"] != "radiobutton"
            values = [option["value"] for option in field["selections"]]
            assert field["dataset"] is None or values == items[field["dataset"]]
        api_names = [field["api_name"] for field in fields_of(template)]
        assert len(set(api_names)) == len(api_names)
        for task in template["tasks"]:
            assert set(task["responsible_groups"]) <= groups


@pytest.mark.parametrize("name", ["demo", "small"])
def test_the_account_owner_is_on_the_list_of_every_template_but_one(name: str) -> None:
    data = load(name, dialect="current")
    (owner,) = [user["id"] for user in data.users if user["is_account_owner"]]
    missing = [
        template["name"]
        for template in data.templates
        if ("user", str(owner)) not in {(item["type"], item["source_id"]) for item in template["owners"]}
    ]
    assert missing == (["Salary change"] if name == "demo" else ["Not on Ada's list"])


@pytest.mark.parametrize("name", ["demo", "small"])
def test_everything_that_only_the_current_dialect_has_occurs(name: str) -> None:
    data = load(name, dialect="current")
    fields = [field for template in data.templates for field in fields_of(template)]
    fieldsets = [item for template in data.templates for item in template["kickoff"]["fieldsets"]]
    owners = [owner for template in data.templates for owner in template["owners"]]
    tasks = [task for template in data.templates for task in template["tasks"]]
    assert any(field["is_hidden"] and field["default"] for field in fields)
    assert any(field["type"] == "number" for field in fields)
    assert any(field["dataset"] for field in fields)
    assert {fieldset["label_position"] for fieldset in fieldsets} == {"top", "left"}
    assert all(fieldset["title"] for fieldset in fieldsets)
    assert {(owner["role"], owner["type"]) for owner in owners} >= {
        ("owner", "user"),
        ("starter", "user"),
        ("viewer", "group"),
    }
    assert any(task["responsible_groups"] for task in tasks)
    assert any(template["wf_name_template"] for template in data.templates)
    assert "inactive" in {user["status"] for user in data.users}
    assert {user["language"] for user in data.users} == {"en", "de"}


def test_the_small_set_presets_every_type_that_can_be_preset_and_has_a_rule_and_a_draft() -> None:
    data = load("small", dialect="current")
    preset = {
        field["type"] for template in data.templates for field in fields_of(template) if field["default"]
    }
    assert preset == {"string", "text", "radio", "checkbox", "date", "url", "dropdown", "number"}
    assert [template["name"] for template in data.templates if template["is_draft"]] == ["Never published"]
    fieldsets = [item for template in data.templates for item in template["kickoff"]["fieldsets"]]
    assert [rule["type"] for fieldset in fieldsets for rule in fieldset["rules"]] == ["sum_equal"]


def test_a_fieldset_may_be_put_in_with_nothing_but_the_types_of_its_fields() -> None:
    given = {
        "id": 7,
        "kickoff": {"fields": [{}], "fieldsets": [{"fields": [{"type": "radio", "selections": ["A"]}]}]},
    }
    template = modern_template(complete_template(given, None), account_owner=3)
    (fieldset,) = template["kickoff"]["fieldsets"]
    (field,) = fieldset["fields"]
    assert (field["type"], [option["value"] for option in field["selections"]]) == ("radio", ["A"])
    assert field["id"] != template["kickoff"]["fields"][0]["id"]
    assert (fieldset["label_position"], fieldset["layout"], fieldset["rules"]) == ("top", "vertical", [])
    owners = [(owner["role"], owner["source_id"]) for owner in template["owners"]]
    assert owners == [("owner", "3"), ("starter", "1")]
    assert modern_template(template, account_owner=3) == template
