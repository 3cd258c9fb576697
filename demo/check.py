"""The main job without a person: the first half of what ``manage.py demo --check`` does once everything runs.

It plays both ends and knows nothing of what is between: it fills in the form over HTTP as a browser without JavaScript
does, and asks the sandbox what arrived. Only public addresses and control names are used.
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import requests
from PIL import Image

from demo.browser import Browser, BrowserPage
from demo.processes import DemoError
from demo.sandbox_api import SandboxApi, types_of

DAY = dt.date(2028, 2, 29)
Field = dict[str, Any]  # a kickoff field as the sandbox keeps it


@dataclass(frozen=True, slots=True)
class File:
    """The file that is attached."""

    name: str
    content_type: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class MainJob:
    """Fills in a form with every type of field, launches, and compares both ends."""

    def __init__(self, *, browser: Browser, sandbox: SandboxApi, say: Callable[[str], object]) -> None:
        self._browser = browser
        self._sandbox = sandbox
        self._say = say

    def do(self) -> tuple[dict[str, Any], str]:
        """Return the workflow and the address of its launch; raise DemoError when anything is not as it should be."""
        template = self._sandbox.template_of_all_types()
        fields = template["kickoff"]["fields"]
        page = self._open_form(template)
        name = f"Self-check {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S}"
        file = _picture()
        typed, expected = self._fill_in(fields)
        before = len(self._sandbox.workflows())
        launch = self._launch(template, page, {**typed, "name": [name]}, _file_controls(fields), file)
        arrived = self._sandbox.workflows()[before:]
        if len(arrived) != 1:
            raise DemoError(f"One workflow should have been started; the server started {len(arrived)}.")
        self._compare(arrived[0], name=name, expected=expected, fields=fields, file=file)
        return arrived[0], launch

    def _open_form(self, template: dict[str, Any]) -> BrowserPage:
        page = BrowserPage.read(self._browser.get(f"/templates/{template['id']}/launch/"))
        if "submission_id" not in page.hidden:
            raise DemoError(f"The launch page of “{template['name']}” has no form.")
        missing = [
            field["api_name"]
            for field in template["kickoff"]["fields"]
            if not {f"kickoff-{field['api_name']}", f"find-{field['api_name']}"} & page.controls
        ]
        if missing:
            raise DemoError(f"The form of “{template['name']}” has no control for {', '.join(missing)}.")
        fields = template["kickoff"]["fields"]
        self._say(
            f"Opened the form of “{template['name']}”: {len(fields)} fields of {len(types_of(template))} types"
        )
        return page

    def _fill_in(self, fields: Iterable[Field]) -> tuple[dict[str, list[str]], dict[str, Any]]:
        """Return the controls that a person fills in, and what the sandbox should have of each in the end."""
        typed: dict[str, list[str]] = {}
        expected: dict[str, Any] = {}
        is_current, option_key = self._sandbox.has_current_api(), self._sandbox.option_key()
        for field in fields:
            selections = field.get("selections") or []
            options = [str(selection["id"]) for selection in selections]
            controls = [str(selection[option_key]) for selection in selections]
            value: str
            expected_value: Any
            match field["type"]:
                case "string":
                    value = expected_value = "Zoë “quoted” & <b>plain</b>"
                case "text":
                    value, expected_value = "First line\r\nSecond line, 漢字", "First line\nSecond line, 漢字"
                case "url":
                    value = expected_value = "https://example.com/path?q=1&r=2#part"
                case "number":
                    value = expected_value = "1234.5"
                case "date":
                    value = expected_value = DAY.isoformat()
                    if is_current:  # the sandbox's people live in UTC
                        expected_value = calendar.timegm(DAY.timetuple())
                case "radio" | "dropdown":
                    value, expected_value = controls[-1], options[-1]
                case "checkbox":
                    typed[f"kickoff-{field['api_name']}"] = controls[:2]
                    expected[field["api_name"]] = options[:2]
                    continue
                case "user":
                    user = self._find_person()
                    value, expected_value = str(user["id"]), user["id"]
                case _:
                    continue  # files are sent next to the text
            typed[f"kickoff-{field['api_name']}"] = [value]
            expected[field["api_name"]] = expected_value
        return typed, expected

    def _find_person(self) -> dict[str, Any]:
        """Return a user whom the search of people finds by e-mail."""
        user = self._sandbox.active_user()
        hits = self._browser.get("/people/", q=user["email"]).json()["hits"]
        if str(user["id"]) not in {hit["value"] for hit in hits}:
            raise DemoError(f"Searching people for {user['email']} did not find user {user['id']}.")
        return user

    def _launch(
        self,
        template: dict[str, Any],
        page: BrowserPage,
        typed: dict[str, list[str]],
        file_controls: list[str],
        file: File,
    ) -> str:
        response = self._browser.post(
            f"/templates/{template['id']}/launch/",
            {**page.hidden, **typed},
            [(control, (file.name, file.content, file.content_type)) for control in file_controls],
        )
        if response.status_code != requests.codes.ok or "/launches/" not in response.url:
            reasons = "; ".join(BrowserPage.read(response).errors) or "the page gives no reason"
            raise DemoError(
                f"Launching “{template['name']}” ended with status {response.status_code}: {reasons}."
            )
        self._say(f"Launched it with a file of {len(file.content):,} bytes: {response.url}")
        return response.url

    def _compare(
        self,
        workflow: dict[str, Any],
        *,
        name: str,
        expected: dict[str, Any],
        fields: list[Field],
        file: File,
    ) -> None:
        """Raise DemoError unless the server got exactly what was typed."""
        got = dict(workflow["kickoff"])
        files = self._sandbox.files()
        for field in fields:
            if field["type"] == "file":
                self._compare_file(field["api_name"], got.pop(field["api_name"], None), files, file)
        differences = [
            f"{key}: typed {expected.get(key)!r}, received {got.get(key)!r}"
            for key in sorted({*expected, *got})
            if _as_text(expected.get(key)) != _as_text(got.get(key))
        ]
        if workflow["name"] != name:
            differences.append(f"name: typed {name!r}, received {workflow['name']!r}")
        if differences:
            raise DemoError(
                "The server received something else than was typed:\n  " + "\n  ".join(differences)
            )
        self._say(f"Workflow {workflow['id']} has every answer as typed, and the file byte for byte")

    def _compare_file(self, api_name: str, ids: Any, files: dict[str, dict[str, Any]], file: File) -> None:
        received = [files.get(str(id_)) for id_ in ids or []]
        if len(received) != 1 or received[0] is None:
            raise DemoError(f"{api_name}: one file was attached, the server knows of {ids!r}.")
        for key, wanted in (("name", file.name), ("size", len(file.content)), ("sha256", file.sha256)):
            if received[0][key] != wanted:
                raise DemoError(
                    f"{api_name}: the file's {key} is {received[0][key]!r} instead of {wanted!r}."
                )


def _file_controls(fields: Iterable[Field]) -> list[str]:
    return [f"kickoff-{field['api_name']}" for field in fields if field["type"] == "file"]


def _picture() -> File:
    """Return a real picture, so that a thumbnail is made of it too."""
    content = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).save(content, "PNG")
    return File("gradient.png", "image/png", content.getvalue())


def _as_text(value: Any) -> Any:
    """Return ids as text: the documentation shows them as numbers in one place and as text in another."""
    return [str(item) for item in value] if isinstance(value, list) else str(value)
