"""Addresses of the frame around every page."""

from django.urls import path

from jasang.web.ui import language

urlpatterns = [path("language/", language.choose, name="choose-language")]
