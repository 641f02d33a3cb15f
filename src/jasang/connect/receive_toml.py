"""`receive.toml`: a receiver for many factories, each with its own token and store. Checked whole before anything listens.

The reference of every field is docs/protocols/line-protocol.md.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from jasang.connect.collect_complaints import invalid, wrong
from jasang.connect.connection_fields import Name
from jasang.connect.receiver_fields import Listening, ReceiverSettings, Served, factory_settings, receiver_settings


class _Factory(Served):
    name: Name
    store: Name


class _File(Listening):
    format: Literal["jasang.receive/1"] = "jasang.receive/1"
    factories: Annotated[list[_Factory], Field(min_length=1)]


def read_receive_toml(path: Path, environment: Mapping[str, str] = os.environ) -> ReceiverSettings:
    """Read and check a receive.toml; stores are relative to the file's own folder. Raises `ConfigurationError`."""
    try:
        found = _File.model_validate(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
    except OSError as error:
        raise wrong(path, "", f"읽을 수 없습니다: {error}", f"cannot be read: {error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise wrong(path, "", f"UTF-8 TOML이 아닙니다: {error}", f"is not UTF-8 TOML: {error}") from error
    except ValidationError as error:
        raise invalid(path, error) from error
    factories = tuple(
        factory_settings(path, f"factories[{place}].", one, one.name, (path.parent / one.store).resolve(), environment)
        for place, one in enumerate(found.factories)
    )
    for field, values in (
        ("name", [factory.name for factory in factories]),
        ("store", [str(factory.store) for factory in factories]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise wrong(
                path, f"factories.{field}", f"두 번 나옵니다: {twice}", f"occurs twice: {twice}; expected each once"
            )
    if len({factory.token for factory in factories}) < len(factories):
        raise wrong(
            path, "factories.token_env", "같은 토큰이 두 번 나옵니다. 공장마다 다른 토큰을 쓰세요",
            "two factories have the same token; expected one of its own for each",
        )  # fmt: skip
    return receiver_settings(path, "", found, factories)
