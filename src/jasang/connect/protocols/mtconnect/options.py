"""The fields of an MTConnect connection in collect.toml."""

from typing import Annotated

from pydantic import Field

from jasang.connect.contract import Options


class MtConnectOptions(Options):
    """Times in s: the agent sends what is new every `interval`, and a sign of life every `heartbeat` where nothing is.

    `device` takes one device of an agent that has several; `count` is the most observations in one message.
    """

    device: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    interval: Annotated[float, Field(strict=False, ge=0.01, le=3600.0)] = 0.5
    heartbeat: Annotated[float, Field(strict=False, ge=0.5, le=600.0)] = 10.0
    count: Annotated[int, Field(ge=1, le=100_000)] = 1000
