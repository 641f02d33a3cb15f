"""Readings kept: append, range, last, grid, downsample, history; embedded by default.

`open_store(folder)` is for the one process that writes; `open_reader(folder)` for any other, at the same time.
"""

from pathlib import Path

from jasang.store.contract import BUCKET_SCHEMA, READING_SCHEMA, Reader, Store
from jasang.store.embedded import EmbeddedReader, EmbeddedStore
from jasang.store.folder import is_store
from jasang.store.rows import to_readings

__all__ = ["BUCKET_SCHEMA", "READING_SCHEMA", "Reader", "Store", "is_store", "open_reader", "open_store", "to_readings"]


def open_store(folder: Path | str) -> Store:
    """Become the one writer of a store, made when it is not there; `StoreError` when another process is."""
    return EmbeddedStore(Path(folder))


def open_reader(folder: Path | str) -> Reader:
    """Read a store from any process, while another may be writing; `StoreError` when the folder is no store."""
    return EmbeddedReader(Path(folder))
