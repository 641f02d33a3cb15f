"""Topics with names in them: `factory/{asset}/{signal}` subscribes to `factory/+/+` and tells asset and signal of each message.

A level is a plain word, `+` (any word), `{name}` (any word, remembered; also `zone{n}` within a word), or `#` at the end (all
deeper levels, remembered as `rest`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from jasang.connect.contract import WrongField

_PLACEHOLDER = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*)\}")
_LONGEST = 65_535  # bytes of UTF-8; MQTT 5, 1.5.4
_WILD = re.compile(r"[+#]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicTemplate:
    """A topic with placeholders, as the broker understands it (`filter`) and as a pattern that remembers."""

    text: str
    filter: str
    names: tuple[str, ...]
    _pattern: re.Pattern[str]
    _unnamed: tuple[str, ...]

    def match(self, topic: str) -> Mapping[str, str] | None:
        """What the placeholders stand for in this topic, `None` when it is another one. "" holds the unnamed levels."""
        found = self._pattern.fullmatch(topic)
        if found is None:
            return None
        words = found.groupdict()
        # `sport/#` also is the topic `sport` itself (MQTT 5, 4.7.1.2), then nothing is left.
        unnamed = [part for name in self._unnamed if (part := words.pop(name, None))]
        named = {name: word or "" for name, word in words.items()}
        if self.filter.endswith("#"):
            rest = unnamed.pop() if found["_rest"] else ""
            named["rest"] = rest.replace("/", ".")
            unnamed += [named["rest"]] if rest else []
        named[""] = ".".join(unnamed)
        return named


def topic_template(text: str) -> TopicTemplate:
    """Read a topic; `WrongField` tells what is wrong with it."""
    if not text or "\x00" in text or len(text.encode("utf-8", "replace")) > _LONGEST:
        raise WrongField(
            "",
            "토픽은 1~65,535바이트이고 빈 문자(null)가 없어야 합니다",
            "a topic has 1 to 65,535 bytes and no null character",
        )
    levels, filters, patterns = text.split("/"), [], []
    names: list[str] = []
    unnamed: list[str] = []
    for at, level in enumerate(levels):
        if level == "#":
            if at != len(levels) - 1:
                raise WrongField(
                    "", f"{text!r}: # 은 토픽의 맨 끝에만 씁니다", f"{text!r}: # stands only at the end of a topic"
                )
            unnamed.append("_rest")
            filters.append("#")
            break
        if level == "+":
            unnamed.append(f"_{at}")
            filters.append("+")
            patterns.append(f"(?P<_{at}>[^/]*)")
            continue
        placeholders = _PLACEHOLDER.findall(level)
        if _WILD.search(level) or set(_PLACEHOLDER.sub("", level)) & {"{", "}"}:
            raise WrongField(
                "",
                f"{text!r}: {level!r} 은(는) 낱말, +, {{이름}}, 끝의 # 가운데 어느 것도 아닙니다",
                f"{text!r}: the level {level!r} is neither a word, +, {{name}} nor # at the end",
            )
        names += placeholders
        filters.append("+" if placeholders else level)
        patterns.append(_level(level))
    twice = sorted({name for name in names if names.count(name) > 1} | ({"rest"} & set(names)))
    if twice:
        raise WrongField(
            "",
            f"{text!r}: {{{twice[0]}}} 이(가) 두 번 나옵니다(rest는 # 에 걸린 것)",
            f"{text!r}: the placeholder {{{twice[0]}}} stands twice (rest is what # matched)",
        )
    return TopicTemplate(
        text=text,
        filter="/".join(filters),
        names=tuple(names),
        _pattern=re.compile(_whole(patterns, rest="_rest" in unnamed), re.DOTALL),
        _unnamed=tuple(unnamed),
    )


def _level(level: str) -> str:
    parts = _PLACEHOLDER.split(level)  # words and names in turn
    return "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))


def _whole(patterns: list[str], *, rest: bool) -> str:
    # A wildcard at the beginning does not mean the broker's own topics (MQTT 5, 4.7.2).
    own = "" if patterns and not patterns[0].startswith("(") else r"(?!\$)"
    front = "/".join(patterns)
    if not rest:
        return own + front
    return own + (f"{front}(?:/(?P<_rest>.*))?" if patterns else "(?P<_rest>.*)")


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic of the filter `narrow` is one of the filter `wide`; a broker may send a message once for each."""
    one, other = wide.split("/"), narrow.split("/")
    if narrow.startswith("$") and one[0] in ("+", "#"):
        return False
    for at, level in enumerate(one):
        if level == "#":
            return True
        if at >= len(other) or other[at] == "#" or (level != other[at] and level != "+"):
            return False
    return len(one) == len(other)


def without_covered(filters: list[str]) -> list[str]:
    """The filters that still reach every topic, each once, in their order."""
    unique = list(dict.fromkeys(filters))
    return [one for one in unique if not any(other != one and covers(other, one) for other in unique)]
