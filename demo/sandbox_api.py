"""The sandbox seen from outside: its API, its record of what arrived, and its control.

Its records look the same for each generation of the API.
"""

from __future__ import annotations

from typing import Any

import requests

from demo.processes import DemoError

TIMEOUT = 30
# Releases of the current API that brought something.
NUMBERS, OPTIONS_AS_TEXTS = 3.1, 6.0
TYPES = {"string", "text", "radio", "checkbox", "date", "url", "dropdown", "file", "user"}


class SandboxApi:
    """Reads and controls a running sandbox; a refusal raises DemoError."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        self._key = {"Authorization": f"Bearer {api_key}"}

    def template_of_all_types(self) -> dict[str, Any]:
        """Return the sandbox's record of the active template with the fewest fields that has every type."""
        ids = [row["id"] for row in self._get("/templates") if row["is_active"]]
        records = [self._get(f"/_sandbox/templates/{id_}") for id_ in ids]
        fitting = [
            record
            for record in records
            if types_of(record) >= self.types() and not record["kickoff"].get("fieldsets")
        ]
        if not fitting:
            raise DemoError("The sandbox has no active template with every type of field.")
        return dict(min(fitting, key=lambda template: len(template["kickoff"]["fields"])))

    def has_current_api(self) -> bool:
        """Return whether the sandbox implements the current API."""
        return bool(self._get("/_sandbox/status")["dialect"] == "current")

    def option_key(self) -> str:
        """Return the key of an option by which a launch names it, and which its control in the form has."""
        release = self.release()
        if not release:
            return "id"
        return "value" if release >= OPTIONS_AS_TEXTS else "api_name"

    def types(self) -> set[str]:
        """Return the types of fields that the sandbox knows."""
        return TYPES | {"number"} if self.release() >= NUMBERS else TYPES

    def release(self) -> float:
        """Return the release of the current API; 0 for the documented one."""
        return float(self._get("/_sandbox/status")["release"] or 0)

    def active_user(self) -> dict[str, Any]:
        """Return a user to choose."""
        users = self._get("/accounts/users?limit=50&offset=0")["results"]
        return dict(next(user for user in reversed(users) if user["status"] == "active"))

    def workflows(self) -> list[dict[str, Any]]:
        """Return what was launched, as it was received."""
        return list(self._get("/_sandbox/workflows"))

    def files(self) -> dict[str, dict[str, Any]]:
        """Return the files that arrived, by attachment id."""
        return {str(file["id"]): file for file in self._get("/_sandbox/files")}

    def subscriptions(self) -> list[dict[str, Any]]:
        """Return the subscriptions."""
        return list(self._get("/_sandbox/subscriptions"))

    def step(self, workflow_id: int, action: str) -> dict[str, Any]:
        """Move a workflow on, as a person in Pneumatic would, and return it as it is now."""
        return dict(self.control("POST", "steps", {"workflow_id": workflow_id, "action": action}))

    def start_workflow(self, template_id: int, **options: Any) -> dict[str, Any]:
        """Start a workflow as another user would."""
        return dict(self.control("POST", "workflows", {"template_id": template_id, **options}))

    def deliveries(self) -> list[dict[str, Any]]:
        """Return what was sent to subscribers, once nothing is pending."""
        self.control("POST", "deliveries/wait", {"seconds": TIMEOUT / 2})
        return list(self._get("/_sandbox/deliveries"))

    def control(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Send a request to the control API and return what it answers."""
        return self._answer(
            requests.request(method, f"{self._url}/_sandbox/{path}", json=body, timeout=TIMEOUT)
        )

    def _get(self, path: str) -> Any:
        return self._answer(requests.get(self._url + path, headers=self._key, timeout=TIMEOUT))

    def _answer(self, response: requests.Response) -> Any:
        if response.status_code != requests.codes.ok:
            path = response.url.removeprefix(self._url)
            raise DemoError(f"The sandbox answered {response.status_code} to {path}.")
        return response.json()


def types_of(template: dict[str, Any]) -> set[str]:
    """Return the types of a template's kickoff fields."""
    types = {field["type"] for field in template["kickoff"]["fields"]}
    return {"radio" if name == "radiobutton" else name for name in types}
