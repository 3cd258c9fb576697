"""The account of the recordings of older releases, in the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import requests

from tests.contract.recordings import RELEASES as FOLDER
from tests.contract.recordings import Exchange
from tests.contract.releases_recorded import TAGS, recorded
from tests.fixtures.sandbox import RELEASES, Sandbox

OWNER, PLAIN, ADMIN = 1, 2, 3
FILE_SERVICE = "http://127.0.0.1:29901/files"
# What a server makes up: only its type is compared.
MADE_UP = re.compile(
    r"(\.(id|workflow_id|date_\w+|next|previous|url|\w+_url|max_users|code)|(owners|raw_performers)\[\]\.api_name)$"
    r"|\.(account|conditions\[\])\."
)
STORED_LINK = re.compile(r"https?://[^\s)\"]*?/(uploads|thumbnails|files|upload-bucket)/[^\s)\",]*")
STORED_NAME = re.compile(r"[\w-]{30}_(\w\.png)")
BY_TAG = dict(zip(TAGS, RELEASES, strict=False))


def names_of(tag: str, pattern: str) -> list[str]:
    """Return the names of the recordings of a release that match a pattern, in their order."""
    return [path.stem for path in sorted((FOLDER / tag).glob(f"{pattern}.json"))]


def differences(
    wanted: Any, value: Any, path: str = "", *, made_up: re.Pattern[str] = MADE_UP
) -> Iterator[str]:
    """Yield where the sandbox's value differs from the recorded one."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        for key in wanted.keys() ^ value.keys():
            yield f"{path}.{key} is {'missing' if key in wanted else 'new'}"
        for key in wanted.keys() & value.keys():
            yield from differences(wanted[key], value[key], f"{path}.{key}", made_up=made_up)
    elif isinstance(wanted, list) and isinstance(value, list):
        if len(wanted) != len(value):
            yield f"{path} has {len(value)} items, not {len(wanted)}"
        for one, other in zip(wanted, value, strict=False):
            yield from differences(one, other, f"{path}[]", made_up=made_up)
    elif made_up.search(path):
        if type(wanted) is not type(value) and "expiration" not in path:
            yield f"{path} is {value!r}, not like {wanted!r}"
    elif wanted != value and {wanted, value} != {None, ""}:
        yield f"{path} is {value!r}, not {wanted!r}"


class Account:
    """The recorded account in the sandbox, and a client with the keys of its users."""

    def __init__(self, sandbox: Sandbox, tag: str) -> None:
        self.sandbox = sandbox
        self.tag = tag
        self.session = requests.Session()
        self.session.trust_env = False
        sandbox.reset("empty", release=BY_TAG[tag])
        for user in recorded(tag, "users-list").answer:
            keys = ("id", "email", "first_name", "last_name", "is_admin", "is_account_owner")
            sandbox.put_user({key: user[key] for key in keys})
        for group in recorded(tag, "groups-list").answer:
            sandbox.put_group({key: group[key] for key in ("id", "name", "users")})
        self.keys = {
            "nonadmin": sandbox.add_key("plain-key", PLAIN),
            "other-admin": sandbox.add_key("admin-key", ADMIN),
            "bad-api-key": "no-key",
        }
        self.announced: list[int] = []

    def put_templates(self, *names: str) -> None:
        """Put recorded templates in, with their ids and API names."""
        for name in names:
            shown = recorded(self.tag, f"template-get-{name}").answer
            tasks = [
                {
                    **{key: task[key] for key in ("id", "name", "api_name", "description", "fields")},
                    "responsible": [int(item["source_id"]) for item in task["raw_performers"]],
                }
                for task in shown["tasks"]
            ]
            keys = ("id", "name", "description", "kickoff", "finalizable", "wf_name_template", "updated_by")
            owners = [{"type": "user", "id": OWNER, "role": "owner"}]
            more = {"tasks": tasks, "owners": owners, "performers_count": 1}
            self.sandbox.put_template({**{key: shown[key] for key in keys}, **more})

    def differences(self, found: Exchange) -> list[str]:
        """Return where the answer to a recorded request differs from the recorded answer."""
        is_off = found.name.endswith("storage-off")
        if is_off:
            self.sandbox.settings(has_object_storage=False)
        response = self.ask(found)
        if is_off:
            self.sandbox.settings(has_object_storage=True)
        if response.status_code != found.status:
            return [f"the status is {response.status_code}, not {found.status}: {response.text[:200]}"]
        text = response.text.replace(self.sandbox.files_url, FILE_SERVICE)
        is_json = response.content and response.headers["Content-Type"] == "application/json"
        answer: Any = json.loads(text) if is_json else text
        wanted = found.answer
        if found.name == "run-simple-no-name":
            assert re.fullmatch(r"\w{3} \d\d, \d{4}, \d\d:\d\d[AP]M — 03 One text", answer.pop("name"))
            wanted = {key: value for key, value in wanted.items() if key != "name"}
        if found.name == "attachments-old-post" and is_json and found.status == 200:
            self.announced.append(answer["id"])
        return list(differences(_without_links(wanted), _without_links(answer)))

    def ask(self, found: Exchange) -> requests.Response:
        """Send a recorded request with the key of its user, which the end of its name tells."""
        body, path = found.body, found.path
        if found.name.startswith("run-file-id-"):
            id_ = self._announce()
            body = {
                **body,
                "kickoff": {**body["kickoff"], "o-file": [id_ if "int" in found.name else str(id_)]},
            }
        if self.announced:
            path = path.replace("/attachments/1/", f"/attachments/{self.announced[0]}/")
        data = json.dumps(body).replace(FILE_SERVICE, self.sandbox.files_url) if body is not None else None
        user = next((user for user in self.keys if found.name.endswith(user)), "")
        headers = {"Authorization": f"Bearer {self.keys.get(user, self.sandbox.key)}"}
        if found.name == "auth-missing-header":
            headers = {}
        if data is not None:
            headers["Content-Type"] = "application/json"
        return self.session.request(
            found.method, self.sandbox.url + path, data=data, headers=headers, timeout=60
        )

    def _announce(self) -> int:
        """Return the id of a new file, or of none where files have no ids."""
        if not self.announced:
            return 4
        body = {"filename": "c.png", "content_type": "image/png", "size": 5}
        return int(self.ask(replace(recorded(self.tag, "attachments-old-post"), body=body)).json()["id"])


def _without_links(value: Any) -> Any:
    """Return a value with one link and one prefix of names for all those of the object storage."""
    text = STORED_LINK.sub("link", json.dumps(value).replace(f"{FILE_SERVICE}/files/", "http://store/files/"))
    return json.loads(STORED_NAME.sub(r"prefix_\1", text))
