"""What the open-source server stores unchecked: drafts, deleted owners, guests, fieldsets without names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from apps.pneumatic.canonical.schemas import Template, User
from apps.pneumatic.dialects.current import shapes
from apps.pneumatic.dialects.shared import parse_user
from apps.pneumatic.transport.parsing import Node
from tests.pneumatic.dialects.current import samples


def read(listed: Mapping[str, Any], detail: Mapping[str, Any] | None = None, **more: Any) -> Template:
    return shapes.parse_template(Node({"list": listed, "detail": detail, **more}))


def user(**changes: Any) -> User:
    sent = {
        "id": 7,
        "type": "user",
        "email": "ada@example.test",
        "first_name": "Ada",
        "last_name": "Park",
        "status": "active",
        "is_admin": False,
        "is_account_owner": False,
        "invite": None,
    }
    return parse_user(Node({**sent, **changes}))


# -- Owners


@pytest.mark.parametrize("source", [None, "None", "x", "", "-1", "1.5", -1.5, "9" * 30, True])
def test_an_owner_without_an_id_may_run_nothing_and_spoils_nothing(source: Any) -> None:
    owners = [samples.owner(1), {**samples.owner(), "source_id": source}]

    assert read(samples.summary(owners=owners)).run_allowed == (1,)


def test_an_owning_group_without_a_number_is_no_group_to_ask_for() -> None:
    owners = [{**samples.owner(3), "type": "group"}, {**samples.owner(), "type": "group", "source_id": None}]

    assert shapes.groups_among(Node(samples.summary(owners=owners))) == {"3"}


# -- Fieldsets


def test_fieldsets_without_names_are_kept_apart() -> None:
    first = samples.fieldset(samples.field(api_name="one"), api_name=None, order=1)
    second = samples.fieldset(samples.field(api_name="two"), api_name=None, order=2)
    form = read(samples.summary(kickoff=samples.kickoff(fieldsets=[second, first]))).kickoff

    assert [fieldset.api_name for fieldset in form.fieldsets] == [field.fieldset for field in form.fields]
    assert len({field.fieldset for field in form.fields}) == 2
    assert "" not in {field.fieldset for field in form.fields}


def test_a_fieldset_of_a_server_that_knows_no_titles_goes_by_its_name() -> None:
    untitled = {key: value for key, value in samples.fieldset().items() if key != "title"}
    form = read(samples.summary(kickoff=samples.kickoff(fieldsets=[untitled]))).kickoff

    assert form.fieldsets[0].title == "Address block"


def test_an_empty_title_stays_empty() -> None:
    form = read(samples.summary(kickoff=samples.kickoff(fieldsets=[samples.fieldset(title="")]))).kickoff

    assert form.fieldsets[0].title == ""


# -- Drafts: stored as the author's client sent them


@pytest.mark.parametrize(
    "unfinished",
    [
        {"fields": [{"name": "Without a type"}]},
        {"fields": {"not": "a list"}},
        {"raw_performers": [{"type": "user", "source_id": None}]},
        {"raw_performers": ["unnamed"]},
        {"delay": "soon"},
        {"delay": 5},
        {"require_completion_by_all": "yes"},
        {"number": "1"},
    ],
)
def test_an_unfinished_task_of_a_draft_is_shown_by_its_name(unfinished: dict[str, Any]) -> None:
    draft = samples.detail(is_active=False, tasks=[samples.task(name="Check", **unfinished)])

    template = read(samples.summary(is_active=False), draft)

    assert [(task.number, task.name) for task in template.tasks] == [(1, "Check")]


def test_what_is_listed_among_the_tasks_of_a_draft_and_is_none_is_left_out() -> None:
    draft = samples.detail(is_active=False, tasks=[None, "Check", samples.task(name="Pay", number=2)])

    assert [task.name for task in read(samples.summary(is_active=False), draft).tasks] == ["Pay"]


@pytest.mark.parametrize("changes", [{"tasks": "none"}, {"tasks": None}, {"finalizable": "yes"}])
def test_a_draft_can_be_read_with_anything_that_its_author_sent(changes: dict[str, Any]) -> None:
    draft = samples.detail(is_active=False, **changes)

    assert read(samples.summary(is_active=False), draft).name == "Template 1"


def test_a_draft_that_no_list_shows_is_read_without_its_form_where_that_is_unfinished() -> None:
    form = {"fields": [{"type": None, "name": "Half"}], "fieldsets": None}
    draft = samples.detail(is_active=False, name=None, kickoff=form, date_updated=None, date_updated_tsp=None)

    template = read({}, draft)

    assert (template.name, template.kickoff.fields) == ("", ())


def test_an_active_template_is_not_read_as_generously() -> None:
    with pytest.raises(Exception, match=r"tasks\[0\]\.delay"):
        read(samples.summary(), samples.detail(tasks=[samples.task(delay="soon")]))


# -- People


def test_a_guest_is_distinguished_from_users_who_can_be_assigned() -> None:
    assert user(type="guest").status == "guest"


@pytest.mark.parametrize("type_", ["user", None, "robot"])
def test_any_other_user_has_the_status_that_is_sent(type_: str | None) -> None:
    assert user(type=type_).status == "active"


def test_a_guest_who_is_no_longer_active_is_inactive() -> None:
    assert user(type="guest", status="inactive").status == "inactive"


def test_a_user_without_an_address_or_a_name_does_not_spoil_the_list() -> None:
    unnamed = user(email=None, first_name=None, last_name=None)

    assert (unnamed.email, unnamed.first_name) == ("", "")
