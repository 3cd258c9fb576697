"""user and file: what a form has to look up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.core.people import Group, Person
from apps.kickoff.fields import create
from apps.pneumatic.canonical.schemas import GroupValue, UserValue
from tests.factories import make_field
from tests.kickoff.fakes import (
    ADA,
    CONTRACT,
    FINANCE,
    PAST,
    PHOTO,
    FewFiles,
    FewPeople,
    answer_to,
    errors_of,
    make_form,
)


def test_a_person_is_chosen_by_id() -> None:
    assert answer_to(make_field("a", "user"), "1") == UserValue(1, "ada@example.com", "Ada Lovelace")


@pytest.mark.parametrize("posted", ["99", "-1", "1.0", "ada", "٣", str(2**63), "9" * 5000, "1\0"])
def test_an_unknown_user_is_refused(posted: str) -> None:
    assert errors_of(make_field("a", "user"), posted) == ["This user is unknown. Choose another one."]


def test_a_removed_user_is_refused_by_name_and_not_offered_again() -> None:
    form = make_form(make_field("a", "user"), data={"kickoff-a": "3"})

    assert form.errors["kickoff-a"] == ["Gone Away is no longer in Pneumatic. Choose another user."]
    assert form.rows[0].context["options"] == []


def test_a_removed_user_is_explained_before_anything_is_sent() -> None:
    form = make_form(make_field("a", "user"), initial={"kickoff-a": ["3"]})

    assert form.rows[0].context["gone"] == "Gone Away is no longer in Pneumatic. Choose another user."


def test_a_search_offers_people_and_marks_those_who_are_only_invited() -> None:
    form = make_form(make_field("a", "user"), data={"find-a": "e"}, find="a")

    options = form.rows[0].context["options"]

    assert [(option.label, option.note, option.badge) for option in options] == [
        ("Ada Lovelace", "ada@example.com", ""),
        ("Grace Hopper", "grace@example.com", "invited"),
    ]


def test_the_chosen_person_is_offered_once_and_stays_chosen() -> None:
    form = make_form(make_field("a", "user"), data={"kickoff-a": "2", "find-a": "e"}, find="a")

    options = form.rows[0].context["options"]

    assert [(option.value, option.checked) for option in options] == [("2", True), ("1", False)]


DEACTIVATED = "Ida Idle is deactivated in Pneumatic and cannot be assigned. Choose another user."


def test_a_deactivated_user_is_refused_by_name_and_not_offered() -> None:
    form = make_form(make_field("a", "user"), data={"kickoff-a": "4", "find-a": "ida"})

    assert form.errors["kickoff-a"] == [DEACTIVATED]
    assert form.rows[0].context["options"] == []


def test_a_deactivated_user_is_explained_before_anything_is_sent() -> None:
    assert (
        make_form(make_field("a", "user"), initial={"kickoff-a": ["4"]}).rows[0].context["gone"]
        == DEACTIVATED
    )


def test_a_guest_is_refused_by_name() -> None:
    guest = Person(id=5, name="Gus Guest", email="gus@example.com", status="guest")
    form = make_form(make_field("a", "user"), data={"kickoff-a": "5"}, people=FewPeople(guest))

    assert form.errors["kickoff-a"] == [
        "Gus Guest is a guest in Pneumatic and cannot be chosen. Choose another user."
    ]


def test_a_group_with_the_name_of_another_in_other_case_is_refused_before_pneumatic_breaks() -> None:
    finance = replace(FINANCE, has_twin=True)
    form = make_form(
        make_field("a", "user"), data={"kickoff-a": "group:1"}, people=FewPeople(groups=[finance])
    )

    assert form.errors["kickoff-a"] == [
        "Several groups in Pneumatic are called “Finance”, and it identifies groups by name only. "
        "Choose another one."
    ]


def test_a_group_is_distinguished_from_a_user_with_the_same_id() -> None:
    people = FewPeople(groups=[FINANCE])
    field = make_field("a", "user")
    form = make_form(field, data={"kickoff-a": "group:1"}, people=people)

    assert form.is_valid(), form.errors
    assert form.answers()[0].value == GroupValue(1, "Finance")
    assert str(create(field).describe(GroupValue(1, "Finance"))) == "Finance"
    assert create(field).describe(GroupValue(1, "Finance")).parts[0].note == "group"
    assert create(field).to_json(GroupValue(1, "Finance")) == {"group": 1, "name": "Finance"}


def test_a_search_offers_groups_with_their_size_before_people() -> None:
    form = make_form(
        make_field("a", "user"), data={"find-a": "e"}, find="a", people=FewPeople(groups=[FINANCE, PAST])
    )

    options = form.rows[0].context["options"]

    assert [(option.value, option.label, option.note) for option in options] == [
        ("group:1", "Finance", "group of 3 people"),
        ("1", "Ada Lovelace", "ada@example.com"),
        ("2", "Grace Hopper", "grace@example.com"),
    ]


def test_many_groups_leave_room_for_people() -> None:
    groups = [Group(id=number, name=f"Person group {number}", status="active") for number in range(1, 60)]
    crowd = [Person(id=number, name=f"Person {number}", status="active") for number in range(1, 60)]
    form = make_form(
        make_field("a", "user"), data={"find-a": "person"}, find="a", people=FewPeople(*crowd, groups=groups)
    )
    values = [option.value for option in form.rows[0].context["options"]]

    assert len(values) == 20
    assert sum(value.startswith("group:") for value in values) == 10
    assert form.rows[0].context["is_cut"]


def test_a_deleted_group_is_refused_by_name() -> None:
    form = make_form(
        make_field("a", "user"), data={"kickoff-a": "group:9"}, people=FewPeople(groups=[FINANCE, PAST])
    )

    assert form.errors["kickoff-a"] == ["The group Past is no longer in Pneumatic. Choose another one."]


@pytest.mark.parametrize("posted", ["group:7", "group:", "group:x", "group:-1", "Group:1", "group:1\0"])
def test_no_group_is_refused(posted: str) -> None:
    form = make_form(make_field("a", "user"), data={"kickoff-a": posted}, people=FewPeople(groups=[FINANCE]))

    assert form.errors["kickoff-a"] == ["This user is unknown. Choose another one."]


def test_at_most_twenty_people_are_offered() -> None:
    crowd = FewPeople(
        *(Person(id=number, name=f"Person {number}", status="active") for number in range(1, 90))
    )
    form = make_form(make_field("a", "user"), data={"find-a": "person"}, people=crowd, find="a")

    assert len(form.rows[0].context["options"]) == 20
    assert form.rows[0].context["is_cut"]


def test_people_and_files_of_all_fields_are_queried_together() -> None:
    people, files = FewPeople(), FewFiles()
    definitions = [
        *(make_field(f"user-{number}", "user") for number in range(5)),
        *(make_field(f"file-{number}", "file") for number in range(5)),
    ]
    data = {f"kickoff-user-{number}": "1" for number in range(5)}
    data |= {f"kickoff-file-{number}": "u-1" for number in range(5)}
    form = make_form(*definitions, data=data, people=people, files=files)

    assert form.is_valid()
    assert len(form.answers()) == len(form.rows) == 10
    assert (people.times_asked, files.times_asked) == (1, 1)


def test_a_person_without_a_name_is_described_by_what_is_known() -> None:
    field = create(make_field("a", "user"))

    assert str(field.describe(UserValue(5, "e@example.com", ""))) == "e@example.com"
    assert str(field.describe(UserValue(5))) == "User 5"


def test_files_are_attached_by_their_upload_ids_each_once() -> None:
    assert answer_to(make_field("a", "file"), ["u-2", "u-1", "u-2", ""]) == (PHOTO, CONTRACT)


def test_an_attached_file_answers_a_required_field() -> None:
    assert answer_to(make_field("a", "file", is_required=True), ["u-1"]) == (CONTRACT,)
    assert errors_of(make_field("a", "file", is_required=True), []) == [
        "Attach a file: this field is required."
    ]


def test_a_missing_file_is_reported_and_the_others_stay() -> None:
    form = make_form(make_field("a", "file"), data={"kickoff-a": ["u-1", "u-9"]})

    assert form.errors["kickoff-a"] == ["A file that was attached is no longer available. Attach it again."]
    assert [attached["file"] for attached in form.rows[0].context["files"]] == [CONTRACT]


def test_files_are_described_with_size_and_a_link_only_where_it_is_safe() -> None:
    described = create(make_field("a", "file")).describe((CONTRACT, PHOTO))

    assert [(part.text, part.url, part.note) for part in described.parts] == [
        ("contract.pdf", "https://files.example.com/41", "1.0\xa0KB"),
        ("photo <1>.png", "", "2.0\xa0KB, no link: the file has no web address"),
    ]


@pytest.mark.parametrize(
    "url", ["https://example.com/", "javascript:alert(1)", "//example.com", "http://[", "ftp://x"]
)
def test_a_web_address_is_described_as_a_link_only_where_it_is_safe(url: str) -> None:
    [part] = create(make_field("a", "url")).describe(url).parts

    assert (part.text, part.url) == (url, url if url.startswith("https:") else "")


def test_ada_is_only_ada() -> None:
    form = make_form(make_field("a", "user"), initial={"kickoff-a": "1"})

    [option] = form.rows[0].context["options"]

    assert (option.label, option.checked) == (ADA.name, True)
