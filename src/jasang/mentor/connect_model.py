"""The use case "connect from a model": a complete collect.toml from a KAMP interface model, without asking the machine."""

import json
from collections import Counter
from pathlib import Path

from jasang.connect.interface_model import InterfaceModel, Tag, read_interface_models
from jasang.errors import ConfigurationError, Language
from jasang.mentor.connect import Added, append_block
from jasang.plant.text import Text

PUBLISHING = 0.5  # s, unless the machine is sampled more slowly

__all__ = ["add_model"]


def add_model(
    model: Path, file: Path, *, url: str | None = None, name: str | None = None, language: Language = "ko"
) -> tuple[Added, ...]:
    """Write a connection with every tag of the model into `file`; a folder of several models gives one for each.

    `url` replaces the address that the model states and is needed where it states none. Raises `UnreadableInput` for the model's
    files and `ConfigurationError` as `add_connection` does; then nothing is written for that model.
    """
    models = read_interface_models(model)
    if len(models) > 1 and (url is not None or name is not None):
        listed = ", ".join(one.name for one in models)
        raise ConfigurationError(
            ko=f"{model}: 모델이 {len(models)}개입니다({listed}). 주소나 이름을 주려면 하나씩 더하세요.",
            en=f"{model}: holds {len(models)} models ({listed}); to give an address or a name, add them one by one",
        )
    for one in models:
        if url is None and one.url is None:
            raise ConfigurationError(
                ko=f"{one.files[0]}: 모델에 OPC UA 서버의 주소가 없습니다. 주소도 함께 주세요:"
                " jasang connect add opc.tcp://… --model …",
                en=f"{one.files[0]}: the model names no OPC UA server; give its address too:"
                " jasang connect add opc.tcp://… --model …",
            )
    return tuple(_add(one, file, url or one.url or "", name, language) for one in models)


def _add(model: InterfaceModel, file: Path, url: str, name: str | None, language: Language) -> Added:
    to_do = [
        *model.doubts,
        Text(
            ko=f"주소 {url} 이(가) 우리 공장의 게이트웨이 주소인지 확인하세요.",
            en=f"Check that {url} is the address of your own gateway.",
        ),
    ]
    return append_block(
        file,
        name or model.name,
        lambda free: block(model, free, url, language, again=free.removeprefix(name or model.name)),
        found=len(model.tags),
        to_do=tuple(to_do),
        language=language,
    )


def block(model: InterfaceModel, name: str, url: str, language: Language, *, again: str = "") -> str:
    """The connection as text for collect.toml: a signal for each tag, named by its path below the machine.

    What is not of the machine is the gateway's: it stands below the connection's name. `again` ("-2") makes the machine's name
    another one when the same model is added once more.
    """
    asset = Counter(tag.path[0] for tag in model.tags if len(tag.path) > 1).most_common(1)
    machine = asset[0][0] if asset else name
    usual = Counter(tag.interval for tag in model.tags if tag.interval is not None).most_common(1)
    interval = usual[0][0] if usual and usual[0][0] is not None else 0.1
    source = Text(
        ko=f"인터페이스 모델에서: {', '.join(path.name for path in model.files)}",
        en=f"From the interface model: {', '.join(path.name for path in model.files)}",
    )
    lines = [
        f"# {source.in_language(language)}",
        "[[connections]]",
        f"name = {_quoted(name)}",
        'protocol = "opcua"',
        f"url = {_quoted(url)}",
        f"asset = {_quoted(machine + again)}",
        f"sampling_interval = {interval!r}",
        f"publishing_interval = {min(3600.0, max(PUBLISHING, interval))!r}",
    ]
    seen: set[str] = set()
    for tag in model.tags:
        lines += _signal(tag, machine, name, interval, seen)
    return "\n".join(lines) + "\n"


def _signal(tag: Tag, machine: str, gateway: str, interval: float, seen: set[str]) -> list[str]:
    of_machine = tag.path[0] == machine and len(tag.path) > 1
    short = ".".join(tag.path[1:] if of_machine else tag.path)
    asset = machine if of_machine else gateway
    free, number = short, 2
    while f"{asset}.{free}" in seen:
        free, number = f"{short}-{number}", number + 1
    seen.add(f"{asset}.{free}")
    about = ", ".join(" ".join(text.split()) for text in (tag.data_type, tag.note) if text)
    lines = ["", "[[connections.signals]]", f"name = {_quoted(free)}" + (f"  # {about}" if about else "")]
    lines.append(f"node = {_quoted(tag.address)}")
    if not of_machine:
        lines.append(f"asset = {_quoted(asset)}")
    if tag.unit:
        lines.append(f"unit = {_quoted(tag.unit)}")
    if tag.interval is not None and tag.interval != interval:
        lines.append(f"sampling_interval = {tag.interval!r}")
    return lines


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string of one line is a TOML one
