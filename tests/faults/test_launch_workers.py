"""Several workers of a real web server share one database; some are killed while they send. Nothing starts twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from tests.factories import client_of
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.sandbox import Sandbox, either_dialect
from tests.fixtures.served import Serve, Web
from tests.fixtures.waiting import HANG_SECONDS, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), either_dialect]


@pytest.fixture
def web(serve: Serve, sandbox: Sandbox, mirrored: dict[str, Template]) -> Web:
    """Return the dashboard on this test's database and the sandbox."""
    return serve(**sandbox.environment)


@dataclass
class Browser:
    """A signed-in user with a filled launch form, which several threads may send at once."""

    web: Web
    form: FilledForm
    session_key: str

    def post(self) -> str:
        """Send the form and return the path that it leads to."""
        answer = self.send()
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def send(self) -> requests.Response:
        """Send the form and return the answer."""
        controls = [(name, value) for name, values in self.form.controls.items() for value in values]
        token = self.form.controls["csrfmiddlewaretoken"][0]
        cookies = {"sessionid": self.session_key, "csrftoken": token}
        with requests.Session() as session:
            session.trust_env = False
            return session.post(
                self.web.url + self.form.action,
                data=[*controls, ("launch", "1")],
                cookies=cookies,
                allow_redirects=False,
                timeout=HANG_SECONDS,
            )


@pytest.fixture
def browser(web: Web, operator: User, every_field: Template) -> Browser:
    client: Client = client_of(operator)
    form = FilledForm.open(client, f"/templates/{every_field.pk}/launch/").fill(name="Once", string_1="x")
    # The token in the page is a masked form of the one in the cookie.
    form.controls["csrfmiddlewaretoken"] = [client.cookies["csrftoken"].value]
    return Browser(web, form, client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def test_clicks_that_reach_several_workers_at_once_start_one_workflow(
    browser: Browser, sandbox: Sandbox
) -> None:
    sandbox.fault(kind="delay", seconds=0.5, method="POST", times=0)

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _click: browser.post(), range(8)))

    launch = Launch.objects.get()
    assert paths == {f"/launches/{launch.pk}/"}
    assert launch.state == "launched"
    assert len(sandbox.workflows()) == 1


def test_every_worker_notices_a_changed_template_at_once(
    browser: Browser, sandbox: Sandbox, every_field: Template
) -> None:
    record = sandbox.template(every_field.pk)
    record["kickoff"]["fields"][0]["name"] = "Renamed"
    sandbox.put_template(record)
    sandbox.fault(kind="delay", seconds=0.5, method="GET", times=0)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _click: browser.send(), range(8)))

    assert {answer.status_code for answer in answers} == {409}
    assert not Launch.objects.exists()
    assert every_field.versions.count() == 2


def test_a_failed_launch_that_several_workers_retry_at_once_starts_one_workflow(
    browser: Browser, sandbox: Sandbox, operator: User
) -> None:
    sandbox.fault(kind="rate_limit", method="POST")
    path = browser.post()
    retry = Browser(browser.web, FilledForm(browser.form.client, f"{path}retry/"), browser.session_key)
    retry.form.controls = {
        "csrfmiddlewaretoken": browser.form.controls["csrfmiddlewaretoken"],
        "attempts": ["1"],
    }
    sandbox.fault(kind="delay", seconds=0.5, method="POST", times=0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _click: retry.post(), range(8)))

    launch = Launch.objects.get()
    assert (launch.state, launch.attempts) == ("launched", 2)
    assert len(sandbox.workflows()) == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_a_server_that_is_killed_while_it_sends_starts_nothing_twice(
    browser: Browser, web: Web, sandbox: Sandbox, operator: User, arrives: bool
) -> None:
    options: dict[str, Any] = {"kind": "delay", "seconds": 600} if arrives else {"kind": "drop_before"}
    if arrives:
        sandbox.fault(method="POST", **options)
        with ThreadPoolExecutor(1) as pool:
            click = pool.submit(browser.post)
            wait_for(lambda: Launch.objects.filter(state="sending").exists())
            wait_for(lambda: any(request["path"].endswith("/run") for request in sandbox.requests()))
            web.kill()
            assert isinstance(click.exception(), requests.RequestException)
    else:
        # Killed between the commit and the call: the row is all that there is.
        path = browser.post()
        Launch.objects.update(state="queued", workflow_id=None, attempts=0, finished_at=None)
        sandbox.reset()
        web.kill()
        assert path

    launch = Launch.objects.get()
    assert launch.state == ("sending" if arrives else "queued")
    web.start()
    assert browser.post() == f"/launches/{launch.pk}/"  # the person clicks again
    Launch.objects.update(deadline_at=timezone.now() - timedelta(seconds=1))
    client_of(operator).get(f"/launches/{launch.pk}/")

    launch.refresh_from_db()
    assert launch.state == ("unknown" if arrives else "failed")
    assert sum(request["path"].endswith("/run") for request in sandbox.requests()) == int(arrives)
