"""The current dialect: which requests it takes to read templates and people, and what is not requested again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from apps.pneumatic.canonical.schemas import Received, Template
from apps.pneumatic.client import Client
from apps.pneumatic.dialects.current.dialect import Current
from apps.pneumatic.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    PneumaticError,
    Unavailable,
    UnexpectedResponse,
)
from tests.pneumatic import samples
from tests.pneumatic.behaviours import other_json, status
from tests.pneumatic.conftest import Connect, Serve
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.servers import Seen, Server, Talk

CITY = api.field(type="radio", api_name="city", dataset=1, selections=[])
DATASET: dict[str, Any] = {"id": 1, "items": [{"value": "Łódź", "order": 1}, {"value": "Aarhus", "order": 0}]}
MEMBER = api.context(is_admin=False, is_account_owner=False)


class Account:
    """A server with templates; ``table`` adds answers, or replaces them."""

    def __init__(self, serve: Serve, connect_to: Connect, table: Mapping[str, Any]) -> None:
        whole: dict[str, Any] = {
            "GET /auth/context": api.context(),
            "GET /accounts/groups": [{"id": 4, "name": "Reviewers", "users": [20, 21]}],
            "GET /datasets/1": DATASET,
            "GET /templates": samples.envelope([api.summary(1), api.summary(2)]),
            "GET /templates/1": api.detail(1),
            "GET /templates/2": api.detail(2),
            **table,
        }
        self.server: Server = serve(api.routes(whole))
        self.connect: Callable[[], Client] = lambda: connect_to(self.server.url, dialect=Current())
        self.client: Client = self.connect()

    def asked(self) -> list[str]:
        """Return the requests since the last call."""
        found = [seen.target for seen in self.server.seen]
        self.server.seen.clear()
        return found

    def fetch(self) -> list[Received[Template]]:
        """Return all templates in full, as a sync does."""
        rows = self.client.receive_template_list()
        self.asked()
        return self.client.receive_templates(rows)


@pytest.fixture
def account(serve: Serve, connect_to: Connect) -> Any:
    return lambda table=None: Account(serve, connect_to, table or {})


# -- All of them


def test_an_admin_requests_each_detail(account: Any) -> None:
    there = account()

    found = there.fetch()

    assert there.asked() == ["/auth/context", "/templates/1", "/templates/2"]
    assert [row.read().tasks[0].name for row in found] == ["Check", "Check"]
    assert found[0].raw == {"detail": api.detail(1), "list": api.summary(1)}


def test_a_user_who_is_no_admin_requests_no_detail(account: Any) -> None:
    there = account({"GET /auth/context": MEMBER, "GET /templates/1": status(403)})

    first, _second = there.fetch()

    assert there.asked() == ["/auth/context"]
    template = first.read()
    assert (template.tasks, template.tasks_count) == ((), 1)
    assert template.kickoff.fields == ()


def test_a_detail_that_is_refused_is_made_up_for_by_the_list(account: Any) -> None:
    """An admin reads only the details of templates that he owns."""
    there = account(
        {
            "GET /templates/1": status(403),
            "GET /auth/context": api.context(is_account_owner=False),
        }
    )

    first, second = there.fetch()

    assert first.raw["detail"] is None
    assert (first.read().name, first.read().tasks) == ("Template 1", ())
    assert second.read().tasks != ()


def test_the_account_owner_is_refused_only_while_the_account_is_blocked(account: Any) -> None:
    """Treated as a key that may not read details, it would remove the tasks of every template."""
    there = account({"GET /templates/1": status(403)})

    with pytest.raises(PermissionDenied):
        there.fetch()


def test_one_that_was_disabled_without_a_draft_is_what_the_list_says(account: Any) -> None:
    rows = samples.envelope([api.summary(1, is_active=False), api.summary(2)])
    there = account({"GET /templates": rows, "GET /templates/1": {}})

    first, second = (row.read() for row in there.fetch())

    assert (first.is_active, first.name, first.tasks) == (False, "Template 1", ())
    assert second.tasks != ()


def test_one_that_was_disabled_while_its_draft_says_otherwise_is_disabled(account: Any) -> None:
    rows = samples.envelope([api.summary(1, is_active=False), api.summary(2)])
    there = account({"GET /templates": rows, "GET /templates/1": api.detail(1)})

    first, second = (row.read() for row in there.fetch())

    assert (first.is_active, second.is_active) == (False, True)


def test_one_that_was_deleted_since_is_left_out(account: Any) -> None:
    there = account({"GET /templates/2": status(404)})

    assert [row.id for row in there.fetch()] == [1]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("GET /auth/context", Unavailable),
        ("GET /templates/2", Unavailable),
        ("GET /accounts/groups", Unavailable),
        ("GET /datasets/1", Unavailable),
    ],
)
def test_any_other_failure_is_raised(account: Any, path: str, error: type[PneumaticError]) -> None:
    row = api.summary(1, kickoff=api.kickoff(CITY), owners=[api.owner(4, type="group")])
    there = account({"GET /templates": samples.envelope([row, api.summary(2)]), path: status(503)})

    with pytest.raises(error):
        there.fetch()


def test_groups_and_datasets_are_requested_once_and_only_where_they_are_named(account: Any) -> None:
    rows = [
        api.summary(
            id_,
            kickoff=api.kickoff(fieldsets=[api.fieldset(CITY)]),
            owners=[api.owner(4, type="group"), api.owner(9)],
        )
        for id_ in (1, 2)
    ]
    there = account({"GET /templates": samples.envelope(rows)})

    first, second = there.fetch()

    assert sorted(there.asked()) == [
        "/accounts/groups",
        "/auth/context",
        "/datasets/1",
        "/templates/1",
        "/templates/2",
    ]
    for row in (first, second):
        template = row.read()
        assert template.run_allowed == (20, 21, 9)
        assert [option.key for option in template.kickoff.fields[0].selections] == ["Aarhus", "Łódź"]
    assert first.raw["groups"] == {"4": [20, 21]}
    assert first.raw["datasets"] == {"1": ["Aarhus", "Łódź"]}


@pytest.mark.parametrize("code", [403, 404])
def test_a_dataset_that_cannot_be_read_leaves_its_options_unknown(account: Any, code: int) -> None:
    row = api.summary(1, kickoff=api.kickoff(fieldsets=[api.fieldset(CITY)]))
    there = account(
        {
            "GET /templates": samples.envelope([row]),
            "GET /auth/context": MEMBER,
            "GET /datasets/1": status(code),
        }
    )

    (found,) = there.fetch()

    assert found.raw["datasets"] == {"1": None}
    (field,) = found.read().kickoff.fields
    assert field.options_unknown
    assert field.is_required is False


def test_a_deleted_group_has_no_members(account: Any) -> None:
    row = api.summary(1, owners=[api.owner(5, type="group"), api.owner(9)])
    there = account({"GET /templates": samples.envelope([row])})

    (found,) = there.fetch()

    assert found.read().run_allowed == (9,)


def test_members_of_a_group_are_part_of_what_is_compared(account: Any) -> None:
    row = api.summary(1, owners=[api.owner(4, type="group")])
    there = account({"GET /templates": samples.envelope([row])})
    other = account(
        {
            "GET /templates": samples.envelope([row]),
            "GET /accounts/groups": [{"id": 4, "name": "Reviewers", "users": [20]}],
        }
    )

    assert there.fetch()[0].raw != other.fetch()[0].raw


def test_the_draft_of_an_inactive_template_is_not_its_form(account: Any) -> None:
    """What may be launched again is what was published last: the list shows it."""
    row = api.summary(1, is_active=False, kickoff=api.kickoff(api.field(api_name="published")))
    draft = api.detail(1, is_active=False, kickoff=api.kickoff(api.field(api_name="draft")))
    there = account({"GET /templates": samples.envelope([row]), "GET /templates/1": draft})

    template = there.fetch()[0].read()

    assert not template.is_active
    assert [field.api_name for field in template.kickoff.fields] == ["published"]


# -- One of them


def test_one_template_that_has_not_changed_is_the_same(account: Any) -> None:
    there = account()
    known = there.fetch()[0].raw
    there.asked()

    found = there.client.receive_template(1, known=known)

    assert found.raw == known
    assert there.asked() == ["/templates/1"]


def test_one_template_that_has_changed_is_read_from_its_younger_detail(account: Any) -> None:
    there = account()
    known = there.fetch()[0].raw
    younger = api.detail(1, name="Renamed", kickoff=api.kickoff(api.field(api_name="new")))
    changed = account({"GET /templates/1": younger})

    found = changed.client.receive_template(1, known=known)

    assert found.raw != known
    template = found.read()
    assert (template.name, [field.api_name for field in template.kickoff.fields]) == ("Renamed", ["new"])
    assert template.tasks_count == 1


def test_one_template_that_was_switched_off_since_is_inactive_with_its_old_form(account: Any) -> None:
    there = account(
        {"GET /templates": samples.envelope([api.summary(1, kickoff=api.kickoff(api.field(api_name="old")))])}
    )
    known = there.fetch()[0].raw
    off = api.detail(1, is_active=False, kickoff=api.kickoff(api.field(api_name="draft")))

    template = account({"GET /templates/1": off}).client.receive_template(1, known=known).read()

    assert not template.is_active
    assert [field.api_name for field in template.kickoff.fields] == ["old"]


def test_one_template_is_known_from_the_list_where_the_detail_is_refused(account: Any) -> None:
    table = {"GET /auth/context": MEMBER, "GET /templates/1": status(403)}
    there = account(table)
    known = there.fetch()[0].raw
    there.asked()

    same = there.client.receive_template(1, known=known)

    assert same.raw == known
    assert there.asked() == ["/templates/1", "/templates?search=Template+1&limit=100"]

    row = api.summary(1, kickoff=api.kickoff(api.field(api_name="new")))
    changed = account({**table, "GET /templates": samples.envelope([row])})
    other = changed.client.receive_template(1, known=known)
    assert other.raw != known
    assert [field.api_name for field in other.read().kickoff.fields] == ["new"]


def test_one_template_that_a_search_does_not_find_is_found_in_the_whole_list(account: Any) -> None:
    """It may have been renamed."""

    def listing(seen: Seen, talk: Talk) -> None:
        rows = [] if "search" in seen.target else [api.summary(1, name="Renamed")]
        talk.answer(body=samples.envelope(rows) if "search" in seen.target else rows)

    there = account({"GET /templates": listing, "GET /templates/1": status(403)})

    found = there.client.receive_template(1, known={"detail": None, "list": api.summary(1)})

    assert found.read().name == "Renamed"
    assert there.asked() == ["/templates/1", "/templates?search=Template+1&limit=100", "/templates"]


@pytest.mark.parametrize("table", [{"GET /templates/9": status(404)}, {"GET /templates/9": status(403)}])
def test_one_template_that_is_nowhere_is_not_found(account: Any, table: dict[str, Any]) -> None:
    with pytest.raises(NotFound):
        account(table).client.get_template(9)


def test_another_template_than_the_requested_one_is_no_response(account: Any) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        account({"GET /templates/1": api.detail(8)}).client.get_template(1)

    assert caught.value.path == "templates[1].id"


def test_nothing_is_requested_twice_without_repeat(account: Any) -> None:
    there = account({"GET /templates/1": status(503)})

    with pytest.raises(Unavailable):
        there.client.receive_template(1, repeat=False)

    assert there.asked() == ["/templates/1"]


# -- People


def test_users_are_requested_all_at_once(account: Any) -> None:
    people = [samples.user(2), samples.user(1, status="inactive")]
    there = account({"GET /accounts/users": people})

    assert [(user.id, user.status) for user in there.client.list_users()] == [(2, "active"), (1, "inactive")]
    assert there.asked() == ["/accounts/users?ordering=last_name"]


def test_users_in_pages_are_read_to_the_end(account: Any) -> None:
    """Should a server send pages anyway."""
    people = [samples.user(id_) for id_ in range(1, 8)]

    def listing(seen: Seen, talk: Talk) -> None:
        query = dict(part.split("=") for part in seen.target.partition("?")[2].split("&"))
        start = int(query.get("offset", 0))
        talk.answer(body=samples.envelope(people[start : start + 3], count=7, more=start + 3 < 7))

    assert [user.id for user in account({"GET /accounts/users": listing}).client.list_users()] == list(
        range(1, 8)
    )


@pytest.mark.parametrize("shape", [list, samples.envelope])
def test_groups_come_as_an_array_or_in_an_envelope(account: Any, shape: Any) -> None:
    rows = [{"id": 1, "name": "A", "users": [1, 2], "type": "regular"}, {"id": 2, "name": "B", "users": None}]

    groups = account({"GET /accounts/groups": shape(rows)}).client.list_groups()

    assert [(group.id, group.name, group.users) for group in groups] == [(1, "A", (1, 2)), (2, "B", ())]


def test_groups_that_may_not_be_read_are_an_error(account: Any) -> None:
    with pytest.raises(PermissionDenied):
        account({"GET /accounts/groups": status(403)}).client.list_groups()


def test_the_key_holder_is_requested_once(account: Any, memory: Any) -> None:
    there = account()

    there.client.key_holder()
    there.fetch()

    assert "/auth/context" not in there.asked()


@pytest.mark.parametrize(
    ("behaviour", "error"), [(status(401), AuthenticationFailed), (other_json, UnexpectedResponse)]
)
def test_a_missing_key_holder_is_an_error(
    account: Any, memory: Any, behaviour: Any, error: type[PneumaticError]
) -> None:
    with pytest.raises(error):
        account({"GET /auth/context": behaviour}).client.key_holder()

    assert memory == {}
