"""Readings kept: append, read, last, downsample; embedded by default."""
