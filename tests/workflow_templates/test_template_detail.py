"""A template's page: /templates/<id>/."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape, strip_tags
from pytest_django import DjangoAssertNumQueries

from apps.pneumatic.canonical.schemas import (
    DynamicPerformer,
    Fieldset,
    FieldsetRule,
    Kickoff,
    RuleGroup,
    RuleKind,
    Task,
)
from apps.workflow_templates.models import Template
from tests.factories import NOW, make_field, make_options, make_pneumatic_user, make_template, make_version
from tests.fixtures.people import OPEN_TO_EVERY_ROLE


def url_of(template: Template) -> str:
    return reverse("template-detail", args=[template.pk])


@pytest.mark.parametrize(("who", "status"), OPEN_TO_EVERY_ROLE.items())
def test_it_opens_to_every_role(request: pytest.FixtureRequest, db: None, who: str, status: int) -> None:
    assert request.getfixturevalue(who).get(url_of(make_template())).status_code == status


def test_it_only_reads(viewer_client: Client) -> None:
    assert viewer_client.post(url_of(make_template())).status_code == 405


def test_it_does_not_know_every_number(viewer_client: Client) -> None:
    assert viewer_client.get("/templates/404/").status_code == 404
    assert viewer_client.get("/templates/99999999999999999999999/").status_code == 404
    assert viewer_client.get("/templates/99999999999999999999999/versions/1/").status_code == 404


def html_of(client: Client, template: Template) -> str:
    return client.get(url_of(template)).content.decode()


def text_of(client: Client, template: Template) -> str:
    """Return what the page's main part reads, in one line."""
    main = html_of(client, template).partition("<main")[2].partition("</main>")[0]
    return " ".join(strip_tags(main.replace("</li>", "</li> ")).split())


# -- All that the API tells


def test_it_shows_everything_about_the_template(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace", email="ada@example.com")
    make_pneumatic_user(2, first="Grace", last="Hopper", status="invited")
    template = make_template(
        description="For **new** people",
        finalizable=True,
        updated_by_id=1,
        performers_count=2,
        run_allowed=[2, 1, 99],
    )
    html, text = html_of(viewer_client, template), text_of(viewer_client, template)
    assert "<strong>new</strong>" in html
    assert "Can be completed at any task" in text
    assert re.search(r"Updated .* ago by Ada Lovelace ada@example.com", text)
    assert "Grace Hopper person2@example.com invited" in text
    assert "User 99 not synced" in text
    assert text.index("Ada Lovelace ada@example.com Grace Hopper") > 0
    assert "0 kickoff fields, 0 tasks, 2 performers" in text
    assert "This form has no fields." in text


def test_it_says_in_a_sentence_when_a_workflow_is_finished(viewer_client: Client) -> None:
    assert "Completed with its last task" in text_of(viewer_client, make_template(finalizable=False))


def test_it_says_so_when_users_or_times_are_unknown(viewer_client: Client) -> None:
    text = text_of(viewer_client, make_template(date_updated=None))
    assert "Updated Unknown" in text
    assert "Can launch No users listed." in text


def test_it_shows_the_kickoff_form_as_text(viewer_client: Client) -> None:
    kickoff = Kickoff(
        description="Fill in *all* of it",
        fields=(
            make_field("colour", "radio", is_required=True, description="The **paint**"),
            make_field("note", "text"),
            make_field("shape", "hologram"),
        ),
    )
    template = make_template(kickoff=kickoff)
    html, text = html_of(viewer_client, template), text_of(viewer_client, template)
    assert "<em>all</em>" in html
    assert "<strong>paint</strong>" in html
    assert "Colour The paint colour One choice Red Green Blue Required" in text
    assert "Note note Long text Optional" in text
    assert "Unknown type “hologram”" in text


def test_it_shows_groups_with_their_rules_and_what_is_special_about_fields(viewer_client: Client) -> None:
    rule = FieldsetRule(RuleKind.SUM_EQUAL, "100", ("deposit", "rest"))
    kickoff = Kickoff(
        fields=(
            make_field("line", default="usual", max_length=140),
            make_field("day", "date", default="1767225600"),
            make_field("secret", is_hidden=True, default="7"),
            make_field("city", "dropdown", selections=(), options_unknown=True),
            make_field("deposit", "number", fieldset="money"),
            make_field("rest", "number", fieldset="money"),
        ),
        fieldsets=(
            Fieldset("money", "Money", description="All of **it**", rules=(RuleGroup(((rule,),)),)),
            Fieldset("empty", "Empty"),
        ),
    )
    template = make_template(kickoff=kickoff)
    html, text = html_of(viewer_client, template), text_of(viewer_client, template)
    assert "Line line Short text Default: “usual” At most 140 characters Optional" in text
    assert "Date Default: 1 Jan 2026" in text
    assert "Secret hidden secret Short text Hidden: not shown, its default is sent. Default: “7”" in text
    assert "Its options come from a data set that the API key cannot read." in text
    assert "Money All of it “Deposit” and “Rest” together must be exactly 100." in text
    assert "Deposit deposit Number Optional Rest rest Number Optional" in text
    assert "All of <strong>it</strong>" in html
    assert "Empty" not in text


def test_it_says_why_tasks_are_not_known(viewer_client: Client) -> None:
    assert "This template has 3 tasks, but the API key cannot read them." in text_of(
        viewer_client, make_template(tasks_count=3)
    )
    assert "This template has no tasks." in text_of(viewer_client, make_template(tasks_count=0))


def test_it_shows_the_workflow_name_pattern(viewer_client: Client) -> None:
    template = make_template(workflow_name="For {{client}}")
    assert "Workflow name pattern For {{client}}" in text_of(viewer_client, template)


def test_it_names_performers_that_are_no_users(viewer_client: Client) -> None:
    task = Task(id=1, number=1, name="Check", other_performers=("Finance", "manager"))
    assert "Performers Finance manager Completion rule one performer completes it" in text_of(
        viewer_client, make_template(tasks=[task])
    )


def test_it_folds_long_lists_of_options_and_people(viewer_client: Client) -> None:
    options = make_options(*[f"Option {number}" for number in range(300)])
    for number in range(1, 31):
        make_pneumatic_user(number)
    template = make_template(
        fields=[make_field("one", "dropdown", selections=options)], run_allowed=range(1, 31)
    )
    html = html_of(viewer_client, template)
    assert "<summary>300 options</summary>" in html
    assert "<summary>22 more</summary>" in html


def test_it_shows_tasks_with_delays_performers_and_output(viewer_client: Client) -> None:
    make_pneumatic_user(1, first="Ada", last="Lovelace")
    make_pneumatic_user(2, first="Grace", last="Hopper")
    tasks = [
        Task(
            id=1,
            number=1,
            name="Prepare",
            description="Order a **laptop**",
            delay=dt.timedelta(hours=2),
            is_starter_responsible=True,
            responsible=(2, 1),
            fields=(make_field("seat", "user", name="Neighbour"),),
        ),
        Task(
            id=2,
            number=2,
            name="Welcome",
            delay=dt.timedelta(days=3, hours=2),
            require_completion_by_all=True,
            dynamic_performers=(
                DynamicPerformer("boss", "Manager"),
                DynamicPerformer("seat", "Neighbour"),
                DynamicPerformer("lost", "Another user"),
            ),
        ),
        Task(id=3, number=3, name="Unassigned"),
    ]
    template = make_template(fields=[make_field("boss", "user", name="Manager")], tasks=tasks)
    html, text = html_of(viewer_client, template), text_of(viewer_client, template)
    first, second, third = re.split(r"\d\. (?=Prepare|Welcome|Unassigned)", text)[1:]

    assert "<strong>laptop</strong>" in html
    assert "Starts 2 hours after the workflow is launched." in first
    assert "the user who launches the workflow Ada Lovelace" in first
    assert "one performer completes it" in first
    assert "1 output field" in first
    assert "Neighbour seat Person Optional" in first

    assert "Starts 3 days, 2 hours after the previous task is completed." in second
    assert "the user named in “Manager” of the kickoff form" in second
    assert "the user named in “Neighbour” of the task “Prepare”" in second
    assert "the user named in “Another user”" in second
    assert "all performers must complete it" in second

    assert "Performers No users listed." in third
    assert "Starts" not in third


# -- Versions


def test_it_shows_the_changes_of_each_version(viewer_client: Client) -> None:
    template = make_template(fields=[make_field("why")])
    make_version(template, fields=[make_field("why", is_required=True), make_field("when", "date")])
    text = text_of(viewer_client, template)
    assert "Version 2 current first synced" in text
    assert "“Why” is required now." in text
    assert "“When” is new (date)." in text
    assert text.index("Version 2") < text.index("Version 1")
    assert "First synced version" in text


def test_it_leads_to_the_changes_that_have_no_room(viewer_client: Client) -> None:
    template = make_template()
    make_version(template, fields=[make_field(f"field-{number}") for number in range(10)])
    html = html_of(viewer_client, template)
    assert f'<a href="/templates/{template.pk}/versions/2/">4 more changes</a>' in html


def test_it_shows_the_newest_versions_only(viewer_client: Client) -> None:
    template = make_template()
    for number in range(24):
        make_version(template, fields=[make_field(f"field-{number}")])
    text = text_of(viewer_client, template)
    assert "Version 25" in text
    assert "Version 6 " in text
    assert "Version 5 " not in text
    assert "First synced version" not in text


# -- Launching


def test_it_leads_to_the_launch_form(operator_client: Client) -> None:
    template = make_template()
    assert f'href="/templates/{template.pk}/launch/"' in html_of(operator_client, template)


STATES: dict[str, dict[str, Any]] = {
    "removed": {"removed_at": NOW},
    "inactive": {"is_active": False},
}


@pytest.mark.parametrize("state", STATES)
def test_it_says_why_it_cannot_be_launched(operator_client: Client, state: str) -> None:
    template = make_template(**STATES[state])
    html = html_of(operator_client, template)
    assert "/launch/" not in html
    assert 'aria-disabled="true" aria-describedby="launch-refusal"' in html
    assert re.search(r'notice--warn" id="launch-refusal">\s*<p>This template is no', html)
    assert f">{state.capitalize()}</span>" in html


def test_a_removed_template_says_since_when(operator_client: Client) -> None:
    text = text_of(operator_client, make_template(removed_at=NOW))
    assert re.search(r"Removed from Pneumatic .* ago\. Showing the last synced version\.", text)


def test_a_viewer_sees_a_sentence_about_the_role(viewer_client: Client) -> None:
    html = html_of(viewer_client, make_template())
    assert "/launch/" not in html
    assert 'notice--info" id="launch-refusal"' in html


# -- Hostile text, and cost

HOSTILE = '<script>alert(1)</script>" onload="alert(2) [x](javascript:alert(3)) <img src=x onerror=alert(4)>'


def test_it_shows_hostile_text_as_text(viewer_client: Client) -> None:
    field = make_field('na"me', "radio", name=HOSTILE, description=HOSTILE, selections=make_options(HOSTILE))
    task = Task(
        id=1,
        number=1,
        name=HOSTILE,
        description=HOSTILE,
        dynamic_performers=(DynamicPerformer('na"me', HOSTILE),),
        fields=(field,),
    )
    make_pneumatic_user(1, first=HOSTILE, email='"><script>@example.com')
    template = make_template(
        name=HOSTILE + "x" * 5000,
        description=HOSTILE + "\n\n" + "y" * 5000,
        kickoff=Kickoff(description=HOSTILE, fields=(field,)),
        tasks=[task],
        run_allowed=[1],
    )
    make_version(template, fields=[make_field('na"me', HOSTILE, name=HOSTILE[::-1])])
    html = html_of(viewer_client, template)
    assert escape("<script>alert(1)") in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert 'href="javascript' not in html
    assert '"><script>@' not in html
    assert "x" * 400 not in html


@pytest.mark.parametrize("count", [2, 40])
def test_it_costs_the_same_number_of_queries_however_much_it_shows(
    viewer_client: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    ids = range(1, count + 1)
    for number in ids:
        make_pneumatic_user(number)
    tasks = [
        Task(id=number, number=number, name="Do", responsible=(number,), fields=(make_field("out"),))
        for number in ids
    ]
    template = make_template(
        tasks=tasks, run_allowed=ids, updated_by_id=1, fields=[make_field(f"f{number}") for number in ids]
    )
    for number in range(min(count, 10)):
        make_version(template, fields=[make_field(f"g{number}")])
    # The session, the user, their permissions and roles; the template with its version, who may run it, all people
    # at once, the versions; the launches (abandoned ones first), the running workflows; how fresh two resources are.
    with django_assert_num_queries(14):
        viewer_client.get(url_of(template))
