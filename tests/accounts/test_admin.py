"""People in Django admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.admin import PneumaticUserAdmin
from apps.accounts.models import PneumaticUser, User
from apps.accounts.searching import search_text
from apps.sync.readonly import BoundedPaginator
from tests.factories import (
    PASSWORD,
    client_of,
    make_launch,
    make_pneumatic_group,
    make_pneumatic_user,
    make_template,
    make_user,
)

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/accounts/pneumaticuser/"
USERS = "/admin/accounts/user/"
GROUPS = "/admin/accounts/pneumaticgroup/"


def text(client: Client, path: str, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == 200
    return response.content.decode()


def test_pneumatic_users_are_shown_and_cannot_be_edited(administrator_client: Client) -> None:
    make_pneumatic_user(7, first="Ada", last="<script>alert(1)</script>", raw={"note": "<b>raw</b>"})
    assert "&lt;script&gt;alert(1)" in text(administrator_client, PEOPLE)
    page = text(administrator_client, f"{PEOPLE}7/change/")
    assert "&quot;note&quot;: &quot;&lt;b&gt;raw&lt;/b&gt;&quot;" in page
    assert "<script>alert" not in page
    assert 'name="_save"' not in page
    for path in ("add/", "7/change/", "7/delete/"):
        assert administrator_client.post(PEOPLE + path, {"post": "yes"}).status_code == 403


def test_pneumatic_users_are_found_by_any_words(administrator_client: Client) -> None:
    make_pneumatic_user(1, first="Анна", last="Жукова", email="anna@example.com")
    make_pneumatic_user(2, first="Bo", last="Smith", email="bo@example.com")
    page = text(administrator_client, PEOPLE, q="жук ANNA")
    assert "Жукова" in page
    assert "Smith" not in page


def test_pneumatic_users_are_filtered_by_status(administrator_client: Client) -> None:
    make_pneumatic_user(1, last="Here")
    make_pneumatic_user(2, last="Invited", status="invited", email="i@example.com")
    make_pneumatic_user(3, last="Left", removed_at=timezone.now())
    make_pneumatic_user(4, last="Switched off", status="inactive", email="s@example.com")
    states = {"active": "Here", "invited": "Ada Invited", "inactive": "Switched off", "gone": "Left"}
    for state, name in states.items():
        page = text(administrator_client, PEOPLE, state=state)
        assert [last for last in states.values() if last in page.partition("<tbody")[2]] == [name]


def test_groups_are_shown_with_their_members_and_cannot_be_edited(administrator_client: Client) -> None:
    make_pneumatic_user(4, first="Cy", last="Clerk")
    make_pneumatic_group(1, name="Approvers <b>", users=[4, 99], raw={"note": "<b>raw</b>"})
    make_pneumatic_group(2, name="Others")
    found = text(administrator_client, GROUPS, q="APPROV")
    assert "Approvers &lt;b&gt;" in found
    assert "Others" not in found.partition("<tbody")[2]
    page = text(administrator_client, f"{GROUPS}1/change/")
    assert "Cy Clerk, User 99" in page
    assert "&quot;note&quot;: &quot;&lt;b&gt;raw&lt;/b&gt;&quot;" in page
    for path in ("add/", "1/change/", "1/delete/"):
        assert administrator_client.post(GROUPS + path, {"post": "yes"}).status_code == 403


def test_the_list_of_pneumatic_users_costs_the_same_with_many(
    administrator_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    PneumaticUser.objects.bulk_create(
        PneumaticUser(
            id=number,
            email=f"p{number}@example.com",
            name=f"Person {number}",
            status="active",
            search=search_text(name=f"Person {number}", email=f"p{number}@example.com"),
            raw={},
            content_hash="",
            first_seen_at=now,
            changed_at=now,
        )
        for number in range(1, 1001)
    )
    with django_assert_max_num_queries(6):
        page = text(administrator_client, PEOPLE)
    assert page.count("field-email") == 50
    with django_assert_max_num_queries(6):
        assert "Person 777" in text(administrator_client, PEOPLE, q="777")


def test_a_large_table_is_counted_to_a_bound_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PneumaticUserAdmin.paginator is BoundedPaginator
    monkeypatch.setattr(BoundedPaginator, "MAX_ROWS", 3)
    for number in range(1, 6):
        make_pneumatic_user(number)
    people = PneumaticUser.objects.order_by("search", "id")
    assert BoundedPaginator(people, 2).count == 4
    assert BoundedPaginator(people.filter(pk__lte=2), 2).count == 2


def test_an_administrator_makes_a_user_an_operator(administrator_client: Client) -> None:
    operators = Group.objects.get(name="Operator")
    answer = administrator_client.post(
        f"{USERS}add/",
        {
            "username": "newcomer",
            "email": "newcomer@example.com",
            "usable_password": "true",
            "password1": "a long enough one",
            "password2": "a long enough one",
            "groups": [operators.pk],
        },
    )
    assert answer.status_code == 302
    newcomer = User.objects.get(username="newcomer")
    assert newcomer.has_perm("launches.launch_workflow")
    assert newcomer.email == "newcomer@example.com"
    assert not newcomer.is_staff


def test_the_administrator_role_opens_the_admin(administrator_client: Client, no_role: User) -> None:
    answer = administrator_client.post(
        f"{USERS}{no_role.pk}/change/",
        {
            "username": "nobody",
            "email": no_role.email,
            "is_active": "on",
            "groups": [Group.objects.get(name="Administrator").pk],
        },
    )
    assert answer.status_code == 302
    no_role.refresh_from_db()
    assert no_role.is_staff
    assert not no_role.is_superuser
    assert client_of(no_role).get("/admin/").status_code == 200


def test_an_administrator_cannot_promote_beyond_roles(
    administrator_client: Client, administrator: User
) -> None:
    administrator_client.post(
        f"{USERS}{administrator.pk}/change/",
        {
            "username": "administrator",
            "email": administrator.email,
            "is_active": "on",
            "is_superuser": "on",
            "groups": [Group.objects.get(name="Administrator").pk],
        },
    )
    administrator.refresh_from_db()
    assert not administrator.is_superuser


def test_an_administrator_cannot_take_over_a_superuser(administrator_client: Client) -> None:
    root = make_user("root", is_superuser=True, is_staff=True)
    for path, data in (
        (f"{USERS}{root.pk}/change/", {"username": "mine"}),
        (f"{USERS}{root.pk}/password/", {"password1": "x" * 12, "password2": "x" * 12}),
        (f"{USERS}{root.pk}/delete/", {"post": "yes"}),
    ):
        assert administrator_client.post(path, data).status_code == 403
    root.refresh_from_db()
    assert root.username == "root"
    assert root.check_password(PASSWORD)


def test_a_user_is_shown_with_who_they_are_in_pneumatic(administrator_client: Client, operator: User) -> None:
    make_pneumatic_user(7, first="Olga", last="Operator", email="OPERATOR@example.com")
    assert "Olga Operator (7)" in text(administrator_client, f"{USERS}{operator.pk}/change/")


def test_the_list_of_users_costs_the_same_with_many(
    administrator_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_user(f"user{number}", "Viewer", "Operator")
    with django_assert_max_num_queries(9):
        assert "Operator" in text(administrator_client, USERS)


def test_who_may_not_change_a_superuser_sees_words_and_no_closed_page(administrator_client: Client) -> None:
    root = make_user("root", "Viewer", is_superuser=True, is_staff=True)

    page = text(administrator_client, f"{USERS}{root.pk}/change/")

    assert "Reset password" not in page
    assert "Superuser status" not in page
    assert "icon-yes" not in page


def test_a_user_who_cannot_be_deleted_comes_with_the_reason(
    administrator_client: Client, operator: User
) -> None:
    assert "User_groups object" not in text(administrator_client, f"{USERS}{operator.pk}/delete/")
    make_launch(make_template(), operator, name="Of theirs")

    page = text(administrator_client, f"{USERS}{operator.pk}/delete/")

    assert "cannot be deleted, because these refer to it" in page
    assert "Of theirs" in page
    assert "permission to delete" not in page


def test_the_hash_of_a_password_is_not_shown(administrator_client: Client, operator: User) -> None:
    assert "A password is set." in text(administrator_client, f"{USERS}{operator.pk}/change/")
    assert "No password." in text(administrator_client, f"{USERS}{make_user('sso', password='!').pk}/change/")
    assert "Sign-in with a password" in text(administrator_client, f"{USERS}{operator.pk}/password/")


def test_users_are_filtered_by_role(administrator_client: Client, operator: User, no_role: User) -> None:
    role = Group.objects.get(name="Operator")

    found = text(administrator_client, USERS, groups__id__exact=str(role.pk)).partition("<tbody")[2]
    assert operator.email in found
    assert no_role.email not in found
    assert no_role.email in text(administrator_client, USERS, groups__isnull="True").partition("<tbody")[2]
