"""collection_gap: a collector gave up readings because there was no room for them (docs/rules/collection_gap.md)."""

from collections.abc import Iterator

from jasang.diagnose.collection import Loss
from jasang.diagnose.evidence_base import EvidenceBase
from jasang.diagnose.fault_story import local
from jasang.diagnose.finding import Action, Check, Evidence, Finding, Severity, Subject
from jasang.diagnose.rule import Rule
from jasang.plant.text import Text

_WHY = {
    "disk": Text(ko="수집 PC의 디스크가 가득 차서", en="the collector's disk was full"),
    "limit": Text(ko="전송 대기 폴더가 정해 둔 한도에 차서", en="the collector's spool had reached its limit"),
    "memory": Text(ko="저장소가 오랫동안 값을 받지 못해", en="the store could not take readings for long"),
}
_OTHER = Text(ko="수집기가 값을 둘 곳이 없어", en="the collector had no room")


def _check(base: EvidenceBase) -> Iterator[Finding]:
    by_collector: dict[tuple[str, str], list[Loss]] = {}
    for loss in base.collected.losses:
        by_collector.setdefault((loss.collector, loss.reason), []).append(loss)
    for (collector, reason), losses in by_collector.items():
        yield _finding(base, collector, reason, losses)


def _finding(base: EvidenceBase, collector: str, reason: str, losses: list[Loss]) -> Finding:
    readings = sum(loss.readings for loss in losses)
    start, end = min(loss.start for loss in losses), max(loss.end for loss in losses)
    why = _WHY.get(reason, _OTHER)
    return Finding(
        rule="collection_gap",
        severity=Severity.ACT,
        subject=Subject(table=base.tables[0].table.file if base.tables else collector, column=collector),
        text=Text(
            ko=f"{why.ko} {local(base, start)}부터 {local(base, end)} 사이의 값 {readings:,}개를 버렸습니다"
            f"(수집기 {collector}). 이 사이의 그림과 합계는 다 갖춘 것이 아닙니다.",
            en=f"{why.en[0].upper()}{why.en[1:]}: {readings:,} readings dropped between {local(base, start)} and "
            f"{local(base, end)} (collector {collector}). Charts and sums of this time are not whole.",
        ),
        action=Action(
            text=Text(
                ko="수집 PC의 디스크를 비우거나 늘리고, 서버 연결이 왜 오래 끊겼는지 확인하세요. "
                "이어서 spool_limit을 늘리세요.",
                en="Free or enlarge the collector's disk, find out why the line to the server was down so long, "
                "then raise spool_limit.",
            ),
            owner="engineer",
        ),
        evidence=(
            Evidence(name="readings", label=Text(ko="버린 값", en="readings dropped"), value=float(readings)),
            Evidence(
                name="span",
                label=Text(ko="버린 값의 기간", en="span of what was dropped"),
                value=(end - start).total_seconds() / 3600.0,
                unit="h",
            ),
        ),
        since=start,
        until=end,
        check=Check(metric="dropped_readings", expected=-float(readings), days=30),
        strength=200.0,
    )


RULE = Rule(name="collection_gap", title=Text(ko="수집하다 버린 값", en="Readings given up"), check=_check)
