"""A file that somebody hands over, checked by name, size and first bytes before it is kept anywhere."""

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

from jasang.errors import UnreadableInput

LARGEST = 20_000_000  # bytes
MOST = 10  # at once
# What the first bytes of a file of that ending are; text has none but holds no zero byte.
STARTS: dict[str, tuple[bytes, ...]] = {
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".webp": (b"RIFF",),
    ".pdf": (b"%PDF-",),
    ".xlsx": (b"PK\x03\x04",),
    ".docx": (b"PK\x03\x04",),
    ".pptx": (b"PK\x03\x04",),
    ".hwpx": (b"PK\x03\x04",),
    ".hwp": (b"\xd0\xcf\x11\xe0",),
    ".xls": (b"\xd0\xcf\x11\xe0",),
    ".mp4": (),
    ".csv": (),
    ".txt": (),
    ".tsv": (),
}
_TEXT = (".csv", ".txt", ".tsv")
_FORBIDDEN = set('<>:"/\\|?*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A file that may be kept."""

    name: str
    content: bytes


def check(name: str, content: bytes) -> Checked:
    """The file with a name that can be kept; raises `UnreadableInput` that says what was found and expected."""
    plain = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    plain = "".join(one for one in plain if one not in _FORBIDDEN and unicodedata.category(one)[0] != "C").strip(" .")
    ending = PurePosixPath(plain).suffix.lower()
    if ending not in STARTS:
        raise UnreadableInput(
            ko=f"{plain or name}: 이 종류의 파일은 붙일 수 없습니다. 사진, PDF, 한글, 엑셀, 워드, CSV 파일을 붙여 주세요.",
            en=f"{plain or name}: files of this kind cannot be attached. Attach pictures, PDF, HWP, Excel, Word or CSV files.",
        )
    size, most = f"{len(content) / 1e6:.1f} MB", f"{LARGEST // 1_000_000} MB"
    if not 0 < len(content) <= LARGEST:
        raise UnreadableInput(
            ko=f"{plain}: 크기가 {size}입니다. 비어 있지 않은 {most} 이하의 파일만 붙일 수 있습니다.",
            en=f"{plain}: the size is {size}; expected a file that is not empty, of at most {most}.",
        )
    starts = STARTS[ending]
    told = content.startswith(starts) if starts else ending not in _TEXT or b"\x00" not in content
    if ending == ".mp4":
        told = content[4:8] == b"ftyp"
    if ending == ".webp":
        told = told and content[8:12] == b"WEBP"
    if not told:
        raise UnreadableInput(
            ko=f"{plain}: 내용이 {ending} 파일이 아닙니다.", en=f"{plain}: the content is not that of a {ending} file."
        )
    stem = PurePosixPath(plain).stem
    return Checked(name=f"{stem[: 120 - len(ending)]}{ending}", content=content)
