"""The WSGI entry point, ``pneumatic_dash.wsgi:application``."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from apps.core.database import limits
from pneumatic_dash.sub_path import BelowPath, WSGIApplication

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pneumatic_dash.settings")

application: WSGIApplication = get_wsgi_application()
if settings.FORCE_SCRIPT_NAME:
    application = BelowPath(application, settings.FORCE_SCRIPT_NAME)
limits.serve_pages()
