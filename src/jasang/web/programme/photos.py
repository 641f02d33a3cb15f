"""Photos and files that show something. A photo is drawn anew (nothing hides in it: no place, no name of a phone) and kept small;
any other file is kept as it came and only ever handed out as a download."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import FileResponse, Http404
from PIL import Image, ImageOps, UnidentifiedImageError

from jasang.errors import UnreadableInput
from jasang.web.programme.models import Proof
from jasang.web.tenants.models import Factory
from jasang.web.ui.checked_files import Checked

LONGEST, SMALL = 1600, 320  # pixels of the longer side
MOST_PIXELS = 120_000_000  # of a photo as it comes: phones make 108 million
MOST_PLAIN_PIXELS = 30_000_000  # of a picture that must be unpacked whole before it can be made smaller
PHOTOS = (".jpg", ".jpeg", ".png", ".webp")
_FORMATS = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo drawn anew: JPEG bytes, a thumbnail, size in pixels."""

    content: bytes
    small: bytes
    width: int
    height: int


def is_photo(file: Checked) -> bool:
    """Whether the file is to be shown as a picture."""
    return Path(file.name).suffix.lower() in PHOTOS


def drawn_anew(file: Checked) -> Photo:
    """The photo upright, at most 1600 pixels long, without anything but its pixels; UnreadableInput for what is no picture."""
    try:
        with Image.open(BytesIO(file.content), formats=_FORMATS) as opened:
            pixels = opened.width * opened.height
            if pixels > (MOST_PIXELS if opened.format == "JPEG" else MOST_PLAIN_PIXELS):
                raise _refused(file.name, f"{opened.width} × {opened.height}")
            opened.draft("RGB", (LONGEST, LONGEST))  # a JPEG is unpacked at a fraction of its size
            upright = ImageOps.exif_transpose(opened)
            picture = _on_white(upright)
    except UnreadableInput:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableInput(
            ko=f"{file.name}: 사진을 열 수 없습니다. JPEG, PNG, WebP 사진을 올려 주세요.",
            en=f"{file.name}: the photo cannot be opened; expected a JPEG, PNG or WebP picture.",
        ) from error
    picture.thumbnail((LONGEST, LONGEST))
    small = picture.copy()
    small.thumbnail((SMALL, SMALL))
    return Photo(content=_jpeg(picture), small=_jpeg(small), width=picture.width, height=picture.height)


def _on_white(picture: Image.Image) -> Image.Image:
    """Without transparency, and a copy that knows nothing of the file."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        full = picture.convert("RGBA")
        ground = Image.new("RGB", full.size, "white")
        ground.paste(full, mask=full.getchannel("A"))
        return ground
    return Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())


def _jpeg(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _refused(name: str, found: str) -> UnreadableInput:
    return UnreadableInput(
        ko=f"{name}: 사진이 {found} 화소로 너무 큽니다. 작은 사진을 올려 주세요.",
        en=f"{name}: the photo has {found} pixels, which is too large; expected a smaller one.",
    )


def keep_proofs(
    *, factory: Factory, files: Sequence[Checked], by: AbstractBaseUser, side: str = "", **shows: Any
) -> list[Proof]:
    """Keep the files; `shows` names what they show (answer, note or change). All are drawn before the first is kept."""
    ready = [(file, drawn_anew(file) if is_photo(file) else None) for file in files]
    return [_keep(factory, file, photo, by, side, shows) for file, photo in ready]


def _keep(
    factory: Factory, file: Checked, photo: Photo | None, by: AbstractBaseUser, side: str, shows: dict[str, Any]
) -> Proof:
    name = f"proofs/{secrets.token_hex(16)}"
    folder = Path(settings.JASANG_HOME) / name
    folder.mkdir(parents=True, mode=0o700)
    content = file.content if photo is None else photo.content
    _write(folder / "content", content)
    if photo is not None:
        _write(folder / "small", photo.small)
    return Proof.objects.of(factory).create(
        factory=factory, name=file.name, photo=photo is not None, size=len(content), path=name, by=by, side=side,
        width=photo.width if photo is not None else 0, height=photo.height if photo is not None else 0,
        sha256=hashlib.sha256(content).hexdigest(), **shows,
    )  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def answer_with(proof: Proof, *, small: bool) -> FileResponse:
    """The photo as a picture, any other file as a download that no browser opens by itself."""
    path = Path(settings.JASANG_HOME) / proof.path / ("small" if small and proof.photo else "content")
    try:
        handle = path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    if not proof.photo:
        return FileResponse(handle, as_attachment=True, filename=proof.name, content_type="application/octet-stream")
    answer = FileResponse(handle, content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=86400"
    return answer
