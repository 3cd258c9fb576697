"""What lists of templates hold, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from pytest_django import Settings

from apps.accounts.models import User
from apps.pneumatic.canonical.schemas import Task
from apps.workflow_templates import selectors
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import Filters
from tests.factories import (
    NOW,
    make_field,
    make_pneumatic_user,
    make_template,
    make_use,
    make_user,
    make_version,
)


def names(templates: Iterable[Template]) -> list[str]:
    return [template.name for template in templates]


def annotated(template: Template) -> Any:
    """Return the template as one of a queryset that adds columns."""
    return template


def others(user: User, **filters: Any) -> list[str]:
    return names(selectors.others(user=user, filters=Filters(**filters)))


# -- Order


def test_others_are_active_first_then_by_name_in_any_case(viewer: User) -> None:
    make_template(name="banana")
    make_template(name="Apple", is_active=False)
    make_template(name="Cherry")
    make_template(name="apple pie")
    assert others(viewer) == ["apple pie", "banana", "Cherry", "Apple"]


def test_favourites_are_most_launched_first_then_by_name(viewer: User, operator: User) -> None:
    for name, launches in [("Once", 1), ("Often", 9), ("Also once", 1)]:
        make_use(viewer, make_template(name=name), launches)
    make_use(operator, make_template(name="Another user's"), 99)
    favourites = selectors.favourites(user=viewer)
    assert [(template.name, annotated(template).my_launches) for template in favourites] == [
        ("Often", 9),
        ("Also once", 1),
        ("Once", 1),
    ]


def test_what_two_people_launch_is_counted_apart(viewer: User, operator: User) -> None:
    template = make_template()
    make_use(viewer, template, 2)
    make_use(operator, template, 7)
    make_use(viewer, make_template(name="Other"), 3)
    favourites = selectors.favourites(user=viewer)
    assert [(template.name, annotated(template).my_launches) for template in favourites] == [
        ("Other", 3),
        ("Onboarding", 2),
    ]


def test_an_inactive_template_is_a_favourite_only_where_those_are_requested(viewer: User) -> None:
    make_use(viewer, make_template(name="Old", is_active=False))
    assert not selectors.favourites(user=viewer)
    assert names(selectors.favourites(user=viewer, filters=Filters(state="inactive"))) == ["Old"]


def test_a_former_favourite_still_shows_the_number_of_launches(viewer: User) -> None:
    make_use(viewer, make_template(is_active=False), 4)
    make_template()
    assert [annotated(template).my_launches for template in selectors.others(user=viewer)] == [None, 4]


def test_favourites_can_be_left_out_of_the_others(viewer: User) -> None:
    make_use(viewer, make_template(name="Mine"))
    make_template(name="Other")
    favourites = list(selectors.favourites(user=viewer))
    assert names(selectors.others(user=viewer, without=favourites)) == ["Other"]


# -- Filters


@pytest.mark.parametrize(
    ("state", "expected"),
    [("", ["On", "Off"]), ("active", ["On"]), ("inactive", ["Off"]), ("removed", ["Gone"])],
)
def test_templates_are_filtered_by_state(viewer: User, state: str, expected: list[str]) -> None:
    make_template(name="On")
    make_template(name="Off", is_active=False)
    make_template(name="Gone", removed_at=NOW)
    assert others(viewer, state=state) == expected


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("onboard", True),
        ("PEOPLE onboard", True),
        ("onboard nobody", False),
        ("100%", True),
        ("10_%", False),
        ("o'neil", True),
        ("' OR 1=1 --", False),
        ("ÉQUIPE", True),
    ],
)
def test_every_word_must_be_in_name_or_description(viewer: User, query: str, found: bool) -> None:
    make_template(name="Onboarding", description="New people, 100% of them. O'Neil, équipe")
    assert bool(others(viewer, query=query)) is found


def test_templates_are_found_by_the_fields_of_their_form(viewer: User) -> None:
    make_template(name="Files", fields=[make_field("cv", "file"), make_field("why")])
    make_template(name="Words", fields=[make_field("why")])
    make_template(name="Nothing")
    assert others(viewer, asks_for="file") == ["Files"]
    assert others(viewer, asks_for="string") == ["Files", "Words"]
    assert others(viewer, asks_for="nothing") == ["Nothing"]


# -- Who may launch what


def test_a_pneumatic_user_may_launch_what_names_them(operator: User) -> None:
    make_pneumatic_user(7, email=operator.email)
    make_template(name="Mine", run_allowed=[7, 8])
    make_template(name="Theirs", run_allowed=[8])
    make_template(name="Mine, inactive", run_allowed=[7], is_active=False)
    assert others(operator, launchable=True) == ["Mine"]
    may_run = {template.name: annotated(template).may_run for template in selectors.others(user=operator)}
    assert may_run == {"Mine": True, "Theirs": False, "Mine, inactive": True}


def test_a_user_without_a_pneumatic_user_is_not_restricted(operator: User) -> None:
    make_template(name="Theirs", run_allowed=[8])
    assert selectors.run_bound(operator) is None
    assert others(operator, launchable=True) == ["Theirs"]


def test_who_may_launch_any_template_is_not_bounded(db: None) -> None:
    user = make_user("boss", "Operator")
    make_pneumatic_user(7, email=user.email)
    user.user_permissions.add(Permission.objects.get(codename="launch_any_template"))
    assert selectors.run_bound(user) is None


@pytest.mark.parametrize(
    ("status", "may_run"), [("active", ["Mine"]), ("invited", ["Mine"]), ("inactive", [])]
)
def test_a_deactivated_account_neither_frees_nor_opens_anything(
    operator: User, status: str, may_run: list[str]
) -> None:
    make_pneumatic_user(7, email=operator.email, status=status)
    make_template(name="Mine", run_allowed=[7])
    make_template(name="Theirs", run_allowed=[8])
    assert others(operator, launchable=True) == may_run


@pytest.mark.parametrize(("dialect", "may_run"), [("current", ["Mine", "Theirs"]), ("documented", ["Mine"])])
def test_the_account_owner_may_run_everything_where_that_is_so(
    operator: User, settings: Settings, dialect: str, may_run: list[str]
) -> None:
    settings.PNEUMATIC_DIALECT = dialect
    make_pneumatic_user(7, email=operator.email, is_account_owner=True)
    make_template(name="Mine", run_allowed=[7])
    make_template(name="Theirs", run_allowed=[8])
    assert others(operator, launchable=True) == may_run


def test_an_owner_who_was_deactivated_may_run_nothing(operator: User, settings: Settings) -> None:
    settings.PNEUMATIC_DIALECT = "current"
    make_pneumatic_user(7, email=operator.email, status="inactive", is_account_owner=True)
    make_template(name="Mine", run_allowed=[7])
    assert others(operator, launchable=True) == []


# -- A template's page


def test_a_page_finds_removed_templates_too(db: None) -> None:
    template = make_template(removed_at=NOW)
    assert selectors.template_for_page(template.pk) == template
    assert selectors.template_for_page(404) is None


def test_the_current_form_is_that_of_the_current_version(db: None) -> None:
    template = make_template(fields=[make_field("old")])
    make_version(template, fields=[make_field("new")])
    page = selectors.template_for_page(template.pk)
    assert page is not None
    assert [field.api_name for field in selectors.current_kickoff(page).fields] == ["new"]


def test_a_template_that_never_had_a_version_has_an_empty_form(db: None) -> None:
    template = make_template()
    template.current_version = None
    assert selectors.current_kickoff(template).fields == ()


def test_tasks_are_in_the_order_of_their_numbers(db: None) -> None:
    template = make_template(tasks=[Task(id=1, number=2, name="Then"), Task(id=2, number=1, name="First")])
    assert [task.name for task in selectors.tasks_of(template)] == ["First", "Then"]


def test_a_version_comes_with_the_one_before_it(db: None) -> None:
    template = make_template()
    for name in "ab":
        make_version(template, fields=[make_field(name)])
    numbers = [
        tuple(version and version.number for version in selectors.version_with_previous(template.pk, number))
        for number in (1, 2, 3, 4)
    ]
    assert numbers == [(1, None), (2, 1), (3, 2), (None, None)]
