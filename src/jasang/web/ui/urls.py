"""Addresses of the frame around every page."""

from django.conf import settings
from django.urls import path
from django.views.generic import RedirectView

from jasang.web.ui import language

urlpatterns = [
    path("language/", language.choose, name="choose-language"),
    # Browsers ask for it by themselves.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}ui/icon.svg", permanent=True)),
]
