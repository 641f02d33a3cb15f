"""Closed sets of the programme in words: stages, kinds of support, answers, skills; and amounts of won."""

from django.utils.translation import gettext as _

from jasang.web.programme.models import ClaimState, Offer, Stage, Support
from jasang.web.ui.language import current


def amount(won: float | None) -> str:
    """Won in 억 or 만 (Korean), billion or million (English), short enough for a heading."""
    if won is None:
        return "–"
    if abs(won) < 1e4:
        return whole_won(won)
    if current() == "en":
        if abs(won) >= 1e9:
            return f"{won / 1e9:,.2f} bn won"
        return f"{won / 1e6:,.1f} M won" if abs(won) >= 1e5 else whole_won(won)
    return f"{won / 1e8:,.1f}억 원" if abs(won) >= 1e8 else f"{won / 1e4:,.0f}만 원"


def whole_won(won: float | None) -> str:
    """Won to the last one, for what is agreed and paid."""
    return "–" if won is None else _("%(won)s won") % {"won": f"{won:,.0f}"}


def stage_words(stage: str) -> str:
    """Where an application stands."""
    return {
        Stage.DRAFT: _("Draft"),
        Stage.APPLIED: _("Applied"),
        Stage.VISITED: _("Visited, with the judges"),
        Stage.APPROVED: _("Approved"),
        Stage.PLANNED: _("Planned"),
        Stage.BUILDING: _("Being built"),
        Stage.OPERATING: _("Operating"),
        Stage.AFTERCARE: _("After-care"),
        Stage.CLOSED: _("Finished"),
        Stage.REJECTED: _("Rejected"),
        Stage.WITHDRAWN: _("Withdrawn"),
        Stage.STOPPED: _("Ended early"),
    }[Stage(stage)]


def support_words(support: str) -> str:
    """What a call pays for."""
    return {
        Support.BUILD: _("Build: first smart factory"),
        Support.UPGRADE: _("Upgrade: a level up"),
        Support.MENTORING: _("Mentoring only"),
    }[Support(support)]


def claim_words(state: str) -> str:
    """Where a claim stands."""
    return {ClaimState.OPEN: _("Being checked"), ClaimState.REFUSED: _("Sent back"), ClaimState.PAID: _("Paid")}[
        ClaimState(state)
    ]


def offer_words(state: str) -> str:
    """A mentor's answer."""
    return {
        Offer.State.ASKED: _("no answer yet"),
        Offer.State.ACCEPTED: _("accepted"),
        Offer.State.DECLINED: _("declined"),
    }[Offer.State(state)]


def skill_words(skill: str) -> str:
    """A mentor's skill."""
    known = {
        "process": _("Process"),
        "data": _("Data and connections"),
        "equipment": _("Equipment and maintenance"),
        "quality": _("Quality"),
        "planning": _("Planning and schedule"),
        "energy": _("Energy"),
    }
    return known.get(skill, skill)


def named(text: str) -> str:
    """The page's half of a name in two languages ("필요성 / Need"); other names as they are."""
    return half(text, current())


def half(text: str, language: str) -> str:
    """As `named`, in this language."""
    korean, sign, english = text.partition(" / ")
    return (english if language == "en" else korean) if sign else text


def language_words(code: str) -> str:
    """A language a mentor speaks."""
    known = {
        "ko": _("Korean"),
        "en": _("English"),
        "zh": _("Chinese"),
        "vi": _("Vietnamese"),
        "th": _("Thai"),
        "uz": _("Uzbek"),
        "ne": _("Nepali"),
        "km": _("Khmer"),
    }
    return known.get(code, code)
