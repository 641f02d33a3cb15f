"""What is told by itself: a diagnosis is done."""

from django.urls import reverse

from jasang.plant.text import Text
from jasang.web.jobs.announcing import Subject
from jasang.web.notices.services import tell
from jasang.web.tenants.models import Factory


def diagnosis_done(*, factory: Factory, findings: list[Subject]) -> None:
    """Listener of `diagnosis_done`, within the transaction that keeps the diagnosis. A diagnosis without findings is no news."""
    if not findings:
        return
    loud = [one for one in findings if one.severity == "act"]
    first = (loud or findings)[0].title
    count = len(loud)
    ko = (
        f"진단이 끝났습니다. 조치할 것 {count}건: {first.ko}"
        if loud
        else f"진단이 끝났습니다. 급한 것은 없습니다: {first.ko}"
    )
    en = f"Diagnosis done, {count} to act on: {first.en}" if loud else f"Diagnosis done, nothing urgent: {first.en}"
    tell(
        factory=factory,
        kind="diagnosis_done",
        about=f"diagnosis:{findings[0].key}",
        title=Text(ko=ko, en=en),
        url=reverse("floor:findings", args=[factory.key]),
        document={"findings": [one.document for one in findings if one.document is not None]},
    )
