"""Addresses of the area center."""

from django.urls import URLPattern

app_name = "center"
urlpatterns: list[URLPattern] = []
