"""All settings, from the environment (or a file named by ``ENV_FILE``, by default ``.env``).

A wrong value stops the start with a message that says what to write. ``.env.example`` lists every variable.
Mistakes of deployment that are more than a typo are system checks in ``apps/core/checks.py``.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from pneumatic_dash import single_sign_on
from pneumatic_dash.env_file import load as load_env_file
from pneumatic_dash.environment import allowed_hosts as _allowed_hosts
from pneumatic_dash.environment import base_url as _base_url
from pneumatic_dash.environment import choice as _choice
from pneumatic_dash.environment import cookie_prefix as _cookie_prefix
from pneumatic_dash.environment import database as _database
from pneumatic_dash.environment import flag as _flag
from pneumatic_dash.environment import number as _number
from pneumatic_dash.environment import public_url as _public_url
from pneumatic_dash.environment import secret as _secret
from pneumatic_dash.environment import text as _text
from pneumatic_dash.environment import zone as _zone
from pneumatic_dash.private_files import PrivateConnection, make_private_folder
from pneumatic_dash.single_sign_on import group_roles as _group_roles
from pneumatic_dash.single_sign_on import issuer as _issuer
from pneumatic_dash.single_sign_on import needed as _needed
from pneumatic_dash.single_sign_on import needed_secret as _needed_secret

BASE_DIR = Path(__file__).resolve().parent.parent

_env_file = os.environ.get("ENV_FILE", "")
if _env_file or ("ENV_FILE" not in os.environ and (BASE_DIR / ".env").is_file()):
    load_env_file(Path(_env_file) if _env_file else BASE_DIR / ".env")

# -- The process -----------------------------------------------------------------------------------------------

DEBUG = _flag("DEBUG", default=False)
SECRET_KEY = _secret("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Write a long random text of 50 characters or more (`make env` does), "
            "or DEBUG=True on your own machine."
        )
    SECRET_KEY = "insecure-and-only-for-debug"  # noqa: S105 - as it says

PUBLIC_URL = _public_url("PUBLIC_URL")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = _allowed_hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", public_host=_public.hostname)
# Where a proxy serves the dashboard below a path of a host: in front of every address, of static files, of cookies.
SUB_PATH = _public.path
FORCE_SCRIPT_NAME = SUB_PATH or None
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"] if PUBLIC_URL else []

HTTPS = PUBLIC_URL.startswith("https://")
BEHIND_PROXY = _flag("BEHIND_PROXY", default=False)
TRUSTED_PROXIES = int(_number("TRUSTED_PROXIES", 1, least=1, most=10, unit="proxies"))

# A check warns when every user of the machine may read them.
SECRET_FILES = [
    Path(file) for file in (_env_file, _text("SECRET_KEY_FILE"), _text("PNEUMATIC_API_KEY_FILE")) if file
]

# -- Pneumatic -------------------------------------------------------------------------------------------------

PNEUMATIC_API_URL = _base_url("PNEUMATIC_API_URL", "https://api.pneumatic.app")
PNEUMATIC_API_KEY = _secret("PNEUMATIC_API_KEY", is_sent=True)
PNEUMATIC_DIALECT = _choice("PNEUMATIC_DIALECT", "auto", ("auto", "documented", "current"))
PNEUMATIC_FILES_URL = _base_url("PNEUMATIC_FILES_URL")
PNEUMATIC_APP_URL = _base_url("PNEUMATIC_APP_URL", "https://my.pneumatic.app")
PNEUMATIC_CONNECT_TIMEOUT = _number("PNEUMATIC_CONNECT_TIMEOUT", 5, least=0.1, most=60, unit="seconds")
PNEUMATIC_READ_TIMEOUT = _number("PNEUMATIC_READ_TIMEOUT", 30, least=0.1, most=300, unit="seconds")
SYNC_STALE_AFTER = _number("SYNC_STALE_AFTER", 24 * 60, least=1, most=60 * 24 * 365, unit="minutes")
RECONCILE_EVERY = _number("RECONCILE_EVERY", 5, least=0, most=60 * 24 * 365, unit="minutes")
SYNC_CONCURRENCY = int(_number("SYNC_CONCURRENCY", 6, least=1, most=16, unit="requests at a time"))

# -- Webhooks --------------------------------------------------------------------------------------------------

WEBHOOK_BODY_LIMIT = int(
    _number("WEBHOOK_BODY_LIMIT", 5 * 1024 * 1024, least=1024, most=100 * 1024 * 1024, unit="bytes")
)
WEBHOOK_READ_TIMEOUT = _number("WEBHOOK_READ_TIMEOUT", 10, least=0.1, most=120, unit="seconds")
WEBHOOK_WRITE_TIMEOUT = _number("WEBHOOK_WRITE_TIMEOUT", 5, least=0.1, most=60, unit="seconds")
WEBHOOK_RETENTION_DAYS = int(_number("WEBHOOK_RETENTION_DAYS", 90, least=1, most=36_500, unit="days"))

# -- Launches --------------------------------------------------------------------------------------------------

DRAFT_RETENTION_DAYS = int(_number("DRAFT_RETENTION_DAYS", 60, least=1, most=36_500, unit="days"))

# -- Applications ----------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "apps.dashboard",
    "apps.preparation",
    "apps.launches",
    "apps.kickoff",
    "apps.workflows",
    "apps.accounts",
    "apps.workflow_templates",
    "apps.webhooks",
    "apps.sync",
    "apps.pneumatic",
    "apps.core",
    "django_tasks",
    "django_tasks_db",
    "django_htmx",
    "csp",
    "axes",
    "pneumatic_dash.admin.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "apps.core.middleware.ResponseHeadersMiddleware",  # the first: it is for every response
    "apps.core.health.probes.ProbeMiddleware",  # before what checks the host name or the scheme
    "apps.webhooks.receiver.middleware.ReceiverMiddleware",  # before the middleware of pages
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Against BREACH, Django masks the token of forms in each page again and pads compressed responses at random.
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.sign_in.sessions.SessionLimitMiddleware",  # before all that asks who is signed in
    "apps.accounts.sign_in.middleware.SignInMiddleware",
    "apps.accounts.second_factors.middleware.SecondFactorMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.middleware.HtmxLoginRedirectMiddleware",
    "apps.core.middleware.LongLoginRedirectMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "pneumatic_dash.urls"
WSGI_APPLICATION = "pneumatic_dash.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.core.context_processors.product",
                "apps.sync.context_processors.freshness",
                "apps.dashboard.context_processors.system",
            ],
        },
    },
]

# -- Database --------------------------------------------------------------------------------------------------

DATABASE_TIMEOUT = _number("DATABASE_TIMEOUT", 15, least=1, most=600, unit="seconds")
DATABASE_COMMAND_TIMEOUT = _number("DATABASE_COMMAND_TIMEOUT", 300, least=1, most=24 * 3600, unit="seconds")
DATABASE_LOCK_TIMEOUT = _number("DATABASE_LOCK_TIMEOUT", 60, least=1, most=3600, unit="seconds")
DATABASE_POOLED = _flag("DATABASE_POOLED", default=False)
if not _text("DATABASE_URL"):
    make_private_folder(BASE_DIR / "var")  # missing in a fresh checkout
DATABASES = {"default": _database("DATABASE_URL", BASE_DIR / "var" / "dash.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    _folder = Path(DATABASES["default"]["NAME"]).parent
    if not _folder.is_dir():
        raise ImproperlyConfigured(
            f"DATABASE_URL names a file in {_folder}, which is no folder. Create it, or write another path."
        )
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue for the lock at BEGIN and wait, instead of failing in the middle of a transaction.
        "transaction_mode": "IMMEDIATE",
        "timeout": DATABASE_TIMEOUT,
        "factory": PrivateConnection,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456;",
    }
else:
    DATABASES["default"]["ENGINE"] = "apps.core.database"  # Django's own, and never waits without end
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A cursor of the server lives in one session, and a pooler may give the next fetch another one.
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_POOLED
# Opening a connection costs more than most requests; closing SQLite's last one also checkpoints the whole log.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Below this, no launch or upload is safe: /readyz fails, and pages say why.
DISK_MIN_FREE_BYTES = 1024**2 * int(
    _number("DISK_MIN_FREE_MB", 100, least=1, most=1_000_000, unit="megabytes")
)

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default"]}}

# -- Users and sessions ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "apps.accounts.sign_in.passwords.PersonalPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Wrong passwords of an account until unknown clients wait, and minutes that they wait (apps/accounts/sign_in).
AUTHENTICATION_BACKENDS = ["apps.accounts.sign_in.backends.PasswordBackend"]
AXES_FAILURE_LIMIT = int(_number("SIGN_IN_ATTEMPTS", 5, least=1, most=100, unit="attempts"))
AXES_COOLOFF_TIME = dt.timedelta(minutes=_number("SIGN_IN_WAIT", 10, least=1, most=24 * 60, unit="minutes"))
SESSION_IDLE_MINUTES = _number("SESSION_IDLE_MINUTES", 12 * 60, least=5, most=60 * 24 * 365, unit="minutes")
SESSION_MAX_DAYS = _number("SESSION_MAX_DAYS", 14, least=1, most=365, unit="days")
SESSION_COOKIE_AGE = int(SESSION_MAX_DAYS * 24 * 3600)
SIGN_IN_LOG_DAYS = int(_number("SIGN_IN_LOG_DAYS", 90, least=1, most=36_500, unit="days"))
AXES_HANDLER = "apps.accounts.sign_in.handler.SignInHandler"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or anyone could extend the wait
AXES_ENABLE_ADMIN = False  # apps/accounts/admin has pages for its tables
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # SignInMiddleware is used instead of axes' own

# A code in addition to the password of a local account (apps/accounts/second_factors).
SECOND_FACTORS = _choice("SECOND_FACTORS", "off", ("off", "optional", "required"))

# -- Single sign-on: nothing of it is loaded without OIDC_ISSUER (apps/accounts/single_sign_on) ------------------

OIDC_ISSUER = _issuer("OIDC_ISSUER")
OIDC_CLIENT_ID = _needed("OIDC_CLIENT_ID", issuer=OIDC_ISSUER)
OIDC_CLIENT_SECRET = _needed_secret("OIDC_CLIENT_SECRET", issuer=OIDC_ISSUER)
OIDC_NAME = _text("OIDC_NAME") or "single sign-on"
OIDC_SCOPES = _text("OIDC_SCOPES") or "openid profile email"
OIDC_GROUPS_CLAIM = _text("OIDC_GROUPS_CLAIM") or "groups"
OIDC_GROUP_ROLES = _group_roles("OIDC_GROUP_ROLES")
OIDC_CREATE_ACCOUNTS = _flag("OIDC_CREATE_ACCOUNTS", default=False)
if OIDC_ISSUER:
    INSTALLED_APPS = [*single_sign_on.APPS, *INSTALLED_APPS]
    MIDDLEWARE = [*MIDDLEWARE, *single_sign_on.MIDDLEWARE]
    ACCOUNT_EMAIL_VERIFICATION = "none"  # the provider verifies addresses; the dashboard sends no mail
    SOCIALACCOUNT_ADAPTER = "apps.accounts.single_sign_on.adapter.SingleSignOnAdapter"
    SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds without a byte
    SOCIALACCOUNT_PROVIDERS = single_sign_on.providers(
        issuer=OIDC_ISSUER,
        name=OIDC_NAME,
        client_id=OIDC_CLIENT_ID,
        client_secret=OIDC_CLIENT_SECRET,
        scopes=OIDC_SCOPES,
    )

# -- Language and time -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
FORMAT_MODULE_PATH = ["pneumatic_dash.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = _zone("TIME_ZONE", "UTC")

# -- Files -----------------------------------------------------------------------------------------------------

STATIC_URL = f"{SUB_PATH}/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(_text("STATIC_ROOT") or BASE_DIR / "var" / "static")
# Browsers cache hashed names indefinitely. They need ``manage.py collectstatic`` to have run.
HASHED_STATIC = _flag("HASHED_STATIC", default=not DEBUG)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HASHED_STATIC
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Uploads are written to a temporary file while they arrive, never kept in memory.
FILE_UPLOAD_HANDLERS = [
    "apps.launches.uploads.handler.BoundedUploadHandler",
    "apps.launches.uploads.handler.SparingUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FILES = None  # BoundedUploadHandler skips files above its limit, and keeps the answers
# Of all texts of a form. Pneumatic limits no text.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 50_000

# -- Security --------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# Browsers share cookies between ports of a host name: two dashboards there need separate names.
COOKIE_PREFIX = _cookie_prefix("COOKIE_PREFIX", is_https=HTTPS, path=SUB_PATH)
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}sessionid"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrftoken"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = SUB_PATH or "/"
# In a cookie they would need a name too, and Django has no setting for it.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "apps.launches.views.recovery.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# -- Logging ---------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "apps.core.redaction.LineFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s: %(message)s",
        }
    },
    "filters": {
        "secrets": {"()": "apps.core.redaction.RedactSecrets"},
        "one_line": {"()": "apps.core.database.errors.OneLine"},
        "account": {"()": "apps.accounts.sign_in.request_log.AddAccount"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]},
    },
    "root": {
        "handlers": ["stderr"],
        "level": _choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")).upper(),
    },
    # urllib3 logs whole URLs at DEBUG; an upload URL may contain a signature.
    # Django's own handlers are removed, so that every line passes the handler above and its filter.
    "loggers": {
        "urllib3": {"level": "INFO"},
        "axes": {"level": "ERROR"},  # apps.accounts.sign_in logs the same, without a session's hash
        "django": {"level": "INFO", "handlers": []},
        "django.request": {"filters": ["one_line", "account"]},
        "django.security.csrf": {"filters": ["account"]},
        "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
    },
}
DEFAULT_EXCEPTION_REPORTER = "apps.core.redaction.RedactingReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "apps.core.redaction.ReporterFilter"
