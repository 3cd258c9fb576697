"""The data sets contain what the documentation promises."""

from __future__ import annotations

import itertools

from sandbox.data import load

NINE = {"string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"}


def test_one_template_has_every_field_type() -> None:
    templates, *_ = load("demo")
    newest = max(templates, key=lambda template: template["date_created"])
    assert newest["name"] == "Office equipment request"
    assert [field["type"] for field in newest["kickoff"]["fields"]] == [
        "string",
        "text",
        "radio",
        "checkbox",
        "date",
        "url",
        "dropdown",
        "file",
        "user",
    ]


def test_the_demonstration_account_is_varied() -> None:
    templates, users, *_ = load("demo")
    fields = [field for template in templates for field in template["kickoff"]["fields"]]
    tasks = [task for template in templates for task in template["tasks"]]
    assert len(templates) >= 12
    assert len(users) >= 25
    assert [template["name"] for template in templates if not template["is_active"]] == ["Office move 2024"]
    assert [template["name"] for template in templates if not template["kickoff"]["fields"]] == [
        "Monthly stock count"
    ]
    assert max(len(field["selections"]) for field in fields) == 300
    assert any(field["type"] == "radiobutton" for field in fields)
    assert any(task["delay"] for task in tasks)
    assert any(task["output_responsible"] for task in tasks)
    assert any(task["require_completion_by_all"] for task in tasks)
    assert any(task["is_starter_responsible"] for task in tasks)
    assert {user["invite"]["invited_from"] for user in users if user["invite"]} == {
        "email",
        "google",
        "slack",
    }
    assert sum(user["is_account_owner"] for user in users) == 1
    assert any(user["is_staff"] for user in users)
    assert 1 < sum(user["is_admin"] for user in users) < len(users)


def test_references_lead_to_existing_objects() -> None:
    for name, large in (("demo", 0), ("small", 0), ("large", 40)):
        templates, users, *_ = load(name, large=large)
        assert templates
        ids = {user["id"] for user in users}
        assert len({user["email"] for user in users}) == len(users)
        for template in templates:
            assert set(template["run_allowed"]) <= ids
            assert template["updated_by"] in ids
            api_names = [field["api_name"] for field in template["kickoff"]["fields"]]
            assert len(set(api_names)) == len(api_names)
            for task in template["tasks"]:
                assert set(task["responsible"]) <= ids
                assert {item["api_name"] for item in task["output_responsible"]} <= set(api_names)


def test_ids_are_unique_across_templates() -> None:
    templates, *_ = load("demo")
    forms = [template["kickoff"]["fields"] for template in templates]
    forms += [task["fields"] for template in templates for task in template["tasks"]]
    fields = list(itertools.chain.from_iterable(forms))
    selections = [selection["id"] for field in fields for selection in field["selections"]]
    for ids in ([field["id"] for field in fields], selections):
        assert len(set(ids)) == len(ids)


def test_a_large_set_has_the_promised_size_and_is_always_the_same() -> None:
    templates, users, *_ = load("empty", large=200)
    assert (len(templates), len(users)) == (200, 500)
    assert {field["type"] for field in templates[7]["kickoff"]["fields"]} == NINE
    assert (templates, users, [], []) == load("empty", large=200)


def test_display_order_differs_from_the_listed_order_in_one_template() -> None:
    templates, *_ = load("demo")
    orders = [[field["order"] for field in template["kickoff"]["fields"]] for template in templates]
    assert any(order != sorted(order, reverse=True) for order in orders)
