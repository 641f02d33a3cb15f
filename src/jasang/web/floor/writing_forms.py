"""What a person may fill in to propose that settings are written."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from jasang.errors import WrongArguments
from jasang.mentor.wording import typed_number
from jasang.mentor.write_back import Better, Watch
from jasang.web.floor.writing import Writable

_LONGEST = 24 * 60.0  # min


def settings_given(one: Writable, posted: Mapping[str, str]) -> dict[str, float]:
    """The settings of this connection with a value; those left empty stay as they are."""
    settings: dict[str, float] = {}
    for place, rule in enumerate(one.rules):
        number = _number(posted.get(f"to-{place}", ""), rule.name)
        if number is not None:
            settings[rule.name] = number
    return settings


def watch_given(posted: Mapping[str, str]) -> Watch:
    """What is watched, and what counts as worse."""
    given = posted.get("better", "")
    if given not in ("lower", "higher"):
        raise WrongArguments(
            ko="지켜볼 값이 작을수록 좋은지 클수록 좋은지 고르세요.", en="choose whether lower or higher is better"
        )
    better: Better = "lower" if given == "lower" else "higher"
    minutes = _number(posted.get("minutes", "30"), _("Watch for"))
    if minutes is None or not 0 < minutes <= _LONGEST:
        raise WrongArguments(
            ko=f"지켜볼 시간은 0분보다 길고 {_LONGEST:g}분보다 짧아야 합니다.",
            en=f"the watch must be longer than 0 and at most {_LONGEST:g} minutes",
        )
    before = _number(posted.get("baseline", "5"), _("Look before"))
    return Watch(
        signal=posted.get("watch", "").strip(), better=better, seconds=60 * minutes,
        baseline=60 * (0.0 if before is None else before),
        worse_by=_number(posted.get("worse_by", ""), _("Worse by more than")),
        low=_number(posted.get("watch_low", ""), _("Never below")),
        high=_number(posted.get("watch_high", ""), _("Never above")),
    )  # fmt: skip


def _number(text: str, name: str) -> float | None:
    given = text.strip()
    if not given:
        return None
    try:
        return typed_number(given)
    except ValueError as error:
        raise WrongArguments(
            ko=f"{name}: {text!r}은(는) 숫자가 아닙니다.", en=f"{name}: {text!r} is no number"
        ) from error
