"""All settings of the portal, each from one environment variable with a default that works on a bare machine (docs/portal.md)."""

import base64
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    """The variable's text, or the default where it is unset or blank."""
    return os.environ.get(name, "").strip() or default


def whole_number(name: str, default: int, *, least: int) -> int:
    """The variable as a whole number of at least `least`."""
    given = text(name, str(default))
    if not given.isdecimal() or int(given) < least:
        raise ImproperlyConfigured(f"{name}={given!r}: expected a whole number of at least {least}")
    return int(given)


def switch(name: str, *, default: bool) -> bool:
    """The variable as on or off."""
    given = text(name, "on" if default else "off").lower()
    if given not in {"on", "off", "1", "0", "true", "false"}:
        raise ImproperlyConfigured(f"{name}={given!r}: expected on or off")
    return given in {"on", "1", "true"}


def listing(name: str, default: str) -> list[str]:
    """The variable as a list, separated by commas."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def kept_secret(file: Path, make: Callable[[], str]) -> str:
    """The content of a file that is made once, readable by its owner only.

    Written whole before it has its name: another process that starts now finds all of it or nothing.
    """
    if not file.exists():
        fresh = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(make())
        with suppress(FileExistsError):
            os.link(fresh, file)
        fresh.unlink()
    return file.read_text(encoding="ascii").strip()


def secret_key(home: Path) -> str:
    """The key that signs sessions: made once, kept in the data folder."""
    file = home / "secret_key"
    kept = kept_secret(file, lambda: secrets.token_urlsafe(60))
    if len(kept) < 50:
        raise ImproperlyConfigured(f"{file} is damaged; delete it and everybody signs in again")
    return kept


def secrets_keys(home: Path) -> tuple[list[str], Path | None]:
    """The keys of secrets in the database: of the variable, or of a file in the data folder that is made at the first start."""
    if given := secret("JASANG_SECRETS_KEY"):
        keys = [one for one in given.replace(",", " ").split() if one]
        file = None
    else:
        file = home / "secrets_key"
        keys = kept_secret(file, lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode() + "\n").split()
    for key in keys:
        try:
            fits = len(base64.urlsafe_b64decode(key)) == 32
        except ValueError:
            fits = False
        if not fits:
            raise ImproperlyConfigured(
                f"{file or 'JASANG_SECRETS_KEY'}: expected keys of 32 bytes in base64 (make one: jasang-portal secrets new-key)"
            )
    if not keys:
        raise ImproperlyConfigured(f"{file} is empty: put the key back that encrypted the database's secrets")
    return keys, file


def limits(default: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """How often what may be done, `most/seconds`; JASANG_LIMITS="upload=100/60,reset=10/3600" replaces single ones."""
    found = dict(default)
    for item in listing("JASANG_LIMITS", ""):
        name, _, rest = item.partition("=")
        most, _, seconds = rest.partition("/")
        if name not in default or not most.isdecimal() or not seconds.isdecimal() or not int(most) or not int(seconds):
            raise ImproperlyConfigured(
                f"JASANG_LIMITS: {item!r}: expected name=most/seconds with one of {sorted(default)}"
            )
        found[name] = (int(most), int(seconds))
    return found


def database(url: str, home: Path) -> dict[str, Any]:
    """SQLite in the data folder, or the PostgreSQL of `postgresql://user:password@host:port/name`."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": home / "db.sqlite3",
            "OPTIONS": {
                # Pages, worker and collector write side by side: writers queue from their first statement on.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("JASANG_DATABASE_URL: expected postgresql://user:password@host:port/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def mail_server(name: str, schemes: dict[str, int]) -> dict[str, Any] | None:
    """The server of `scheme://user:password@host:port/folder`, `None` where the variable is unset."""
    given = os.environ.get(name, "").strip()
    if not given:
        return None
    parts = urlsplit(given)
    if parts.scheme not in schemes or not parts.hostname:
        raise ImproperlyConfigured(f"{name}: expected {' or '.join(schemes)}://user:password@host:port")
    return {
        "scheme": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or schemes[parts.scheme],
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "folder": unquote(parts.path.strip("/")) or "INBOX",
    }


def secret(name: str) -> str:
    """The variable, or the content of the file that the variable with `_FILE` names."""
    if file := text(f"{name}_FILE", ""):
        try:
            return Path(file).expanduser().read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file!r} cannot be read: {error.strerror}") from error
    return text(name, "")


def foreign_provider() -> dict[str, Any] | None:
    """The provider of OpenID Connect in JASANG_OIDC_*, `None` where no issuer is named."""
    issuer = text("JASANG_OIDC_ISSUER", "")
    if not issuer:
        return None
    parts = urlsplit(issuer)
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not (parts.scheme == "https" or (parts.scheme == "http" and loopback)) or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"JASANG_OIDC_ISSUER={issuer!r}: expected https://host/path (http only on this machine)"
        )
    client = text("JASANG_OIDC_CLIENT_ID", "")
    if not client:
        raise ImproperlyConfigured(
            "JASANG_OIDC_CLIENT_ID is missing: the name under which the provider knows the portal"
        )
    scopes = text("JASANG_OIDC_SCOPES", "openid email profile")
    if "openid" not in scopes.split():
        raise ImproperlyConfigured(f"JASANG_OIDC_SCOPES={scopes!r}: expected openid among them")
    return {
        "issuer": issuer,
        "client_id": client,
        "client_secret": secret("JASANG_OIDC_CLIENT_SECRET"),
        "name": text("JASANG_OIDC_NAME", parts.hostname or issuer),
        "scopes": scopes,
        # Words of the token's `amr` that stand for a second factor shown at the provider; none = the portal asks its own.
        "second_factor": listing("JASANG_OIDC_SECOND_FACTOR", ""),
    }


PACKAGE = Path(__file__).resolve().parent
JASANG_HOME = Path(text("JASANG_HOME", str(Path.home() / ".jasang"))).expanduser().resolve()
JASANG_HOME.mkdir(parents=True, exist_ok=True, mode=0o700)

DEBUG = False
SECRET_KEY = secret_key(JASANG_HOME)
SECRETS_KEYS, SECRETS_KEYS_FILE = secrets_keys(JASANG_HOME)
SECRETS_KEYS_FROM = SECRETS_KEYS_FILE or "JASANG_SECRETS_KEY"
ALLOWED_HOSTS = listing("JASANG_HOSTS", "localhost,127.0.0.1,[::1]")
DATABASES = {"default": database(os.environ.get("JASANG_DATABASE_URL", ""), JASANG_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "jasang.web.ui",
    "jasang.web.tenants",
    "jasang.web.jobs",
    "jasang.web.api",
    "jasang.web.notices",
    "jasang.web.provisioning",
    "jasang.web.keeping",
    "jasang.web.floor",
    "jasang.web.center",
    "jasang.web.programme",
]
MIDDLEWARE = [
    "jasang.web.ui.security.SecurityHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "jasang.web.ui.language.ChosenLanguage",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "jasang.web.ui.security.PlainAddress",
    # Before the CSRF check, which reads the whole body.
    "jasang.web.ui.security.BodyLimit",
    "jasang.web.tenants.limits.Brake",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "jasang.web.urls"
WSGI_APPLICATION = "jasang.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", "한국어"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = "jasang_language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Seoul"

STATIC_URL = "/static/"
# The charts' script belongs to the printed report of the core; the pages use the very same files.
STATICFILES_DIRS = [("charts", PACKAGE.parent / "mentor" / "report" / "assets")]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 300

# Uploads: in the data folder, under random names, never served back.
UPLOADS = JASANG_HOME / "uploads"
UPLOAD_LIMIT_MB = whole_number("JASANG_UPLOAD_MB", 200, least=1)
FILE_UPLOAD_TEMP_DIR = str(JASANG_HOME / "incoming")
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_NUMBER_FILES = 50
Path(FILE_UPLOAD_TEMP_DIR).mkdir(exist_ok=True, mode=0o700)

# Background work: each kind of job names the function that does it.
JOB_KINDS = {
    "escrow": "jasang.web.keeping.closing.close_in_background",
    "diagnose": "jasang.web.floor.diagnosing.diagnose_files",
    "study": "jasang.web.floor.studies.answer_question",
    "verify": "jasang.web.floor.life.check_effect",
    "assign_mentors": "jasang.web.programme.planning.plan_in_background",
    "survey": "jasang.web.programme.cohorts.survey_in_background",
    "connect": "jasang.web.floor.assets.try_machines",
    "campaign": "jasang.web.floor.optimise.work_on_campaign",
    "experiment": "jasang.web.floor.optimise.work_on_experiment",
    "schedule": "jasang.web.floor.optimise.work_on_schedule",
}
# What an area adds to the frame around the pages: its tabs, on the pages of a factory and on those of an organisation.
FACTORY_TABS = ["floor/tabs.html", "floor/optimise/tabs.html", "center/tabs.html", "programme/tabs.html"]
ORGANISATION_TABS = [
    "center/organisation_tabs.html",
    "programme/organisation_tabs.html",
    "tenants/organisation_tabs.html",
]
# Where people with a post in an organisation of this kind begin.
ORGANISATION_HOMES = {
    "centre": "center:desk",
    "operator": "programme:programme-start",
    "cooperative": "programme:programme-start",
}
# What `serve` says besides its address: functions of the address that return a line or None.
SAID_AT_START = ["jasang.web.tenants.below.said_at_start"]
# Areas do not know each other. What happens in one is announced (jobs/announcing.py); each listener is a function of its subject.
LISTENERS: dict[str, list[str]] = {
    "diagnosis_done": ["jasang.web.center.findings.hear_of_findings", "jasang.web.notices.hearing.diagnosis_done"]
}
# What people and programs may be told about (notices/services.py: tell).
NOTICE_KINDS = ["diagnosis_done", "case", "difficulty", "residency", "support"]
CALL_KINDS = ["finding", "study"]  # what only programs are told of, by webhooks
NOTICES_AT_ONCE = ["case"]  # by e-mail at once until a person chooses otherwise; the others in the morning's letter
PUBLIC_ADDRESS = text("JASANG_ADDRESS", "").rstrip("/")  # what links in letters begin with: https://portal.example.kr
WEBHOOK_PRIVATE = switch("JASANG_WEBHOOK_PRIVATE", default=False)  # may webhooks call addresses of private networks?
DELIVERY_LOST_AFTER_SECONDS = 60  # a call or letter whose worker died is taken up again
# What workers do beside the jobs, and how many seconds lie between.
CHORES = {
    "jasang.web.center.search_keeping.catch_up": 3,
    "jasang.web.notices.sending.send_due": 5,
    "jasang.web.tenants.limits.forget_old": 600,
    "jasang.web.tenants.reset_views.send_asked": 3,
    "jasang.web.keeping.closing.close_due": 60,
    "jasang.web.api.once.forget_old": 3600,
    "jasang.web.floor.fact_keeping.keep_facts": 60,
    "jasang.web.programme.tending.tend_residencies": 60,
    "jasang.web.programme.tending.mark_levels": 60,
    "jasang.web.programme.reminding.remind": 14400,
    "jasang.web.center.mailbox.fetch": 30,
    "jasang.web.center.tending.tend": 20,
    "jasang.web.center.difficulties.cluster": 60,
    "jasang.web.center.report.keep_sums": 30,
    "jasang.web.center.post.send_waiting": 10,
}
# What the centre's search can find: a model with a `key`, and the function that makes its entry (center/search_keeping.py).
SEARCHED = {
    "center.Case": "jasang.web.center.search_keeping.case_entry",
    "center.Article": "jasang.web.center.search_keeping.article_entry",
    "floor.KnowHow": "jasang.web.floor.searchable.know_how_entry",
}
# What a case or a task may be about: a function (factory, key) -> jobs.announcing.Subject or None.
SUBJECTS = {"finding": "jasang.web.floor.subjects.finding"}
SUBJECT_LISTS = {"finding": "jasang.web.floor.subjects.current"}  # all there are now: factory -> Subjects
# What other areas add to the factories of a sample programme (jobs/sampling.py).
SAMPLE_PARTS = ["jasang.web.floor.sample.fill", "jasang.web.center.sample.fill"]
# What waits for a person in a factory: functions (factory, user) -> jobs.announcing.Todo.
TODOS = ["jasang.web.programme.todos.tasks", "jasang.web.center.told.waiting_cases"]
# The open interface: where each area's router hangs, and what a key may be allowed to do.
API_ROUTERS = [
    ("/factories", "jasang.web.api.factories.router"),
    ("/factories/{slug:factory_key}", "jasang.web.floor.api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.floor.connected_api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.floor.better_api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.notices.api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.center.api.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.center.centre_api.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.center.setting_up_api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.programme.api.router"),
    ("/factories/{slug:factory_key}", "jasang.web.programme.residency_api.router"),
    ("/organisations", "jasang.web.api.organisations.first_router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.api.organisations.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.programme.operator_api.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.programme.judge_api.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.programme.planning_api.router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.programme.residency_api.organisation_router"),
    ("/factories/{slug:factory_key}", "jasang.web.api.exporting.factory_router"),
    ("/factories/{slug:factory_key}", "jasang.web.api.taking_in.factory_router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.api.exporting.organisation_router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.api.taking_in.organisation_router"),
    ("/factories/{slug:factory_key}", "jasang.web.api.lists.factory_router"),
    ("/organisations/{slug:organisation_key}", "jasang.web.api.lists.organisation_router"),
]
# Kinds of rows for lists, export and import, those first that others refer to (api/kinds.py).
API_KINDS = [
    "jasang.web.api.own_kinds.KINDS",
    "jasang.web.notices.kinds.KINDS",
    "jasang.web.floor.kinds.KINDS",
    "jasang.web.center.kinds.KINDS",
    "jasang.web.programme.kinds.KINDS",
]
API_SCOPES = ["factory:read"]
API_SCOPES += [
    f"{area}:{deed}" for area in ("people", "floor", "webhooks", "center", "programme") for deed in ("read", "write")
]
API_ORGANISATION_SCOPES = ["organisation:read", "factory:read", "audit:read"]  # of keys of an organisation
API_ORGANISATION_SCOPES += [
    f"{area}:{deed}" for area in ("people", "center", "programme") for deed in ("read", "write")
]
API_ORGANISATION_SCOPES += ["scim"]  # makes, changes and switches off the organisation's people (/scim/2.0/)
API_CALLS_PER_MINUTE = whole_number("JASANG_API_CALLS_PER_MINUTE", 600, least=1)  # of one key or person
API_WRONG_KEYS = 30  # a minute and address
# What areas tell of a factory for its level (factory -> diagnose.level.LiveFacts), and of the effects of actions (-> Effects).
LIVE_FACTS = ["jasang.web.floor.told.live_facts", "jasang.web.center.told.live_facts"]
MEASURED_EFFECTS = ["jasang.web.floor.told.effects"]
# A closed factory's data (keeping/belonging.py finds its rows by itself). Tables that may point to a factory's row and need not:
# those that belong to it all the same, by which column, and those that are somebody else's.
ESCROW_BY = {"center.LetterIn": "case"}
ESCROW_LEFT_OUT = {
    "center.Article": "knowledge of the centre, written without names",
    "programme.Planning": "the organisation's plan for all its factories",
}
# What stays in the portal when a closed factory's data are taken out of it: who did what, and what public money was paid for.
ESCROW_STAYS = ["tenants", "programme", "keeping", "jobs", "api"]
CLOSING_DAYS = whole_number("JASANG_CLOSING_DAYS", 14, least=0)  # between the owner's second word and the closing
JOB_HEARTBEAT_SECONDS = 2
# A worker that has not been heard of for so long is gone, and its job is taken over.
JOB_LOST_AFTER_SECONDS = whole_number("JASANG_JOB_LOST_AFTER", 15, least=3)

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
PASSWORD_RESET_TIMEOUT = 3600  # how long the link of the letter works
LOGIN_REDIRECT_URL = "start"
OIDC = foreign_provider()
SECOND_FACTOR = switch("JASANG_SECOND_FACTOR", default=True)  # asked of everybody with a role above the factories
# How often somebody may do what, over all processes (tenants/limits.py): of an address, an account, a person or a key.
LIMITS = limits(
    {
        "sign-in": (60, 60),  # forms sent from an address, right or wrong
        "code": (10, 60),  # second factors of an account
        "foreign": (60, 60),  # ways to and from the foreign provider, of an address
        "invitation": (60, 60),  # links of invitations tried from an address
        "invite": (60, 3600),  # invitations made by a person
        "reset": (5, 3600),  # letters for a new password, for an account and from an address
        "upload": (60, 60),  # forms with files, of a person or key
        "api": (API_CALLS_PER_MINUTE, 60),  # calls of a key or person
        "api-wrong-key": (API_WRONG_KEYS, 60),  # of an address
        "scim": (1200, 60),  # of a key
    }
)
SIGN_IN_FAILURES = 5  # in SIGN_IN_WINDOW_MINUTES, per account and address
SIGN_IN_FAILURES_PER_ADDRESS = 30
SIGN_IN_WINDOW_MINUTES = 15

# Behind HTTPS (JASANG_HTTPS=on) cookies travel over it only. The address people type must then be in JASANG_HOSTS.
HTTPS = switch("JASANG_HTTPS", default=False)
PROXY = text(
    "JASANG_PROXY", "127.0.0.1"
)  # its word about the user's address and about HTTPS is believed, nobody else's
SESSION_COOKIE_NAME = "jasang_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 86400
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]
CSRF_FAILURE_VIEW = "jasang.web.ui.failures.form_expired"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
# What holds for the portal's own name is not ours to promise for other names of the same domain.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": text("JASANG_LOG_LEVEL", "WARNING")},
}

# Letters: sent over SMTP (smtps = TLS from the start, smtp+tls = STARTTLS), fetched over IMAP. Unset: none are sent or fetched.
SMTP = mail_server("JASANG_SMTP_URL", {"smtp": 25, "smtp+tls": 587, "smtps": 465})
IMAP = mail_server("JASANG_IMAP_URL", {"imap": 143, "imaps": 993})
if SMTP is not None:
    EMAIL_HOST, EMAIL_PORT = SMTP["host"], SMTP["port"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP["user"], SMTP["password"]
    EMAIL_USE_SSL, EMAIL_USE_TLS = SMTP["scheme"] == "smtps", SMTP["scheme"] == "smtp+tls"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = text("JASANG_MAIL_FROM", "jasang@localhost")
