"""Load: connections that post webhook bodies as fast as they are answered, or at a rate. Standard library only.

Prints one line of JSON: the response times, and the number of responses of each kind. Every body is another event with
its own marker; the sizes are spread evenly. A connection that breaks is opened again, and its request counts as an
error. SIGTERM ends the load early, in the same way.

At a rate, a response time starts when the request was due: the wait for a connection that is still busy is part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MIN_BYTES = 1_000
BODIES = 50
MARKER = "marker-000000000000"
WORKFLOW_ID = 900_000_000_000
CONNECT_AGAIN = 0.02  # seconds


def template_body(size: int, target: str, kind: int) -> bytes:
    """Return a documented body of about ``size`` bytes, with MARKER and WORKFLOW_ID in it."""
    people = [{"id": 1, "first_name": "John", "last_name": "Doe"}]
    task = {
        "id": 2,
        "name": "Second task",
        "description": "",
        "number": 2,
        "date_started": "2026-05-04T16:25:00.062Z",
        "date_completed": None,
        "performers": people,
    }
    workflow: dict[str, Any] = {
        "id": WORKFLOW_ID,
        "name": MARKER,
        "status": 0,
        "date_created": "2026-05-04T16:12:10.099Z",
        "template": {"id": 1, "name": "Template name"},
        "kickoff": {"id": 1, "description": "", "output": []},
        "current_task": task,
    }
    event = "workflow_started" if kind else "task_completed_v2"
    body = {"hook": {"id": 1, "event": event, "target": target}}
    if kind:
        body["workflow"] = workflow
    else:
        body["task"] = {
            **task,
            "date_completed": "2026-05-04T16:25:58.675Z",
            "output": [],
            "workflow": workflow,
        }
    outputs = workflow["kickoff"]["output"]
    while len(json.dumps(body)) < size:
        outputs.append(
            {
                "id": len(outputs),
                "name": "Reason for the purchase",
                "type": "text",
                "api_name": f"field-{len(outputs)}",
                "value": "We need it before the end of the quarter. " * 5,
                "is_required": True,
                "selections": [],
                "attachments": [],
            }
        )
    return json.dumps(body).encode()


@dataclass
class Load:
    """The requests of one load, and their responses."""

    url: str
    target: str
    seed: int = 1
    largest: int = 50_000  # bytes
    pause: float = 0.0  # seconds between an answer and the next request
    rate: float = 0.0  # requests a second of all connections together; 0: as fast as they are answered
    stop_at: float = 0.0
    seconds: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)  # SHA-256 of the bodies
    errors: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    def __post_init__(self) -> None:
        sizes = [MIN_BYTES + (self.largest - MIN_BYTES) * index // (BODIES - 1) for index in range(BODIES)]
        self._bodies = [template_body(size, self.target, index % 2) for index, size in enumerate(sizes)]
        self._random = random.Random(self.seed)
        parts = urlsplit(self.url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nUser-Agent: load\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def request(self) -> tuple[bytes, bytes]:
        """Return the head and the body of the next request."""
        self.sent += 1
        marker = f"{self.seed:06d}{self.sent:06d}"
        body = self._random.choice(self._bodies).replace(MARKER.encode(), f"marker-{marker}".encode())
        workflow_id = WORKFLOW_ID + self.seed * 1_000_000 + self.sent
        body = body.replace(str(WORKFLOW_ID).encode(), str(workflow_id).encode())
        return b"%s%d\r\n\r\n" % (self._head, len(body)), body

    def failed(self, what: str) -> None:
        self.errors[what] = self.errors.get(what, 0) + 1

    def stop(self) -> None:
        self.stop_at = 0.0

    async def connection(self, first: float, step: float) -> None:
        """Post on one connection until the time is over; at a rate the first at ``first``, then every ``step`` s."""
        reader = writer = None
        due = first
        while (now := time.monotonic()) < self.stop_at:
            if step:
                await asyncio.sleep(due - now)
            started, due = (due if step else now), due + step
            head, body = self.request()
            try:
                if writer is None or reader is None:
                    reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(head + body)
                status, closes = await _answer(reader)
            except (OSError, EOFError) as error:
                self.failed(type(error).__name__)
                if writer is not None:
                    writer.close()
                reader = writer = None
                await asyncio.sleep(CONNECT_AGAIN)
                continue
            self.seconds.append(time.monotonic() - started)
            if 200 <= status < 300:
                self.acknowledged.append(hashlib.sha256(body).hexdigest())
            else:
                self.failed(f"status {status}")
            if closes:
                writer.close()
                reader = writer = None
            if self.pause:
                await asyncio.sleep(self.pause)
        if writer is not None:
            writer.close()

    async def run(self, seconds: float, connections: int) -> float:
        """Load for ``seconds``, and until the last response; return the seconds that it took."""
        started = time.monotonic()
        self.stop_at = started + seconds
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop)
        share = 1 / self.rate if self.rate else 0.0
        await asyncio.gather(
            *(self.connection(started + index * share, connections * share) for index in range(connections))
        )
        return time.monotonic() - started


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read an answer to its end; return its status and whether the server closes the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    await reader.readexactly(length)
    return int(head[9:12]), b"\r\nconnection: close" in head


def main() -> None:
    """Post, and print the outcome."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("url", help="where to post")
    parser.add_argument("--target", default="", help="hook.target of every body (default: the URL)")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--largest", type=int, default=50_000, help="bytes of the largest body")
    parser.add_argument(
        "--pause", type=float, default=0, help="seconds between an answer and the next request"
    )
    parser.add_argument("--rate", type=float, default=0, help="requests a second of all connections together")
    parser.add_argument(
        "--seed", type=int, default=1, help="two loads with different ones send different events"
    )
    parser.add_argument("--digests", type=Path, help="write the SHA-256 of every acknowledged body there")
    options = parser.parse_args()
    load = Load(
        url=options.url,
        target=options.target or options.url,
        seed=options.seed,
        largest=options.largest,
        pause=options.pause,
        rate=options.rate,
    )
    elapsed = asyncio.run(load.run(options.seconds, options.connections))
    if options.digests:
        options.digests.write_text("\n".join(load.acknowledged), encoding="utf-8")
    load.seconds.sort()
    print(
        json.dumps(
            {
                "seconds": elapsed,
                "acknowledged": len(load.acknowledged),
                "errors": load.errors,
                "p50": _quantile(load.seconds, 0.50) * 1000,
                "p95": _quantile(load.seconds, 0.95) * 1000,
                "p99": _quantile(load.seconds, 0.99) * 1000,
            }
        )
    )


def _quantile(values: list[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] if values else 0.0


if __name__ == "__main__":
    main()
