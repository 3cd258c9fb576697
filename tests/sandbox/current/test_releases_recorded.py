"""The sandbox answers as each older release was recorded to: status, keys, and what the server did not make up."""

from __future__ import annotations

import pytest

from tests.contract.releases_recorded import TAGS, recorded
from tests.fixtures.depth import exhaustive
from tests.fixtures.sandbox import Sandbox

from .recorded_account import Account, names_of

TEMPLATES = ("optional", "required", "simple")
# In the order in which the account was made and read.
EMPTY = ("auth-*", "users-*", "groups-*")
READING = ("templates-*", "template-fields", "template-get-*", "probe-*", "attachments-old-*")
LAUNCHING = ("template-get-digits", "run-*", "attachments-new-check-permission")
NOT_PLAYED = {
    "probe-webhook-example",  # an example of a delivery, which has no user
    "probe-webhook-example-nonadmin",
}


@pytest.mark.parametrize("tag", exhaustive(TAGS, but=("v1.0.0", "v4.3.0", "v6.0.0")))
def test_a_release_answers_as_it_was_recorded_to(sandbox: Sandbox, tag: str) -> None:
    found: dict[str, list[str]] = {}
    account = Account(sandbox, tag)
    for patterns, made in ((EMPTY, TEMPLATES), (READING, ("digits",)), (LAUNCHING, ())):
        for pattern in patterns:
            for name in names_of(tag, pattern):
                if name not in NOT_PLAYED and (name != "template-get-digits" or not made):
                    found[name] = account.differences(recorded(tag, name))
        account.put_templates(*made)
    account.session.close()

    assert {name: lines for name, lines in found.items() if lines} == {}
    assert len(found) > 100
