"""The endless answer of an agent, `multipart/x-mixed-replace`, cut into documents wherever the network split it."""

import re

MOST_BYTES = 64 * 1024 * 1024  # of one document; more is no MTConnect
_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(r"boundary=(?:\"([^\"]+)\"|([^;\s]+))", re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """The line between two parts without its dashes; `None` when the answer has no parts."""
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/") or found is None:
        return None
    return (found[1] or found[2]).encode("latin-1")


class Parts:
    """Takes bytes as they come and gives whole documents; `ValueError` for what can be none."""

    def __init__(self, boundary: bytes) -> None:
        self._boundary = boundary
        self._mark = (
            b""  # the line itself: some agents forget to put two dashes more before a boundary that has its own
        )
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The documents that are complete now."""
        self._held += data
        found: list[bytes] = []
        while (part := self._next()) is not None:
            if part.strip():
                found.append(part)
        if len(self._held) > MOST_BYTES:
            raise ValueError(f"a document of more than {MOST_BYTES} bytes")
        return found

    def _next(self) -> bytes | None:
        if not self._mark:
            at = self._held.find(self._boundary)
            if at < 0:
                return None
            self._mark = b"--" + self._boundary if self._held[:at].endswith(b"--") else self._boundary
        start = self._held.find(self._mark)
        if start < 0:
            return None
        after = start + len(self._mark)
        head_end, gap = self._blank_line(after)
        if head_end < 0:
            return None
        length = _LENGTH.search(self._held[after:head_end].replace(b"\r\n", b"\n"))
        begin = head_end + gap
        if length is not None:
            size = int(length[1])
            if size > MOST_BYTES:
                raise ValueError(f"a document of {size} bytes")
            if len(self._held) < begin + size:
                return None
            end = rest = begin + size
        else:
            end = rest = self._held.find(self._mark, begin)
            if end < 0:
                return None
        part, self._held = self._held[begin:end], self._held[rest:]
        return part

    def _blank_line(self, after: int) -> tuple[int, int]:
        found = [(self._held.find(blank, after), len(blank)) for blank in (b"\r\n\r\n", b"\n\n")]
        return min((one for one in found if one[0] >= 0), default=(-1, 0))
