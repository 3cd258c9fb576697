"""Put the parts together: the API's port, the upload store's port, and what both share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from .announcer import Announcer
from .api import Api
from .control import PREFIX, Control, Start
from .control_webhooks import WebhookControl
from .crowd import Crowd
from .current.api import CurrentApi
from .current.files.attachments import Attachments
from .current.files.service import FileService
from .errors import Refused
from .faults import Faults
from .files import FileStore
from .keeping import Keeper
from .keys import Keys
from .pages import page
from .request_log import RequestLog
from .state import CURRENT, Ids, State
from .wire import Answer, BadRequest, Dropped, Request, Server
from .workflows import Workflows


class Sandbox:
    """A running sandbox; raise OSError when a port is taken."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        files_port: int,
        api_key: str,
        start: Start,
        first_workflow_id: int = 0,
        keep: Path | None = None,
    ) -> None:
        self.state = State(keys=Keys(api_key))
        self._faults = Faults(shift_page=self.state.shift)
        self._log = RequestLog()
        self._files = FileStore(self.state)
        self._announcer = Announcer(state=self.state, link=self._files.link)
        self._workflows = Workflows(state=self.state, files=self._files, notify=self._announcer.notify)
        self._crowd = Crowd(state=self.state, workflows=self._workflows)
        self._api = Api(state=self.state, api_key=api_key, files=self._files, workflows=self._workflows)
        self._file_service = FileService(self.state)
        self._current_api = CurrentApi(
            state=self.state,
            files=self._file_service,
            attachments=Attachments(self.state, self._files),
            workflows=self._workflows,
        )
        webhooks = WebhookControl(
            state=self.state, workflows=self._workflows, announcer=self._announcer, crowd=self._crowd
        )
        self._control = Control(
            state=self.state,
            faults=self._faults,
            log=self._log,
            webhooks=webhooks,
            forget=self._forget,
            start=start,
        )
        self._control.reset(start)
        self._keeper = Keeper(self.state, keep) if keep else None
        self.state.workflow_ids = Ids(max(self.state.workflow_ids.upcoming, first_workflow_id))
        self.host = host
        self._servers = [Server((host, port), self._answer_api)]
        try:
            self._servers.append(Server((host, files_port), self._answer_files))
        except OSError:
            self._servers[0].server_close()
            raise
        self.port, self.files_port = (server.port for server in self._servers)
        self._files.port = self.files_port
        self._files.host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host) or self._name  # noqa: S104 - as a key
        self.state.files_url = f"http://{self._files.host}:{self.files_port}"

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        return f"http://{self._name}:{self.port}"

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def start(self) -> None:
        """Serve both ports, each in a thread, and let the simulated people begin."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        self._crowd.start()
        if self._keeper:
            self._keeper.start()

    def stop(self) -> None:
        """Stop listening; connections that are open end with the process."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._crowd.stop()
        if self._keeper:
            self._keeper.stop()
        self.state.forget_files()

    def _forget(self) -> None:
        """Reset everything except the state: pending deliveries, and the dice."""
        self._announcer.reset()
        self._workflows.dice.seed(0)
        self._crowd.dice.seed(0)

    def _answer_api(self, request: Request) -> Answer:
        if request.path.startswith(PREFIX):
            return _answer_or_refusal(self._control.answer, request)
        is_current = self.state.dialect == CURRENT
        # The current server has objects where the sandbox has pages: only a browser gets those.
        asks_for_page = not is_current or "text/html" in request.headers.get("accept", "")
        if asks_for_page and request.method in {"GET", "HEAD"} and (shown := page(request.path, self.state)):
            return shown
        return self._observed("api", request, self._current_api.answer if is_current else self._api.answer)

    def _answer_files(self, request: Request) -> Answer:
        has_service = self.state.dialect == CURRENT and self.state.release.files == "links"
        answer = self._file_service.answer if has_service else self._files.answer
        return self._observed("files", request, answer)

    def _observed(self, server: str, request: Request, answer: Callable[[Request], Answer]) -> Answer:
        """Log a request and its status, and let the active faults spoil the response."""
        entry = self._log.add(server, request)
        try:
            result, entry.fault = self._faults.apply(
                server, request, lambda request: _answer_or_refusal(answer, request)
            )
        except Dropped as fault:
            entry.fault = str(fault)
            raise
        except BadRequest as error:
            entry.status = error.status
            raise
        finally:
            entry.body = request.body[: RequestLog.KEPT_BODY]
        entry.status = result.status
        return result


def _answer_or_refusal(answer: Callable[[Request], Answer], request: Request) -> Answer:
    try:
        return answer(request)
    except Refused as refused:
        return refused.answer
