"""Files as a factory has them: CSV in any encoding and dialect, Excel, Parquet, packed or not. Opened with no option.

What is repaired or left out is counted and told, never silent; what cannot be read is one clear sentence.
"""

from jasang.connect.protocols.files.folder import OpenedFolder, open_path
from jasang.connect.protocols.files.repair import Repair, SkippedFile
from jasang.connect.protocols.files.table import FileTable

__all__ = ["FileTable", "OpenedFolder", "Repair", "SkippedFile", "open_path"]
