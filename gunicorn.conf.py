"""What gunicorn reads when it is started in this folder; options of its command line come on top."""

logger_class = "apps.core.server_log.RedactingLogger"
