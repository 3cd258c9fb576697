"""Keep what happened in a file, so that a restarted sandbox continues where it was stopped.

Workflows with their files' names, subscriptions and the next ids are kept; templates, users and the files themselves
are not. Without a file nothing is kept.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from .shapes import Record, file_answers
from .state import DOCUMENTED, Attachment, Ids, State
from .workflows import RUNNING, SNOOZED

KEPT_FINISHED = 200
# What records did not have in the files of earlier versions.
_NEW_IN_WORKFLOWS: Record = {
    "date_completed": None,
    "snoozed_until": None,
    "is_external": False,
    "activity": [],
}
_NEW_IN_STEPS: Record = {"responsible_groups": [], "groups": [], "is_delayed": False}
# A stop that came before the last change was written must not lead to ids that are known already.
_MARGIN = 100
_FILE_KEYS = ("id", "name", "content_type", "size", "signature", "is_public", "uuid", "uploaded_by")


class Keeper:
    """Writes the state to ``path`` whenever it changed; raise OSError or ValueError when it cannot be read."""

    def __init__(self, state: State, path: Path) -> None:
        self._state = state
        self._path = path
        self._wanted = threading.Event()
        self._stopped = False
        self._lock = threading.Lock()
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            _refuse_other_dialect(kept, state.dialect)
            _restore(state, kept)
        state.changed = self._wanted.set
        self.write()

    def start(self) -> None:
        """Begin to write."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Write for the last time."""
        self._stopped = True
        self._wanted.set()
        self.write()

    def write(self) -> None:
        """Write now; a concurrent reader sees the old file or the new one, never half of one."""
        with self._lock:
            with self._state.lock:
                text = json.dumps(_snapshot(self._state), ensure_ascii=True)
            part = self._path.with_name(f"{self._path.name}.part")
            part.touch(mode=0o600)
            part.write_text(text, encoding="utf-8")
            os.replace(part, self._path)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopped:
                return
            self.write()


def _snapshot(state: State) -> Record:
    workflows = list(state.workflows.values())
    finished = [item["id"] for item in workflows if item["status"] not in {RUNNING, SNOOZED}]
    forgotten = set(finished[:-KEPT_FINISHED])
    kept = [item for item in workflows if item["id"] not in forgotten]
    held = {item for workflow in kept for item in file_answers(workflow)}
    files = [attachment for id_, attachment in state.attachments.items() if id_ in held]
    return {
        "dialect": state.dialect,
        "workflows": kept,
        "subscriptions": list(state.subscriptions.values()),
        "files": [{key: getattr(item, key) for key in _FILE_KEYS} for item in files],
        "next": {
            "workflow": state.workflow_ids.upcoming,
            "attachment": state.attachment_ids.upcoming,
            "subscription": state.subscription_ids.upcoming,
        },
    }


def _refuse_other_dialect(kept: Any, dialect: str) -> None:
    """Raise ValueError when a file is of the other dialect: its workflows have not what this one shows."""
    written = kept.get("dialect", DOCUMENTED) if isinstance(kept, dict) else dialect
    if written != dialect:
        raise ValueError(
            f"it was kept with --dialect {written}; start the sandbox with that, or name another file"
        )


def _restore(state: State, kept: Any) -> None:
    try:
        state.workflows = {item["id"]: _with_new_keys(item) for item in kept["workflows"]}
        state.subscriptions = {item["id"]: item for item in kept["subscriptions"]}
        state.attachments = {
            item["id"]: Attachment(
                **{key: item[key] for key in _FILE_KEYS if key in item}, wants_thumbnail=False
            )
            for item in kept["files"]
        }
        state.workflow_ids = Ids(kept["next"]["workflow"] + _MARGIN)
        state.attachment_ids = Ids(kept["next"]["attachment"] + _MARGIN)
        state.subscription_ids = Ids(kept["next"]["subscription"] + _MARGIN)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it was not written by this program ({error!r})") from error


def _with_new_keys(workflow: Record) -> Record:
    steps = [{**_NEW_IN_STEPS, **step} for step in workflow["steps"]]
    return {**_NEW_IN_WORKFLOWS, **workflow, "steps": steps}
