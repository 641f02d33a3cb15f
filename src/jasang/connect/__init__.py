"""Machines and files in: the protocols, the collector and its settings."""
