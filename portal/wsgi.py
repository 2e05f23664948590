"""WSGI entry point; in production it refuses to start with what `portal.checks` names."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()


def refuse_unsafe_start() -> None:
    from django.core.checks import Error
    from django.core.management.base import SystemCheckError

    from portal.checks import production_settings, sample_rows

    found = [message for message in [*production_settings(None), *sample_rows()] if isinstance(message, Error)]
    if found:
        raise SystemCheckError("\n".join(str(message) for message in found))


refuse_unsafe_start()
