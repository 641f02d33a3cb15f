"""Roles and actions in words, for templates."""

from django import template

from jasang.web.tenants import showing

register = template.Library()
register.filter("role_words", showing.role_words)
register.filter("action_words", showing.action_words)
