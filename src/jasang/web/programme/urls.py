"""Addresses of the area programme."""

from django.urls import URLPattern

app_name = "programme"
urlpatterns: list[URLPattern] = []
