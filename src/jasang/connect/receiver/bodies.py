"""The body of a request: within its limit, and unpacked within it too."""

import asyncio
import zlib

from aiohttp import web

IDENTITY, GZIP = ("", "identity"), ("gzip", "x-gzip", "deflate")  # values of Content-Encoding
_INLINE = 32_000  # bytes; unpacking more would keep other requests waiting


class TooLarge(Exception):
    """The body, packed or unpacked, is larger than the limit."""


class NotGzip(ValueError):
    """The body is said to be gzip and is not."""


async def read_body(request: web.Request, most: int) -> bytes:
    """The body, unpacked when it comes as gzip; raises `TooLarge` or `NotGzip`."""
    if request.content_length is not None and request.content_length > most:
        raise TooLarge
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge from error
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in IDENTITY:
        return body
    if encoding not in GZIP:
        raise NotGzip(f"unknown Content-Encoding {encoding!r}; expected gzip")
    return await unpacked(body, most)


async def unpacked(body: bytes | bytearray, most: int) -> bytes:
    """`unpack`, elsewhere when it takes long."""
    return unpack(body, most) if len(body) <= _INLINE else await asyncio.to_thread(unpack, body, most)


def unpack(body: bytes | bytearray, most: int) -> bytes:
    """gzip or zlib, one or several members; a bomb is noticed before it has unpacked more than `most` bytes."""
    parts: list[bytes] = []
    size = 0
    while body:
        member = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by its header
        try:
            part = member.decompress(body, most - size + 1)
        except zlib.error as error:
            raise NotGzip(f"body is no gzip: {error}") from error
        size += len(part)
        if size > most:
            raise TooLarge
        if not member.eof:
            raise NotGzip("body is no whole gzip: it is cut off")
        parts.append(part)
        body = member.unused_data
    return b"".join(parts)
