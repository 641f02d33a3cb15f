"""A machine's interface as KAMP hands it over: tag list, gateway settings, OPC UA node set and Asset Administration Shell.

Each file alone tells a part of it: the tag list (`engineering.csv`) which nodes the gateway reads and how often, the settings
(`syscfg.json`) where it is and what its namespaces are called, the node set (`nodeset.xml`) the nodes with their types, the shell
(`.aasx`, `.xml`; versions 2 and 3) types and units. What is there is put together.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jasang.errors import UnreadableInput
from jasang.plant.text import Text

NAMESPACE = "https://www.smart-factory.kr/datasolution"  # of the data model of the Korean smart factory programme
LARGEST = 64 * 2**20  # bytes of one file
_NODE = re.compile(r"(?:ns=(\d+);|nsu=(.+?);)?([isgb])=(.+)", re.DOTALL)
_NAMED = frozenset({"property", "submodelElementCollection", "submodelElementList", "range", "multiLanguageProperty"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One variable: its node id with the namespace's URI where that is known, its names from the machine down."""

    address: str
    path: tuple[str, ...]
    data_type: str = ""
    unit: str | None = None
    interval: float | None = None  # s between two samples
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceModel:
    """What the files tell; `url` is that of the gateway's OPC UA server, `None` where no file says."""

    name: str
    url: str | None
    tags: tuple[Tag, ...]
    files: tuple[Path, ...]
    doubts: tuple[Text, ...] = ()


@dataclass(slots=True)
class _Found:
    """What was read so far, by the node's names joined by dots."""

    gateway: str | None = None
    urls: list[str] = field(default_factory=list)
    namespaces: dict[int, str] = field(default_factory=dict)
    listed: dict[str, Tag] = field(default_factory=dict)
    nodes: dict[str, Tag] = field(default_factory=dict)
    shell: dict[str, Tag] = field(default_factory=dict)
    doubts: list[Text] = field(default_factory=list)


def read_interface_models(path: Path) -> tuple[InterfaceModel, ...]:
    """The models in a file or folder; folders below it are models of their own. Raises `UnreadableInput`."""
    if path.is_file():
        return (_model(path.stem, [path]),)
    if not path.is_dir():
        raise UnreadableInput(
            ko=f"{path}: 그런 파일이나 폴더가 없습니다.", en=f"{path}: there is no such file or folder"
        )
    models = []
    for folder in (path, *sorted(one for one in path.rglob("*") if one.is_dir())):
        files = [one for one in sorted(folder.iterdir()) if one.is_file() and _kind(one) is not None]
        if files:
            models.append(_model(folder.resolve().name, files))
    if not models:
        raise UnreadableInput(
            ko=f"{path}: 인터페이스 모델이 없습니다. .aasx, .xml, engineering.csv, syscfg.json 중 하나가 있어야 합니다.",
            en=f"{path}: holds no interface model; expected .aasx, .xml, engineering.csv or syscfg.json",
        )
    return tuple(models)


def _kind(path: Path) -> str | None:
    return {".aasx": "aasx", ".xml": "xml", ".csv": "csv", ".json": "json"}.get(path.suffix.lower())


def _model(name: str, files: Sequence[Path]) -> InterfaceModel:
    found, failed = _Found(), list[UnreadableInput]()
    for path in files:
        try:
            _read(path, found)
        except UnreadableInput as error:
            failed.append(error)
    if len(files) > 1:  # a folder may hold other files as well
        found.doubts += [Text(ko=error.ko, en=error.en) for error in failed]
    if failed and (len(files) == 1 or not (found.listed or found.nodes or found.shell)):
        raise failed[0]
    tags = _together(found)
    if not tags:
        listed = ", ".join(str(path) for path in files)
        raise UnreadableInput(ko=f"{listed}: 변수가 하나도 없습니다.", en=f"{listed}: holds no variable")
    return InterfaceModel(
        name=found.gateway or name,
        url=next(iter(found.urls), None),
        tags=tags,
        files=tuple(files),
        doubts=tuple(found.doubts),
    )


def _read(path: Path, found: _Found) -> None:
    readers = {"aasx": _read_aasx, "xml": _read_xml, "csv": _read_tags, "json": _read_settings}
    reader = readers.get(_kind(path) or "")
    if reader is None:
        raise UnreadableInput(
            ko=f"{path}: 모르는 종류입니다. .aasx, .xml, .csv, .json 이어야 합니다.",
            en=f"{path}: unknown kind of file; expected .aasx, .xml, .csv or .json",
        )
    reader(path, found)


def _together(found: _Found) -> tuple[Tag, ...]:
    """The tag list decides which nodes; without one the node set, without that the shell. The others add types and units."""
    chosen = found.listed or found.nodes or found.shell
    tags = []
    for key, tag in chosen.items():
        known = [one[key] for one in (found.nodes, found.shell) if key in one]
        tags.append(
            Tag(
                address=_with_uri(tag.address, found.namespaces),
                path=tag.path,
                data_type=next((one.data_type for one in (tag, *known) if one.data_type), ""),
                unit=next((one.unit for one in (tag, *known) if one.unit), None),
                interval=tag.interval,
                note=next((one.note for one in (tag, *known) if one.note), ""),
            )
        )
    absent = [key for key in found.listed if found.nodes and key not in found.nodes]
    if absent:
        found.doubts.append(
            Text(
                ko=f"태그 목록에는 있고 노드셋에는 없는 노드 {len(absent)}개: {', '.join(absent[:3])}",
                en=f"{len(absent)} nodes are in the tag list but not in the node set: {', '.join(absent[:3])}",
            )
        )
    return tuple(tags)


def _with_uri(address: str, namespaces: Mapping[int, str]) -> str:
    match = _NODE.fullmatch(address)
    if match is None or match[1] is None or int(match[1]) not in namespaces:
        return address
    return f"nsu={namespaces[int(match[1])]};{match[3]}={match[4]}"


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise UnreadableInput(
                ko=f"{path}: {LARGEST >> 20} MB보다 큽니다.", en=f"{path}: is larger than {LARGEST >> 20} MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise UnreadableInput(ko=f"{path}: 읽을 수 없습니다: {error}", en=f"{path}: cannot be read: {error}") from error


def _text(path: Path) -> str:
    content = _content(path)
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableInput(ko=f"{path}: UTF-8이나 CP949 글이 아닙니다.", en=f"{path}: is neither UTF-8 nor CP949 text")


def _read_tags(path: Path, found: _Found) -> None:
    """Rows of node id, three empty columns, sampling interval in ms, -1, and at times the machine's own name of the value."""
    passed = 0
    for number, row in enumerate(csv.reader(io.StringIO(_text(path))), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        match = _NODE.fullmatch(cells[0])
        if match is None:
            passed += 1
            if number > 1:  # the first row may be a header
                found.doubts.append(
                    Text(
                        ko=f"{path.name} {number}번째 줄: {cells[0][:60]!r} 은(는) 노드 주소가 아니라 건너뛰었습니다",
                        en=f"{path.name} line {number}: {cells[0][:60]!r} is no node id and was passed over",
                    )
                )
            continue
        found.listed.setdefault(
            match[4],
            Tag(
                address=cells[0],
                path=tuple(match[4].split(".")),
                interval=_interval(cells[4:5]),
                note=" ".join(cells[6:7]),
            ),
        )
    if passed and not found.listed:
        raise UnreadableInput(
            ko=f"{path}: 첫 열에 노드 주소가 없습니다. 예: ns=2;s=Machine.Speed",
            en=f"{path}: its first column holds no node ids; expected for example ns=2;s=Machine.Speed",
        )


def _interval(cells: Sequence[str]) -> float | None:
    try:
        milliseconds = float(cells[0])
    except (IndexError, ValueError):
        return None
    return milliseconds / 1000.0 if 0.0 < milliseconds <= 3_600_000.0 else None


def _read_settings(path: Path, found: _Found) -> None:
    try:
        settings: Any = json.loads(_text(path))
        for one in settings["namespaces"]:
            found.namespaces[int(one["ns_index"])] = str(one["ns"])
        for gateway in settings["system"]:
            found.gateway = found.gateway or str(gateway["GatewayName"])
            found.urls.append(str(gateway["NetworkConnection"]))  # its field devices are behind it
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            ko=f"{path}: 게이트웨이 설정(namespaces, system)이 아닙니다: {error!r}",
            en=f"{path}: is no gateway's settings (namespaces, system): {error!r}",
        ) from error


def _read_xml(path: Path, found: _Found) -> None:
    _read_document(path, _content(path), found)


def _read_aasx(path: Path, found: _Found) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(_content(path))) as package:
            inside = [
                one for one in package.infolist() if one.filename.lower().endswith(".xml") and "[" not in one.filename
            ]
            for one in inside:
                if one.file_size > LARGEST:
                    raise UnreadableInput(
                        ko=f"{path}: {one.filename} 이(가) {LARGEST >> 20} MB보다 큽니다.",
                        en=f"{path}: {one.filename} is larger than {LARGEST >> 20} MB",
                    )
                _read_document(path, package.read(one), found)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError) as error:
        raise UnreadableInput(
            ko=f"{path}: AASX가 아닙니다: {error}", en=f"{path}: is no AASX package: {error}"
        ) from error
    if not inside:
        raise UnreadableInput(ko=f"{path}: 안에 XML 모델이 없습니다.", en=f"{path}: holds no XML model")


def _read_document(path: Path, content: bytes, found: _Found) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:  # entities can make a small file endless
        raise UnreadableInput(ko=f"{path}: DTD가 있는 XML은 읽지 않습니다.", en=f"{path}: XML with a DTD is not read")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableInput(ko=f"{path}: XML이 아닙니다: {error}", en=f"{path}: is no XML: {error}") from error
    kind = _local(root)
    if kind == "UANodeSet":
        _read_node_set(root, found)
    elif kind in ("aasenv", "environment"):
        _read_shell(root, found)
    else:
        raise UnreadableInput(
            ko=f"{path}: OPC UA 노드셋(UANodeSet)도 AAS(aasenv, environment)도 아닌 {kind!r} 입니다.",
            en=f"{path}: found {kind!r}, expected an OPC UA node set (UANodeSet) or a shell (aasenv, environment)",
        )


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element if _local(child) == name)


def _said(element: ElementTree.Element, name: str) -> str:
    return next(((child.text or "").strip() for child in _children(element, name)), "")


def _read_node_set(root: ElementTree.Element, found: _Found) -> None:
    aliases: dict[str, str] = {}
    for child in root:
        if _local(child) == "NamespaceUris":
            for number, uri in enumerate(_children(child, "Uri"), start=1):
                found.namespaces.setdefault(number, (uri.text or "").strip())
        elif _local(child) == "Aliases":
            aliases |= {(one.text or "").strip(): one.get("Alias", "") for one in _children(child, "Alias")}
        elif _local(child) == "UAVariable":
            _read_variable(child, aliases, found)


def _read_variable(element: ElementTree.Element, aliases: Mapping[str, str], found: _Found) -> None:
    address = element.get("NodeId", "")
    match = _NODE.fullmatch(address)
    if match is None or match[1] in (None, "0"):  # the standard's own nodes
        return
    # Properties such as EURange belong to their variable and are no signals.
    if any(
        one.get("ReferenceType") in ("HasProperty", "i=46") and one.get("IsForward") == "false"
        for one in element.iter()
    ):
        return
    value = "".join(text for one in _children(element, "Value") for text in one.itertext()).strip()
    if value.startswith("opc.tcp://") and match[4].endswith("NetworkConnection"):
        found.urls.append(value)
    kind = element.get("DataType", "")
    path = tuple(match[4].split(".")) if match[3] == "s" else (_said(element, "DisplayName") or match[4],)
    found.nodes.setdefault(match[4], Tag(address=address, path=path, data_type=aliases.get(kind, kind)))


def _read_shell(root: ElementTree.Element, found: _Found) -> None:
    """Submodels below their shells: the node set that is made from it names a node `shell.submodel.element…`."""
    units = _units(root)
    owners: dict[str, str] = {}
    for shell in (one for one in root.iter() if _local(one) == "assetAdministrationShell"):
        for key in (one for one in shell.iter() if _local(one) == "key"):
            owners[(key.text or "").strip() or _said(key, "value")] = _said(shell, "idShort")
    for model in (one for one in root.iter() if _local(one) == "submodel"):
        identifier = _said(model, "identification") or _said(model, "id")
        above = tuple(name for name in (owners.get(identifier, ""), _said(model, "idShort")) if name)
        for name, element in _properties(model, above):
            value = _said(element, "value")
            if value.startswith("opc.tcp://") and name[-1] == "NetworkConnection":
                found.urls.append(value)
            semantic = [
                (key.text or "").strip() or _said(key, "value")
                for one in _children(element, "semanticId")
                for key in one.iter()
                if _local(key) == "key"
            ]
            found.shell.setdefault(
                ".".join(name),
                Tag(
                    address=f"nsu={NAMESPACE};s={'.'.join(name)}",
                    path=name,
                    data_type=_said(element, "valueType").removeprefix("xs:"),
                    unit=next((units[one] for one in semantic if one in units), None),
                    note=_described(element),
                ),
            )


def _properties(
    element: ElementTree.Element, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], ElementTree.Element]]:
    for child in element:
        kind = _local(child)
        if kind in ("property", "range"):
            yield (*above, _said(child, "idShort")), child
        elif kind in _NAMED:
            name = _said(child, "idShort")
            yield from _properties(child, (*above, name) if name else above)
        elif kind in ("submodelElements", "submodelElement", "value", "statements"):
            yield from _properties(child, above)


def _units(root: ElementTree.Element) -> dict[str, str]:
    """The unit of each concept description by its identifier."""
    units = {}
    for concept in (one for one in root.iter() if _local(one) == "conceptDescription"):
        unit = next(((one.text or "").strip() for one in concept.iter() if _local(one) == "unit"), "")
        if unit:
            units[_said(concept, "identification") or _said(concept, "id")] = unit
    return units


def _described(element: ElementTree.Element) -> str:
    texts = [
        (one.text or "").strip() for child in _children(element, "description") for one in child.iter() if len(one) == 0
    ]
    return next((text for text in texts if text and len(text) > 2), "")
