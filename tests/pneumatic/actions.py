"""Calls that several tests make."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import IO

from apps.pneumatic.canonical.schemas import PublicFile, Received, Template, TemplateSummary
from apps.pneumatic.client import Client
from tests.pneumatic import samples


def upload(
    client: Client,
    content: bytes | IO[bytes] = b"x",
    *,
    size: int | None = None,
    filename: str = "a.txt",
    content_type: str = "text/plain",
    thumbnail: bytes | None = None,
) -> PublicFile:
    """Upload ``content``; its ``size`` is its own by default."""
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    if size is None:
        assert isinstance(content, bytes)
        size = len(content)
    return client.upload(stream, filename=filename, content_type=content_type, size=size, thumbnail=thumbnail)


def listed(ids: Iterable[int]) -> list[Received[TemplateSummary]]:
    """Return rows of the list of templates, which must not be read."""

    def unread() -> TemplateSummary:
        raise AssertionError("a row of the list was read")

    return [Received(id=id_, raw=samples.summary(id_), read=unread) for id_ in ids]


def templates(client: Client, ids: Iterable[int], *, concurrency: int = 6) -> list[Template]:
    """Return these templates in full, read."""
    return [row.read() for row in client.receive_templates(listed(ids), concurrency=concurrency)]
