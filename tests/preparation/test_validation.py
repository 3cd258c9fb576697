"""The one check of prepared launches, and the move of their answers to a newer version of the template."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import User
from apps.pneumatic.canonical.schemas import Selection
from apps.preparation.content import Content, typed_content
from apps.preparation.validation import Checked, Validator
from apps.workflow_templates.models import Template
from tests.factories import make_field, make_options, make_pneumatic_user, make_template, make_version

DAY = make_field("day", "date", is_required=True)
COLOUR = make_field("colour", "radio", selections=make_options("Red", "Green"))
BOXES = make_field("boxes", "checkbox", default="Red")
PERSON = make_field("person", "user")
HIDDEN = make_field("secret", is_hidden=True, default="x")

GIVEN = {
    "name": ["Desk for Ada"],
    "kickoff-day": ["2026-03-31"],
    "kickoff-colour": ["2"],
    "kickoff-boxes": ["1", "3"],
    "kickoff-person": ["7"],
    "due": ["soon"],
}


@pytest.fixture
def template(db: None) -> Template:
    make_pneumatic_user(7, last="Lovelace")
    return make_template(fields=[DAY, COLOUR, BOXES, PERSON, HIDDEN])


def check(template: Template, user: User, **controls: list[str]) -> Checked:
    given = MultiValueDict({name.replace("_", "-"): values for name, values in controls.items()})
    return Validator(template, user).check_controls(given)


def kinds(checked: Checked) -> list[tuple[str, str]]:
    return [(problem.control, problem.kind) for problem in checked.problems]


def test_valid_answers_are_canonical_and_can_be_launched(template: Template, operator: User) -> None:
    checked = check(template, operator, **{**GIVEN, "due": []})

    assert checked.content == Content(
        name="Desk for Ada",
        answers={
            "day": "2026-03-31",
            "colour": "2",
            "boxes": ["1", "3"],
            "person": {"id": 7, "email": "person7@example.com", "name": "Ada Lovelace"},
        },
    )
    assert checked.problems == []
    request = checked.request()
    assert request is not None
    assert request.answers_json == {**checked.content.answers, "secret": "x"}
    assert (request.user, request.template, request.name) == (operator, template, "Desk for Ada")


def test_what_is_not_valid_stays_as_it_was_typed(template: Template, operator: User) -> None:
    controls = {
        **GIVEN,
        "kickoff-day": ["next week"],
        "kickoff-person": [],
        "find-person": ["Ada"],
        "name": [" "],
    }
    checked = check(template, operator, **controls)

    assert checked.content.typed == {"kickoff-day": ["next week"], "find-person": ["Ada"]}
    assert set(checked.content.answers) == {"colour", "boxes"}
    assert checked.content.urgency.typed == "soon"
    assert kinds(checked) == [("name", "required"), ("kickoff-day", "invalid"), ("kickoff-person", "invalid")]
    assert checked.problems[1].label == "Day"
    assert checked.request() is None
    assert checked.changes == []


def test_content_shows_the_same_form_again(template: Template, operator: User) -> None:
    checked = check(template, operator, **{**GIVEN, "kickoff-boxes": [], "kickoff-day": ["31.3."]})
    assert template.current_version is not None

    again = Validator(template, operator).check(checked.content, made_for=template.current_version)

    assert again.content == checked.content
    shown = checked.content.controls(checked.kickoff.fields)
    assert dict(shown.lists()) == {**GIVEN, "kickoff-boxes": [], "kickoff-day": ["31.3."]}


def test_typed_content_is_what_was_posted_without_null_characters(template: Template) -> None:
    posted = MultiValueDict(
        {**GIVEN, "kickoff-day": ["a\0b"], "kickoff-empty": ["", "\0"], "is_urgent": ["on"]}
    )

    content = typed_content(posted)

    assert content.name == "Desk for Ada"
    assert content.typed["kickoff-day"] == ["ab"]
    assert "kickoff-empty" not in content.typed
    assert content.columns()["is_urgent"] is True
    assert content.columns()["due"] == "soon"


def test_a_newer_version_says_what_is_lost_of_each_field(template: Template, operator: User) -> None:
    old = template.current_version
    content = check(template, operator, **GIVEN).content
    make_version(
        template,
        fields=[
            replace(DAY, type="number"),
            replace(COLOUR, selections=(Selection("1", "Red"), Selection("9", "Green"))),
            replace(BOXES, selections=make_options("Red", "Green")),
            make_field("cost", "number", is_required=True),
            make_field("note"),
        ],
    )

    checked = Validator(template, operator).check(content, made_for=old)

    assert [(problem.control, problem.kind) for problem in checked.changes] == [
        ("kickoff-day", "type"),
        ("kickoff-boxes", "option"),
        ("kickoff-person", "removed"),
        ("kickoff-cost", "required"),
    ]
    assert checked.changes[0].reason == "“Day” now has another type. The answer was: 2026-03-31"
    assert checked.changes[1].reason == "“Boxes” no longer offers: Blue"
    assert checked.content.answers == {
        "colour": "9",  # created again under another key
        "boxes": ["1"],
    }


def test_a_draft_that_only_lacks_answers_is_not_broken_by_a_change(
    template: Template, operator: User
) -> None:
    old = template.current_version
    content = typed_content(MultiValueDict({"name": [""], "kickoff-colour": ["2"], "kickoff-day": ["3"]}))
    make_version(template, fields=[DAY, COLOUR, BOXES, PERSON, make_field("note")])

    checked = Validator(template, operator).check(content, made_for=old)

    assert checked.changes == []
    assert kinds(checked) == [("name", "required"), ("kickoff-day", "invalid")]
    assert checked.content.answers == {"colour": "2"}
    assert checked.content.typed == {"kickoff-day": ["3"]}


def test_a_template_that_cannot_be_launched_is_a_problem(template: Template, operator: User) -> None:
    content = check(template, operator, **{**GIVEN, "due": []}).content
    template.is_active = False

    [problem] = Validator(template, operator).check(content, made_for=template.current_version).changes

    assert (problem.control, problem.kind) == ("", "template")
    assert "not active" in problem.reason


def test_a_template_without_a_form_is_a_problem(operator: User, template: Template) -> None:
    template.current_version = None

    checked = Validator(template, operator).check(Content(name="N"), made_for=None)

    assert [problem.kind for problem in checked.problems] == ["template"]
    assert checked.request() is None
