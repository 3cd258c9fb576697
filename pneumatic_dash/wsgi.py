"""The WSGI entry point, ``pneumatic_dash.wsgi:application``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from apps.core.database import limits

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pneumatic_dash.settings")

application = get_wsgi_application()
limits.serve_pages()
