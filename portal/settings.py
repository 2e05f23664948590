"""All settings, from the environment; `.env.example` says what each name does.

The embedded default needs no server: SQLite, a folder as broker, the database as cache.
`DATABASE_URL` and `REDIS_URL` switch to PostgreSQL and Redis.
"""

from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

PRODUCTION: bool = env.bool("PRODUCTION", default=False)
DEBUG: bool = env.bool("DEBUG", default=False)
DEVELOPMENT_KEY = "development-only-key-refused-in-production"
SECRET_KEY: str = env("SECRET_KEY", default=DEVELOPMENT_KEY)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT: int = env.int("PORT", default=8000)
DEMO_PASSWORD: str = env("DEMO_PASSWORD", default="")
# The notice on every page that progress, people and votes are invented; off where the data are real.
SAMPLE_NOTICE: bool = env.bool("SAMPLE_NOTICE", default=not PRODUCTION)
# A day ("2026-05-10") or the path of a file that holds one: the clock of a rehearsal. Refused in production.
TODAY: str = env("TODAY", default="")

INSTALLED_APPS = [
    "common",
    "organizations",
    "brands",
    "projects",
    "evaluation.tracking",
    "evaluation.appraisal",
    "portal.apps.PortalConfig",
    "portal.public",
    "portal.catalogue",
    "portal.workspace",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",  # the widgets of FORM_RENDERER
    "treebeard",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "evaluation.appraisal.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "organizations.middleware.PasswordChangeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

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
                "portal.workspace.context.desk",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # synchronous=FULL: a receipt that was shown stays true after a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000;",
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env("REDIS_URL", default="")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": VAR_DIR / "cache"}
    )
}

# --- accounts ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "organizations.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "organizations.passwords.ThreeOfFourClasses"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "workspace:desk"
LOGOUT_REDIRECT_URL = "public:home"
SESSION_COOKIE_AGE: int = env.int("SESSION_IDLE_SECONDS", default=1800)
SESSION_SAVE_EVERY_REQUEST = True  # the idle limit runs from the last request, not from login
SESSION_COOKIE_HTTPONLY = True
AXES_FAILURE_LIMIT: int = env.int("LOGIN_FAILURE_LIMIT", default=5)
AXES_COOLOFF_TIME = env.float("LOGIN_LOCK_HOURS", default=0.25)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the lock ends when the page says it does
AXES_LOCKOUT_CALLABLE = "organizations.lockout.locked_out"
AXES_VERBOSE = False

# --- language and days ------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

# --- files ------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "build" / "collected"
STATICFILES_DIRS = [BASE_DIR / "build" / "static"]
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(VAR_DIR / "media")))
# Bytes as they came, with EXIF and GPS still in them: private, emptied by the job that strips them.
SPOOL_ROOT = Path(env("SPOOL_ROOT", default=str(VAR_DIR / "spool")))
UPLOAD_MAX_BYTES: int = env.int("UPLOAD_MAX_BYTES", default=20 * 1024 * 1024)
UPLOAD_MAX_PIXELS: int = env.int("UPLOAD_MAX_PIXELS", default=50_000_000)
FILE_MAX_BYTES: int = env.int("FILE_MAX_BYTES", default=20 * 1024 * 1024)
UPLOAD_SPOOL_HOURS: int = env.int("UPLOAD_SPOOL_HOURS", default=24)
EXPORT_ROOT = Path(env("EXPORT_ROOT", default=str(VAR_DIR / "exports")))
EXPORT_DAYS: int = env.int("EXPORT_DAYS", default=30)
# PDF: a department's own licensed faces (方正小标宋, 仿宋_GB2312 …) may lie here; else the machine's stand in.
FONT_FOLDER = Path(env("FONT_FOLDER", default=str(VAR_DIR / "fonts")))
SYSTEM_FONTS: bool = env.bool("SYSTEM_FONTS", default=True)
FILE_UPLOAD_PERMISSIONS = 0o600
SPOOL_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
FILE_UPLOAD_TEMP_DIR = str(SPOOL_ROOT)  # a large upload waits there too, not in a folder that others read
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a batch of paper ballots is one form
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env("STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

# --- mail -------------------------------------------------------------------------------------------------
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL: str = env("DEFAULT_FROM_EMAIL", default="portal@localhost")
SITE_URL: str = env("SITE_URL", default=f"http://127.0.0.1:{PORT}")

# --- API --------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "common.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["common.api.OrjsonRenderer"],
    "DEFAULT_PAGINATION_CLASS": "common.api.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.api.exception_handler",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "红色矩阵 API",
    "DESCRIPTION": "党建品牌与书记项目门户的程序接口。",
    "VERSION": "1.0.0",
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {"OrganizationKindEnum": "organizations.models.OrganizationKind"},
}

# --- jobs -------------------------------------------------------------------------------------------------
BROKER_DIR = VAR_DIR / "broker"
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
else:
    for folder in ("queue", "control"):
        (BROKER_DIR / folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "folder://localhost//"  # portal.broker
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.5,
    }

JOB_SWEEP_SECONDS: int = env.int("JOB_SWEEP_SECONDS", default=60)
# A job whose worker has said nothing for this long is taken from it.
JOB_STALE_SECONDS: int = env.int("JOB_STALE_SECONDS", default=300)
CHECK_SCHEDULES_AT: str = env("CHECK_SCHEDULES_AT", default="00:30")
# A count of at most so many ballots is done within the request, a larger one in a thread beside it.
COUNT_INLINE_BALLOTS: int = env.int("COUNT_INLINE_BALLOTS", default=2000)
# Seconds between checks instead of the time of day: for rehearsals and tests.
CHECK_SCHEDULES_EVERY: int = env.int("CHECK_SCHEDULES_EVERY", default=0)
_hour, _minute = CHECK_SCHEDULES_AT.split(":")
CELERY_BEAT_SCHEDULE = {
    "check-schedules": {
        "task": "evaluation.tracking.tasks.check_schedules",
        "schedule": CHECK_SCHEDULES_EVERY or crontab(hour=int(_hour), minute=int(_minute)),
    },
    "sweep-jobs": {"task": "common.tasks.sweep_jobs", "schedule": JOB_SWEEP_SECONDS},
    "sweep-spool": {"task": "common.tasks.sweep_spool", "schedule": crontab(minute=17)},
    "sweep-files": {"task": "common.tasks.sweep_files", "schedule": crontab(minute=27)},
    "sweep-exports": {"task": "common.tasks.sweep_exports", "schedule": crontab(minute=37)},
    "remind-applicants": {"task": "projects.tasks.remind_applicants", "schedule": crontab(hour=8, minute=30)},
    "start-projects": {"task": "projects.tasks.start_projects", "schedule": crontab(hour=0, minute=5)},
    "advance-campaigns": {"task": "evaluation.appraisal.tasks.advance_campaigns", "schedule": JOB_SWEEP_SECONDS},
    "finalize-notices": {"task": "evaluation.appraisal.tasks.finalize_notices", "schedule": crontab(hour=0, minute=10)},
    "deliver-notices": {"task": "common.tasks.deliver_notices", "schedule": JOB_SWEEP_SECONDS},
}

# --- what browsers may do ---------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("HTTPS", default=True)
    SECURE_SSL_REDIRECT = env.bool("HTTPS", default=True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=0)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"no_visits": {"()": "evaluation.appraisal.middleware.NoVisits"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_visits"]}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
}
