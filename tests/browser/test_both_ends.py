"""A workflow from its launch to its end, with everything that is between: form, server, webhooks, worker, live page."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from apps.accounts.models import User
from apps.core import periodic
from apps.webhooks.models import Kind
from apps.webhooks.processing.worker import process_pending
from apps.webhooks.subscriptions import services
from tests.fixtures.browser import Browse, assert_accessible
from tests.fixtures.sandbox import Sandbox, end_to_end, only_current


@pytest.fixture
def subscribed(mirror: Sandbox, integrator: User, settings: Settings, live_server: LiveServer) -> Sandbox:
    """Return a sandbox whose events come to the live server."""
    settings.PUBLIC_URL = live_server.url
    outcomes = services.subscribe(integrator, list(Kind))
    assert all(outcome.is_ok for outcome in outcomes)
    return mirror


def launch(page: Page) -> None:
    page.get_by_label("Subject").fill("Three desks")
    page.get_by_role("button", name="Launch", exact=True).click()
    expect(page).to_have_url(re.compile(r"/launches/[0-9a-f-]{36}/$"))


def take_in(sandbox: Sandbox) -> None:
    """Process what comes, once everything has arrived."""
    sandbox.wait_delivered()
    process_pending()
    if sandbox.version in {
        "1.0",
        "2.0",
    }:  # events do not have the next task and its performers: the worker reads them
        call_command("reconcile", verbosity=0)


@end_to_end
@pytest.mark.ci
def test_a_workflow_is_followed_from_its_launch_to_its_end(
    browse: Browse, subscribed: Sandbox, bo: User
) -> None:
    page = browse("/templates/1/launch/", user=bo)
    launch(page)
    (workflow,) = subscribed.workflows()
    take_in(subscribed)
    page.get_by_role("link", name="View workflow").click()
    expect(page.locator(".timeline")).to_contain_text("Workflow started")
    timeline, facts = page.locator(".timeline"), page.locator("[data-key=facts]")
    expect(facts).to_contain_text("Check")
    expect(facts).to_contain_text("Ada Owner")

    subscribed.step(workflow["id"])
    take_in(subscribed)
    expect(timeline).to_contain_text("Step 1, Check: completed")
    expect(facts).to_contain_text("Do")

    subscribed.step(workflow["id"], "return")
    take_in(subscribed)
    # Older releases do not send which task it was.
    expect(timeline).to_contain_text(re.compile("Returned (from Step 2, Do, )?to Step 1, Check"))

    subscribed.step(workflow["id"])
    subscribed.step(workflow["id"])
    take_in(subscribed)
    expect(timeline).to_contain_text("Step 2, Do: completed")
    expect(facts).to_contain_text("completed")
    assert_accessible(page)


@only_current
@pytest.mark.ci
def test_a_launch_without_a_response_is_found_by_the_worker(
    browse: Browse, mirror: Sandbox, bo: User
) -> None:
    page = browse("/templates/1/launch/", user=bo)
    mirror.fault(kind="drop_after", path_prefix="/templates/1/run", method="POST")
    launch(page)
    expect(page.get_by_text("Outcome unknown")).to_be_visible()

    assert periodic.run_once()

    expect(page.get_by_text("The workflow was started", exact=True)).to_be_visible()
    (workflow,) = mirror.workflows()
    expect(page.get_by_role("link", name=f"Open workflow {workflow['id']} in Pneumatic")).to_be_visible()
    page.get_by_role("link", name="View workflow").click()
    expect(page.locator("[data-key=facts]")).to_contain_text("running")
    assert_accessible(page)


@only_current
@pytest.mark.ci
def test_a_workflow_that_was_deleted_there_is_shown_as_ended(
    browse: Browse, subscribed: Sandbox, bo: User
) -> None:
    page = browse("/templates/1/launch/", user=bo)
    launch(page)
    (workflow,) = subscribed.workflows()
    take_in(subscribed)
    page.goto(f"/workflows/{workflow['id']}/")
    expect(page.locator("[data-key=facts]")).to_contain_text("running")

    subscribed.delete_workflow(workflow["id"])
    assert periodic.run_once()

    expect(page.locator("[data-key=facts]")).to_contain_text("deleted in Pneumatic")
    assert_accessible(page)
    page.goto("/workflows/?state=deleted")
    expect(page.locator(f"tr[data-key='{workflow['id']}']")).to_contain_text("deleted in Pneumatic")
    assert_accessible(page)
