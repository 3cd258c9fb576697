"""What gunicorn reads when it is started in this folder; options of its command line come on top."""

from typing import Any

from apps.core.processes import memory

# Links may fill in a form. This is the most that gunicorn allows, and as much as nginx does by default.
limit_request_line = 8190
umask = 0o077  # for what it writes: temporary files of uploads
logger_class = "apps.core.processes.server_log.RedactingLogger"


def post_worker_init(worker: Any) -> None:
    """Begin to serve."""
    memory.settle()
