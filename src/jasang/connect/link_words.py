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


def unforeseen(link: Link, error: BaseException) -> ConnectionFailed:
    """An error that no protocol foresaw, as the reason why the connection does not stand."""
    kind, told = type(error).__name__, str(error)
    told = f"{kind}: {told}" if told else kind
    return failed(
        link,
        f"예상하지 못한 오류가 났습니다({told}). 다시 시도합니다. 계속되면 이 문장을 알려 주세요",
        f"an unforeseen error ({told}); it is tried again. If this goes on, please report this sentence",
    )
