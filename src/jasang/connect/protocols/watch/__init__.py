"""A folder that machines or their programs write files into; page: docs/protocols/folder.md."""

from jasang.connect.protocols.watch.client import Folder
from jasang.connect.protocols.watch.options import FolderOptions

__all__ = ["Folder", "FolderOptions"]
