"""Many deletions at once look like another account: they are stored only when a user confirms them."""

from __future__ import annotations

import pytest

from apps.pneumatic.client import Client
from apps.workflows.reconciliation import reconciler
from apps.workflows.reconciliation.reconciler import reconcile
from tests.fixtures.sandbox import Sandbox
from tests.workflows.reconciliation.test_reconciler import client, current, known, start

__all__ = ["client", "current"]

pytestmark = pytest.mark.django_db


def test_many_deletions_look_like_another_account_and_are_not_confirmed(
    current: Sandbox, client: Client
) -> None:
    ids = [start(current, f"Trip {number}") for number in range(8)]
    reconcile(client, full=True)
    for id_ in ids[:6]:
        current.delete_workflow(id_)

    report = reconcile(client, full=True)
    assert (report.unconfirmed, report.updated) == (6, [])
    assert {known(id_).state for id_ in ids} == {"running"}

    confirmed = reconcile(client, full=True, allow_deletions=True)
    assert (confirmed.unconfirmed, confirmed.deleted) == (0, 6)
    assert [known(id_).state for id_ in ids] == ["deleted"] * 6 + ["running"] * 2


@pytest.mark.parametrize(("gone", "of"), [(5, 5), (6, 30)])
def test_a_few_deletions_are_plausible(current: Sandbox, client: Client, gone: int, of: int) -> None:
    ids = [start(current, f"Trip {number}") for number in range(of)]
    reconcile(client, full=True)
    for id_ in ids[:gone]:
        current.delete_workflow(id_)

    assert reconcile(client, full=True).deleted == gone


def test_the_share_of_a_round_is_an_estimate_for_those_that_were_not_requested(
    current: Sandbox, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another account would empty the list, a hundred workflows at a time."""
    monkeypatch.setattr(reconciler, "MAX_READ_PER_ROUND", 6)
    ids = [start(current, f"Trip {number}") for number in range(40)]
    reconcile(client, full=True)
    for id_ in ids:
        current.delete_workflow(id_)

    assert reconcile(client, full=False).unconfirmed == 6
    assert {known(id_).state for id_ in ids} == {"running"}
