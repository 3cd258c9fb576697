"""What gunicorn reads when it is started in this folder; options of its command line come on top."""

from typing import Any

from apps.core.processes import memory

logger_class = "apps.core.processes.server_log.RedactingLogger"


def post_worker_init(worker: Any) -> None:
    """Begin to serve."""
    memory.settle()
