"""Each cause of trouble, with every action at once: no action hangs, and after the trouble all that was promised holds.

An action ends as always, or is refused with a sentence. Nothing that was acknowledged is lost, nothing starts twice,
what was typed is still there, and when the cause is gone everything works again without a restart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import pytest
import requests
from django.db import connection

from tests.faults.matrix import actions
from tests.faults.matrix.actions import ACTIONS, BOUND_SECONDS, Ending, Traces
from tests.faults.matrix.causes import CAUSES, Cause
from tests.faults.matrix.databases import Database, Sqlite, postgres
from tests.faults.matrix.installation import Installation, small_disk
from tests.fixtures.proxy import proxy_to
from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import wait_for

pytestmark = [pytest.mark.exhaustive, pytest.mark.database]


@pytest.fixture(scope="module")
def installation(
    sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Run one dashboard through all causes: each leaves it as it was."""
    folder = tmp_path_factory.mktemp("installation")
    sandbox_process.reset(dialect="documented")
    with ExitStack() as stack:
        disks = [
            stack.enter_context(small_disk(folder / name, megabytes))
            for name, megabytes in (("database", 64), ("temporary", 32), ("logs", 16))
        ]
        database: Database = Sqlite(folder / "database" / "dash.sqlite3")
        if connection.vendor == "postgresql":
            database = stack.enter_context(postgres(connection.settings_dict))
        api, api_url = stack.enter_context(proxy_to(sandbox_process.url))
        here = Installation(database, sandbox_process, api, api_url, folder, has_small_disks=all(disks))
        here.prepare()
        stack.callback(here.stop)
        here.start()
        yield here


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name.replace(" ", "-"))
def test_everything_ends_in_an_allowed_way(installation: Installation, cause: Cause) -> None:
    here = installation
    if reason := cause.reason_to_skip(here):
        pytest.skip(reason)
    traces = Traces(forms=[actions.filled_form(here)])

    with cause.happen(here), ThreadPoolExecutor(len(ACTIONS)) as pool:
        futures = {action.__name__: pool.submit(actions.run, action, here, traces) for action in ACTIONS}
        endings = {name: future.result() for name, future in futures.items()}

    assert wrong_of(endings) == {}, here.last_words()
    all_is_well(here, traces)
    nothing_is_lost_or_doubled(here, traces)


def wrong_of(endings: dict[str, Ending]) -> dict[str, str]:
    return {name: ending.wrong for name, ending in endings.items() if ending.wrong}


def all_is_well(here: Installation, traces: Traces) -> None:
    """Wait until every action is done again. The form that was refused is sent again, as people do."""
    for action in ACTIONS:
        seen: list[Ending] = []

        def is_done(action: actions.Action = action, seen: list[Ending] = seen) -> bool:
            seen.append(actions.run(action, here, traces))
            return seen[-1].done

        wait_for(is_done)


def nothing_is_lost_or_doubled(here: Installation, traces: Traces) -> None:
    started = Counter(workflow["name"] for workflow in here.sandbox.workflows())
    for name, path in traces.launched.items():
        assert started[name] <= 1
        page = here.request("GET", path, timeout=BOUND_SECONDS)
        assert page.status_code == requests.codes.ok, page.text
        assert name in page.text
    for workflow in traces.acknowledged:
        wait_for(partial(is_shown, here, workflow))


def is_shown(here: Installation, workflow: int) -> bool:
    page = here.request("GET", f"/workflows/{workflow}/", timeout=BOUND_SECONDS)
    return page.status_code == requests.codes.ok
