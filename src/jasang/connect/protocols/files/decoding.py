"""Bytes of a text file as UTF-8: which encoding it is, transcoding on the fly, and what no text may contain."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jasang.connect.protocols.files import complaints
from jasang.connect.protocols.files.content import Content
from jasang.connect.protocols.files.repair import Tally

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Control characters that no text file has; tab, line feed, form feed, return, end-of-file (DOS) and escape may stand in one.
_CONTROL = bytes(set(range(1, 32)) - {9, 10, 12, 13, 26, 27})
_HIGH = re.compile(rb"[\x80-\xff]+")


@dataclass(slots=True)
class Decoder:
    """Turns the chunks of a text file into UTF-8 with plain line feeds. Remembers the encoding it found."""

    content: Content
    encoding: str = ""
    _settled: bool = field(default=False, init=False)  # a character outside ASCII has been seen

    def chunks(self, tally: Tally | None = None) -> Iterator[tuple[bytes, float]]:
        """UTF-8 bytes, each piece with the share of the file read; unreadable characters are counted in `tally`.

        Raises `UnreadableInput` for NUL bytes and for data that is no text.
        """
        decoder: codecs.IncrementalDecoder | None = None
        line = 1
        after_return = False
        for piece, share in self.content.chunks():
            if not self.encoding:
                self.encoding = _encoding_of_head(piece)
            wide = self.encoding.startswith(("utf-16", "utf-32"))
            if not wide:
                self._refuse_binary(piece, line)
                self._settle(piece)
            decoder = decoder or codecs.getincrementaldecoder(self.encoding)(errors="replace")
            if self._passes_unchanged(piece, decoder):
                out = piece
            else:
                decoder = self._same_encoding(decoder)
                text = decoder.decode(piece)
                self._count_replaced(text, tally, line)
                out = text.encode("utf-8", errors="replace")
            if wide:
                self._refuse_binary(out, line)
            out, after_return = _plain_line_ends(out, after_return)
            line += out.count(b"\n")
            yield out, share
        if decoder is not None:
            rest = decoder.decode(b"", final=True)
            self._count_replaced(rest, tally, line)
            yield rest.encode("utf-8", errors="replace") + (b"\n" if after_return else b""), 1.0

    def _same_encoding(self, decoder: codecs.IncrementalDecoder) -> codecs.IncrementalDecoder:
        """A decoder of the encoding settled meanwhile; up to here all was ASCII, which both read alike."""
        wanted = codecs.getincrementaldecoder(self.encoding)
        return decoder if type(decoder) is wanted else wanted(errors="replace")

    def _passes_unchanged(self, piece: bytes, decoder: codecs.IncrementalDecoder) -> bool:
        return self.encoding in ("utf-8", "cp949", "cp1252") and piece.isascii() and not decoder.getstate()[0]

    def _settle(self, piece: bytes) -> None:
        if self._settled or self.encoding == "utf-8-sig" or piece.isascii():
            return
        self._settled = True
        self.encoding = _encoding_of(piece)

    def _count_replaced(self, text: str, tally: Tally | None, line: int) -> None:
        if tally is None or "�" not in text:
            return
        row = line + text.count("\n", 0, text.index("�"))
        tally.add("encoding", rows=text.count("�"), row=row)

    def _refuse_binary(self, piece: bytes, line: int) -> None:
        if b"\0" in piece:
            at = piece.index(b"\0")
            row = line + piece.count(b"\n", 0, at)
            if len(piece.translate(None, _CONTROL + b"\0")) < 0.99 * len(piece):
                raise complaints.binary(self.content.file, row, "NUL")
            raise complaints.nul_byte(self.content.file, row)
        left = piece.translate(None, _CONTROL)
        if len(left) < 0.98 * len(piece):
            first = next(i for i, byte in enumerate(piece) if byte in _CONTROL)
            row = line + piece.count(b"\n", 0, first)
            raise complaints.binary(self.content.file, row, f"0x{piece[first]:02x}")


def _plain_line_ends(piece: bytes, after_return: bool) -> tuple[bytes, bool]:
    r"""`\r\n` and a lone `\r` (old Mac) become `\n`; a return at the very end waits for the next piece."""
    if after_return:
        piece = b"\r" + piece
    if b"\r" not in piece:
        return piece, False
    waits = piece.endswith(b"\r")
    if waits:
        piece = piece[:-1]
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), waits


def _encoding_of_head(head: bytes) -> str:
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = max(len(head[:4096]) // 2, 1)
    if odd > 0.3 * half and even < 0.02 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.02 * half:
        return "utf-16-be"
    return "utf-8"


def _encoding_of(piece: bytes) -> str:
    """UTF-8 where it is (nearly) valid; else CP949 where foreign bytes come in pairs, else Western CP1252.

    A syllable of CP949 is two bytes, so its runs have even length; "°" or "µ" of a Western machine stands alone.
    """
    try:
        codecs.getincrementaldecoder("utf-8")().decode(piece, final=False)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    wrong_utf8 = piece.decode("utf-8", errors="replace").count("�")
    runs = _HIGH.findall(piece)
    high = sum(map(len, runs))
    if wrong_utf8 < 0.05 * high:
        return "utf-8"
    pairs = sum(len(run) for run in runs if len(run) % 2 == 0)
    return "cp949" if pairs >= 0.5 * high else "cp1252"
