"""Letters of ours that did not arrive: whoever answers is told, once, within the case; the factory sees nothing of it."""

import re
from email.message import EmailMessage

from jasang.mentor.service_clock import CaseEvent
from jasang.web.center import letters
from jasang.web.center.events import locked, record, told_before
from jasang.web.center.models import Case, Channel, LetterOut

_LOOKED_AT = 300_000  # bytes of what came back
_SAYS_FAILED = re.compile(
    r"undeliver|delivery (?:status|failure)|delivery has failed|failure notice|returned mail|not be delivered"
    r"|반송|배달되지|전송\s?실패",
    re.IGNORECASE,
)


def note_bounce(letter: EmailMessage, raw: bytes) -> Case | None:
    """Note in its case that a letter came back, and why; the case, or `None` where no letter of ours did."""
    report = letter.get_content_type() == "multipart/report"
    subject, start = str(letter.get("Subject", "")), raw[:_LOOKED_AT].decode("utf-8", errors="replace")
    if not report and not _SAYS_FAILED.search(f"{subject}\n{start[:4000]}"):
        return None
    if re.search(r"^Action:\s*(?:delayed|delivered|relayed|expanded)", start, re.IGNORECASE | re.MULTILINE):
        return None
    names = re.findall(r"<[^<>\s]{5,190}@[^<>\s]{1,190}>", start)[-60:]
    rows = LetterOut.objects.of_every_factory().filter(message_id__in=names, sent_at__isnull=False)
    out = rows.select_related("case__centre", "event").order_by("-pk").first()
    if out is None:
        return None
    why = re.search(r"^Diagnostic-Code:\s*(?:smtp;\s*)?(.{3,200})$", start, re.IGNORECASE | re.MULTILINE)
    why = why or re.search(r"^.{0,40}\b(5\d\d[ -]5\.\d\.\d.{0,160})$", start, re.MULTILINE)
    LetterOut.objects.of_every_factory().filter(pk=out.pk).update(trouble=(why[1] if why else subject).strip()[:300])
    if out.event is None or out.event.private or out.event.kind == CaseEvent.CUSTOMER:
        return out.case  # a letter that told an agent: telling again by letter would go round for ever
    held, once = locked(out.case), f"bounce:{out.pk}"
    if told_before(held, once) is None:
        text = f"메일이 {out.to} 주소로 전달되지 않았습니다. / The letter to {out.to} was not delivered."
        event = record(
            held, "note", ours=False, channel=Channel.SYSTEM, private=True, once=once,
            text=f"{text}\n{why[1].strip() if why else subject}",
        )  # fmt: skip
        letters.tell_agent(held, event)
    return out.case
