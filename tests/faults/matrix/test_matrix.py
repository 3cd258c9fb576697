"""Each cause of trouble, with every action at once: no action hangs, and after the trouble all that was promised holds.

An action ends as always, or is refused with a sentence. Nothing that was acknowledged is lost, nothing starts twice,
what was typed is still there, and when the cause is gone everything works again without a restart.

The installation is the documented one: nginx in front, where it is installed, and then once more with PgBouncer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests
from django.db import connection

from benchmarks import nginx
from tests.faults.matrix import actions
from tests.faults.matrix.actions import ACTIONS, Traces
from tests.faults.matrix.causes import CAUSES, CAUSES_AT_A_POOLER, Cause
from tests.faults.matrix.databases import Database, Sqlite, postgres
from tests.faults.matrix.installation import LIMITS, Installation, small_disk
from tests.fixtures import pooler
from tests.fixtures.proxy import proxy_to
from tests.fixtures.sandbox import Sandbox
from tests.fixtures.waiting import HANG_SECONDS, wait_for

pytestmark = [pytest.mark.exhaustive, pytest.mark.database]


@contextmanager
def installed(sandbox: Sandbox, folder: Path, *, is_pooled: bool = False) -> Iterator[Installation]:
    """Run one dashboard through all causes: each leaves it as it was."""
    assert sum(map(float, LIMITS.values())) * 5 < HANG_SECONDS
    sandbox.reset(dialect="documented")
    with ExitStack() as stack:
        disks = [
            stack.enter_context(small_disk(folder / name, megabytes))
            for name, megabytes in (("database", 64), ("temporary", 32), ("logs", 16))
        ]
        database: Database = Sqlite(folder / "database" / "dash.sqlite3")
        if connection.vendor == "postgresql":
            pooler_folder = folder if is_pooled else None
            database = stack.enter_context(postgres(connection.settings_dict, pooler_folder=pooler_folder))
        api, api_url = stack.enter_context(proxy_to(sandbox.url))
        here = Installation(database, sandbox, api, api_url, folder, has_small_disks=all(disks))
        here.prepare()
        stack.callback(here.stop)
        here.start()
        if nginx.PROGRAM:
            (folder / "nginx").mkdir()
            here.front = stack.enter_context(nginx.proxy(folder / "nginx", upstream=here.port))
        yield here


@pytest.fixture(scope="module")
def installation(
    sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with installed(sandbox_process, tmp_path_factory.mktemp("installation")) as here:
        yield here


@pytest.fixture(scope="module")
def pooled_installation(
    sandbox_process: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite needs no pooler.")
    if pooler.PROGRAM is None:
        pytest.skip(pooler.MISSING)
    with installed(sandbox_process, tmp_path_factory.mktemp("installation"), is_pooled=True) as here:
        yield here


def name_of(cause: Cause) -> str:
    return cause.name.replace(" ", "-")


@pytest.mark.parametrize("cause", CAUSES, ids=name_of)
def test_everything_ends_in_an_allowed_way(installation: Installation, cause: Cause) -> None:
    if reason := cause.reason_to_skip(installation):
        pytest.skip(reason)
    go_through(installation, cause)


@pytest.mark.parametrize("cause", CAUSES_AT_A_POOLER, ids=name_of)
def test_everything_ends_in_an_allowed_way_with_a_pooler(
    pooled_installation: Installation, cause: Cause
) -> None:
    go_through(pooled_installation, cause)


def go_through(here: Installation, cause: Cause) -> None:
    """Take every action while there is trouble; check how each ended, and that all is well afterwards."""
    traces = Traces(forms=[actions.filled_form(here)])

    with cause.happen(here), ThreadPoolExecutor(len(ACTIONS)) as pool:
        futures = {action.__name__: pool.submit(actions.run, action, here, traces) for action in ACTIONS}
        endings = {name: future.result() for name, future in futures.items()}

    wrong = {name: ending.wrong for name, ending in endings.items() if ending.wrong}
    assert not wrong, "\n".join([*(f"-- {name}: {text}" for name, text in wrong.items()), here.last_words()])
    all_is_well(here, traces)
    nothing_is_lost_or_doubled(here, traces)


def all_is_well(here: Installation, traces: Traces) -> None:
    """Wait until every action is done again. The form that was refused is sent again, as people do."""
    for action in ACTIONS:
        wait_for(partial(is_done, action, here, traces))


def is_done(action: actions.Action, here: Installation, traces: Traces) -> bool:
    assert here.ended() == [], here.last_words()
    return actions.run(action, here, traces).done


def nothing_is_lost_or_doubled(here: Installation, traces: Traces) -> None:
    started = Counter(workflow["name"] for workflow in here.sandbox.workflows())
    for name, path in traces.launched.items():
        assert started[name] <= 1
        page = here.request("GET", path)
        assert page.status_code == requests.codes.ok, page.text
        assert name in page.text
    for workflow in traces.acknowledged:
        wait_for(partial(is_shown, here, workflow))


def is_shown(here: Installation, workflow: int) -> bool:
    return here.request("GET", f"/workflows/{workflow}/").status_code == requests.codes.ok
