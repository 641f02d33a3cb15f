"""Readings kept: append, read, last, downsample; embedded by default.

`open_store(folder)` is for the one process that writes; `open_reader(folder)` for any other, at the same time.
"""

from jasang.store.contract import BUCKET_SCHEMA, READING_SCHEMA, Reader, Store

__all__ = ["BUCKET_SCHEMA", "READING_SCHEMA", "Reader", "Store"]
