"""What was stored otherwise differs visibly from what was chosen, where both are called the same."""

from __future__ import annotations

import pytest

from apps.launches.resolution.differences import stored_otherwise
from apps.launches.resolution.evidence import ExpectedWorkflow, ReportedWorkflow, compare
from apps.pneumatic.canonical.events import Output
from apps.pneumatic.canonical.schemas import Answer, GroupValue, UserValue
from tests.factories import NOW, make_field, make_pneumatic_user

pytestmark = pytest.mark.django_db

FIELD = make_field("who", "user", name="Who")
ADA = Answer(FIELD, UserValue(1, "ada@example.com", "Ada Owner"))
GROUP = Answer(FIELD, GroupValue(5, "Ada owner"))


def stored(*, user: int | None = None, group: int | None = None, name: str = "Ada Owner") -> Output:
    return Output("who", "Who", "user", name, user_id=user, group_id=group)


@pytest.mark.parametrize(
    ("answer", "output", "text"),
    [
        (ADA, stored(user=2), "Ada Owner (ada.second@example.com)"),
        (ADA, stored(user=3), "Ada Owner (user 3)"),  # with the e-mail address of the first
        (ADA, stored(user=4), "Ada Owner (user 4)"),  # not synced yet
        (ADA, stored(group=6), "Ada Owner (group 6)"),
        (GROUP, stored(group=6), "Ada Owner (group 6)"),
        (GROUP, stored(user=2), "Ada Owner (ada.second@example.com)"),
        (ADA, stored(user=2, name="Bo Operator"), "Bo Operator"),
        (ADA, stored(user=2, name=""), "user 2"),
    ],
)
def test_users_and_groups_of_one_name_are_distinguished(answer: Answer, output: Output, text: str) -> None:
    for id_, email in ((2, "ada.second@example.com"), (3, "Ada@example.com")):
        make_pneumatic_user(id_, first="Ada", last="Owner", email=email)

    assert stored_otherwise({"who": "?"}, [answer], [output], shows_empty=True) == {"who": text}


def test_candidates_of_one_name_are_distinguished_and_matches_are_not_numbered() -> None:
    expected = ExpectedWorkflow(template_id=7, name="Desk", since=NOW, until=NOW, answers=(ADA,))

    def reported(output: Output) -> str:
        (answer,) = compare(expected, ReportedWorkflow(7, "Desk", NOW, (output,))).answers
        return answer.reported

    assert reported(stored(user=2)) == "Ada Owner (user 2)"
    assert reported(stored(user=1)) == "Ada Owner"
