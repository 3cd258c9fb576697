"""Put the parts together: the API's port, the upload store's port, and what both share."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .api import Api
from .control import PREFIX, Control
from .errors import Refused
from .faults import Faults
from .files import FileStore
from .pages import page
from .request_log import RequestLog
from .state import State
from .wire import Answer, BadRequest, Dropped, Request, Server


class Sandbox:
    """A running sandbox; raise OSError when a port is taken."""

    def __init__(
        self, *, host: str, port: int, files_port: int, api_key: str, dataset: str, large: int = 0
    ) -> None:
        self.state = State()
        self._faults = Faults(shift_page=self.state.shift)
        self._log = RequestLog()
        self._files = FileStore(self.state)
        self._api = Api(state=self.state, api_key=api_key, files=self._files)
        self._control = Control(
            state=self.state, faults=self._faults, log=self._log, dataset=dataset, large=large
        )
        self._control.reset(dataset, large=large)
        self.host = host
        self._servers = [Server((host, port), self._answer_api)]
        try:
            self._servers.append(Server((host, files_port), self._answer_files))
        except OSError:
            self._servers[0].server_close()
            raise
        self.port, self.files_port = (server.port for server in self._servers)
        self._files.port = self.files_port

    @property
    def url(self) -> str:
        """Return the base URL of the API."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{name}:{self.port}"

    def start(self) -> None:
        """Serve both ports, each in a thread."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening; connections that are open end with the process."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self.state.forget_files()

    def _answer_api(self, request: Request) -> Answer:
        if request.path.startswith(PREFIX):
            return _answer_or_refusal(self._control.answer, request)
        if request.method in {"GET", "HEAD"} and (shown := page(request.path, self.state)):
            return shown
        return self._observed("api", request, self._api.answer)

    def _answer_files(self, request: Request) -> Answer:
        return self._observed("files", request, self._files.answer)

    def _observed(self, server: str, request: Request, answer: Callable[[Request], Answer]) -> Answer:
        """Log a request and its status, and let the faults in force spoil the answer."""
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
