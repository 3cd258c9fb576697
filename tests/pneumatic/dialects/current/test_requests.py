"""The current API: what every request has in common."""

from __future__ import annotations

from typing import Any

from apps.pneumatic.dialects.current.dialect import Current
from tests.pneumatic import samples
from tests.pneumatic.conftest import KEY, Connect, Serve
from tests.pneumatic.dialects.current import samples as api
from tests.pneumatic.servers import Seen, Talk


def test_no_path_ends_with_a_slash_and_no_cookie_goes_back(
    serve: Serve, connect_to: Connect, memory: Any
) -> None:
    """A slash leads to another resource, and one of the cookies holds the API key."""
    cookies: dict[str, Any] = {
        "Set_Cookie": f"file_service_auth={KEY}; Path=/",
        "set_cookie": "sessionid=1; Path=/",
    }
    answers = {
        "/templates": samples.envelope([api.summary(1, owners=[api.owner(4, type="group")])]),
        "/templates/1": api.detail(1),
        "/auth/context": api.context(),
        "/accounts/groups": [],
        "/accounts/users": [],
        "/webhooks/events": api.hooks(task_returned="https://a.example/"),
        "/workflows": samples.envelope([]),
        "/attachments": samples.envelope([]),
    }

    def behave(seen: Seen, talk: Talk) -> None:
        talk.answer(body=answers.get(seen.target.partition("?")[0], {"id": 5, "name": "x"}), **cookies)

    server = serve(behave)
    client = connect_to(f"{server.url}/", dialect=Current())
    client.receive_templates(client.receive_template_list())
    client.list_users()
    client.list_groups()
    client.key_holder()
    client.list_workflows()
    client.get_workflow(5)
    client.find_files_url()
    client.unsubscribe(client.list_subscriptions()[0])
    client.run(1, payload={"name": "x"})
    client.detect_dialect()

    assert len(server.seen) >= 12
    assert not [seen.target for seen in server.seen if seen.target.partition("?")[0].endswith("/")]
    assert not [seen.target for seen in server.seen if "cookie" in seen.headers]
    assert not [
        seen.target for seen in server.seen if seen.target in {"/webhooks/subscribe", "/webhooks/unsubscribe"}
    ]
