"""The portal as a WSGI application, for `jasang-portal serve` and for any other server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jasang.web.settings")
application = get_wsgi_application()
