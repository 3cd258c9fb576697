"""What people and programs do with an installation, and how each of it may end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import cast

import requests
from django.test import Client

from demo.browser import BrowserPage
from tests.faults.matrix.installation import Installation
from tests.fixtures import payloads
from tests.fixtures.deliveries import addressed
from tests.fixtures.filled_form import FilledForm
from tests.fixtures.responses import Response

FORM = "/templates/1/launch/"
MIN_WORDS = 5  # in an answer that refuses

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an action ended: ``done``, refused with a sentence, or ``wrong`` with what is wrong about it."""

    done: bool
    wrong: str = ""


DONE, REFUSED = Ending(True), Ending(False)


@dataclass
class Traces:
    """What was promised to those who acted, to be kept after the trouble."""

    forms: list[FilledForm] = field(default_factory=list)
    launched: dict[str, str] = field(default_factory=dict)  # name of the workflow: path of the launch
    acknowledged: list[int] = field(default_factory=list)  # workflows of deliveries


def wrong(what: str, response: requests.Response | None = None) -> Ending:
    text = "" if response is None else f"\n{response.status_code} {response.headers}\n{response.text[:1500]}"
    return Ending(False, what + text)


def refusal(response: requests.Response) -> Ending:
    """Return that a request was refused with a sentence, or what is wrong with the refusal."""
    if response.status_code == requests.codes.server_error:
        return wrong("an unexpected error", response)
    if response.status_code < 400 or len(response.text.split()) < MIN_WORDS:
        return wrong("no sentence in the answer", response)
    if "Traceback" in response.text:
        return wrong("a traceback", response)
    return REFUSED


def answered(response: requests.Response, *statuses: int) -> Ending:
    return DONE if response.status_code in statuses else refusal(response)


def sign_in(here: Installation, traces: Traces) -> Ending:
    page = here.request("GET", "/login/", role="")
    if page.status_code != requests.codes.ok:
        return refusal(page)
    typed = {"username": here.access["username"], "password": here.access["password"]}
    controls = BrowserPage.read(page).hidden | typed
    response = here.request("POST", "/login/", role="", data=controls, cookies=page.cookies.get_dict())
    if response.status_code == requests.codes.ok:
        return wrong("the right password was refused", response)
    return answered(response, 302)


def open_form(here: Installation, traces: Traces) -> Ending:
    return answered(here.request("GET", FORM), 200)


def filled_form(here: Installation) -> FilledForm:
    """Open a form while all is well, and fill it in."""
    page = here.request("GET", FORM)
    assert page.status_code == requests.codes.ok, page.text
    form = FilledForm.read(cast(Client, None), cast(Response, page))
    return form.fill(name=f"Cell {next(_numbers)}", string_1="A subject")


def send(here: Installation, form: FilledForm) -> requests.Response:
    token = form.controls["csrfmiddlewaretoken"][0]
    controls = {**form.controls, "launch": ["1"]}
    return here.request("POST", form.action, data=controls, cookies={"csrftoken": token})


def launch(here: Installation, traces: Traces) -> Ending:
    form = traces.forms[-1]
    name = form.controls["name"][0]
    response = send(here, form)
    if response.status_code == requests.codes.found:
        traces.launched[name] = response.headers["Location"]
        return DONE
    if name not in response.text:
        return wrong("the answers are not kept", response)
    return refusal(response)


def upload(here: Installation, traces: Traces) -> Ending:
    token = traces.forms[-1].controls["csrfmiddlewaretoken"][0]
    response = here.request(
        "POST",
        "/launches/files/",
        files={"file": ("offer.txt", b"an offer" * 4096)},
        cookies={"csrftoken": token},
        headers={"X-CSRFToken": token, "Accept": "application/json"},  # as our script does
    )
    if response.status_code == requests.codes.created:
        return DONE
    if "json" not in response.headers.get("Content-Type", "") or not response.json().get("error"):
        return wrong("a script cannot read this", response)
    return refusal(response)


def receive(here: Installation, traces: Traces) -> Ending:
    workflow = 10_000 + next(_numbers)
    body = addressed(payloads.started(workflow), here.url + here.access["receiver"])
    response = here.request("POST", here.access["receiver"], role="", data=json.dumps(body))
    if response.status_code == requests.codes.ok:
        traces.acknowledged.append(workflow)
        return DONE
    return (
        REFUSED
        if response.status_code == requests.codes.unavailable
        else wrong("neither 200 nor 503", response)
    )


def ended(command: subprocess.CompletedProcess[str]) -> Ending:
    said = command.stdout + command.stderr
    if "Traceback" in said or command.returncode not in {0, 1, 2}:
        return wrong(f"exit code {command.returncode}: {said[-4000:]}")
    if command.returncode and len(said.split()) < MIN_WORDS:
        return wrong(f"no reason: {said!r}")
    return REFUSED if command.returncode else DONE


def project(here: Installation, traces: Traces) -> Ending:
    return ended(here.manage("worker", "--batch"))


def sync(here: Installation, traces: Traces) -> Ending:
    return ended(here.manage("sync"))


def export(here: Installation, traces: Traces) -> Ending:
    try:
        response = here.request("GET", "/launches/export.csv")
    except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError):
        return REFUSED  # cut off visibly: no program takes it for the whole
    return answered(response, 200)


def admin_list(here: Installation, traces: Traces) -> Ending:
    path = "/admin/launches/launch/"
    return answered(here.request("GET", path, role="administrator"), 200)


def probe(here: Installation, traces: Traces) -> Ending:
    """A supervisor gets the truth, and no reason to restart a process."""
    alive = here.request("GET", "/healthz", role="")
    if alive.status_code != requests.codes.ok:
        return wrong("the process is alive", alive)
    ready = here.request("GET", "/readyz?worker", role="")
    if ready.status_code == requests.codes.ok:
        return DONE
    return REFUSED if ready.json()["reasons"] else wrong("no reason", ready)


Action = Callable[[Installation, Traces], Ending]
ACTIONS: tuple[Action, ...] = (
    sign_in,
    open_form,
    upload,
    launch,
    receive,
    project,
    sync,
    export,
    admin_list,
    probe,
)


def run(action: Action, here: Installation, traces: Traces) -> Ending:
    """Take an action; one that hangs, or ends without an answer, is wrong."""
    try:
        return action(here, traces)
    except (requests.RequestException, subprocess.TimeoutExpired, AssertionError, ValueError) as error:
        return wrong(f"{type(error).__name__}: {error}")
