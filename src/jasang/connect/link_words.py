"""Sentences about one connection: its name in front, both languages."""

from jasang.connect.contract import Link
from jasang.errors import ConnectionFailed
from jasang.plant.text import Text


def about(link: Link, ko: str, en: str) -> Text:
    """The sentence with the connection's name before it."""
    return Text(ko=f"연결 {link.name!r}: {ko}", en=f"connection {link.name!r}: {en}")


def failed(link: Link, ko: str, en: str, *, permanent: bool = False) -> ConnectionFailed:
    """The sentence, with the connection's name before it, as the reason why the connection does not stand."""
    text = about(link, ko, en)
    return ConnectionFailed(ko=text.ko, en=text.en, permanent=permanent)
