"""Kinds of rows of the factory floor, for programs."""

from typing import Any

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind
from jasang.web.api.own_kinds import nobody_knows


def _check_note(values: dict[str, Any]) -> None:
    signals, end = values.get("signals", []), values.get("end")
    if not isinstance(signals, list) or not all(isinstance(one, str) for one in signals):
        raise ValueError("signals: expected a list of texts")
    if end is not None and end < values["start"]:
        raise ValueError("end: expected after start")


KINDS = (
    Kind(
        name="diagnoses", model="floor.Diagnosis", scope="floor", factory="factory", hidden=("folder",), embedded=("job",),
        files="folder", fresh={"folder": str}, title=Text(ko="넘겨준 파일과 진단", en="Hand-overs and their diagnoses"),
        by_steps=True, listed=False,
    ),
    Kind(
        name="tables", model="floor.DiagnosedTable", scope="floor", factory="factory", identity=("diagnosis", "file"),
        filters=("diagnosis", "kind"), title=Text(ko="표", en="Tables as they were read"), by_steps=True,
    ),
    Kind(
        name="lives", model="floor.FindingLife", scope="floor", factory="factory", embedded=("job",), listed=False,
        title=Text(ko="결과의 생애", en="Findings over repeated diagnoses"), by_steps=True,
    ),
    Kind(
        name="findings", model="floor.Finding", scope="floor", factory="factory", listed=False,
        title=Text(ko="결과", en="Findings"), by_steps=True,
    ),
    Kind(
        name="life-events", model="floor.LifeEvent", scope="floor", factory="factory", identity=("life", "at", "stage"),
        filters=("life", "stage"), title=Text(ko="생애의 일", en="What happened to findings"), by_steps=True,
    ),
    Kind(
        name="studies", model="floor.StudyRun", scope="floor", factory="factory", embedded=("job",), listed=False,
        title=Text(ko="물음과 답", en="Questions and answers"), by_steps=True,
    ),
    Kind(
        name="standing-studies", model="floor.StandingStudy", scope="floor", factory="factory", filters=("kind",),
        title=Text(ko="늘 보는 분석", en="Standing analyses"), by_steps=True,
    ),
    Kind(
        name="know-how", model="floor.KnowHow", scope="floor", factory="factory", listed=False,
        title=Text(ko="노하우", en="What helped"), by_steps=True,
    ),
    Kind(
        name="notes", check=_check_note, model="floor.Annotation", scope="floor", factory="factory", filters=("asset",),
        title=Text(ko="메모", en="Notes at moments and spans"), listed=False,
    ),
    Kind(
        name="asset-places", model="floor.AssetPlace", scope="floor", factory="factory", identity=("factory", "asset"),
        filters=("asset", "line", "area", "site", "kind"), title=Text(ko="설비 자리", en="Where machines stand"), listed=False,
    ),
    Kind(
        name="connection-trials", model="floor.ConnectionTrial", scope="floor", factory="factory", identity=("asked_at",),
        embedded=("job",), title=Text(ko="연결 시험", en="Tries of the connections"), by_steps=True, listed=False,
    ),
    Kind(
        name="wall-links", model="floor.WallLink", scope="floor", factory="factory", hidden=("secret_hash",),
        fresh={"secret_hash": nobody_knows}, title=Text(ko="현황판 링크", en="Links of wall screens"), by_steps=True,
    ),
    Kind(
        name="campaigns", model="floor.CampaignCourse", scope="floor", factory="factory", embedded=("job",),
        title=Text(ko="캠페인", en="Campaigns of trials"), by_steps=True, listed=False,
    ),
    Kind(
        name="experiments", model="floor.ExperimentCourse", scope="floor", factory="factory", embedded=("job",),
        title=Text(ko="실험", en="Designed experiments"), by_steps=True, listed=False,
    ),
    Kind(
        name="schedules", model="floor.SchedulePlan", scope="floor", factory="factory", embedded=("job",),
        filters=("kept", "step"), title=Text(ko="일정", en="Schedules"), by_steps=True, listed=False,
    ),
    Kind(
        name="collected-days", model="floor.CollectedDay", scope="floor", factory="factory", identity=("factory", "day"),
        title=Text(ko="수집한 날", en="Days of collecting"), by_steps=True,
    ),
    Kind(
        name="facts", model="floor.KeptFact", scope="floor", factory="factory", identity=("factory", "name"),
        filters=("name",), title=Text(ko="단계의 사실", en="Facts for the level"), by_steps=True,
    ),
)  # fmt: skip
