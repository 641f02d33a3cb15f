"""Jasang (자상): the mentor of small factories."""

__version__ = "0.1.0"
