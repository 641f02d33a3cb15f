"""clock_skew: a machine's or a collector's clock is wrong (docs/rules/clock_skew.md)."""

from collections.abc import Iterator

from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

AHEAD = 2.0  # s; no reading is received before it was made
BEHIND = 60.0  # s; readings may take their time, but hardly half of them more than a minute
OFFSET = 2.0  # s between a collector's clock and the receiver's


def _check(base: EvidenceBase) -> Iterator[Finding]:
    for lag in base.collected.lags:
        if lag.seconds < -AHEAD or lag.seconds > BEHIND:
            yield _finding(base, lag.asset, lag.asset, -lag.seconds, is_collector=False)
    for offset in base.collected.offsets:
        if abs(offset.seconds) > OFFSET:
            yield _finding(base, offset.collector, None, -offset.seconds, is_collector=True)


def _length(seconds: float) -> Text:
    """A length of time in the unit that people would say it in."""
    for unit, ko, en in ((86_400.0, "일", "days"), (3_600.0, "시간", "hours"), (60.0, "분", "minutes")):
        if seconds >= 2.0 * unit:
            return Text(ko=f"{seconds / unit:,.1f}{ko}", en=f"{seconds / unit:,.1f} {en}")
    return Text(ko=f"{seconds:,.1f}초", en=f"{seconds:,.1f} s")


def _finding(base: EvidenceBase, name: str, asset: str | None, ahead: float, *, is_collector: bool) -> Finding:
    whose = (
        Text(ko=f"수집기 {name}", en=f"collector {name}")
        if is_collector
        else Text(ko=f"설비 {name}", en=f"machine {name}")
    )
    other = Text(ko="서버", en="the server") if is_collector else Text(ko="수집기", en="the collector")
    size = _length(abs(ahead))
    late = not is_collector and ahead < 0
    maybe_ko = " 값이 그만큼 늦게 도착하는 것일 수도 있습니다." if late else ""
    maybe_en = " Or its readings arrive so much later." if late else ""
    return Finding(
        rule="clock_skew",
        severity=Severity.WATCH,
        subject=Subject(table=asset or (base.tables[0].table.file if base.tables else name), asset=asset),
        text=Text(
            ko=f"{whose.ko}의 시계가 {other.ko}의 시계보다 {size.ko} {'빠릅니다' if ahead > 0 else '느립니다'}.{maybe_ko} "
            "다른 설비의 값과 시각이 어긋나 원인을 잘못 볼 수 있습니다.",
            en=f"The clock of {whose.en} is {size.en} {'ahead of' if ahead > 0 else 'behind'} the clock of {other.en}.{maybe_en} "
            "Its readings do not line up with those of other machines, which can point to a wrong cause.",
        ),
        action=Action(
            text=Text(
                ko="시계를 맞추고, 인터넷 시각 맞추기(NTP)를 켜 두세요.",
                en="Set the clock, and let it be kept by a time server (NTP).",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="ahead", label=Text(ko="시계가 빠른 정도", en="clock is ahead by"), value=ahead, unit="s"),
        ),
        check=Check(metric="clock_skew", expected=-abs(ahead), days=1),
        strength=min(100.0, abs(ahead)),
    )


RULE = Rule(name="clock_skew", title=Text(ko="맞지 않는 시계", en="Clock is wrong"), check=_check)
