"""The fields of a watched folder in collect.toml."""

from typing import Annotated

from pydantic import Field

from jasang.connect.contract import Options

Column = Annotated[str, Field(min_length=1, max_length=200)]


class FolderOptions(Options):
    """Which files, and what their columns are. Times in s; a file is read once it has not changed for `settle`.

    `pattern` as in a shell ("*.csv", "line1/**/*.xlsx"). Without `time` the first column of times is taken. Long rows name their
    signal in `signal_column` and its value in `value_column`.
    """

    pattern: Annotated[str, Field(min_length=1, max_length=200)] = "**/*"
    time: Column | None = None
    timezone: str = "Asia/Seoul"
    asset_column: Column | None = None
    signal_column: Column | None = None
    value_column: Column | None = None
    poll_interval: Annotated[float, Field(strict=False, ge=0.05, le=86_400.0)] = 5.0
    settle: Annotated[float, Field(strict=False, ge=0.0, le=3600.0)] = 2.0
