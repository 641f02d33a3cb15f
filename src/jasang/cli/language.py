"""Which language to speak: `--lang`, else the machine's locale; Korean where that is Korean, English elsewhere."""

import os

from jasang.errors import Language


def language_of_locale() -> Language:
    """`"ko"` when the first of LC_ALL, LC_MESSAGES and LANG that is set names Korean, else `"en"`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


def language_of_arguments(arguments: list[str]) -> Language:
    """The language before the arguments are parsed, so that wrong arguments are answered in it too."""
    for place, word in enumerate(arguments):
        chosen = (
            arguments[place + 1] if word == "--lang" and place + 1 < len(arguments) else word.removeprefix("--lang=")
        )
        if word.startswith("--lang") and chosen in ("ko", "en"):
            return "ko" if chosen == "ko" else "en"
    return language_of_locale()
