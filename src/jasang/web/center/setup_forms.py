"""What is chosen when a centre is set up: its address, its queues with hours and promises, its agents."""

from datetime import date, time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from jasang.diagnose.catalog import RULES
from jasang.web.center.clock import EVERY_DAY, USUAL_TERMS, hours_of
from jasang.web.center.models import Priority, Queue
from jasang.web.center.showing import priority_words
from jasang.web.ui.language import current

SHIFTS = 3  # rows of the form
LANGUAGES = ("ko", "en", "zh", "vi", "th", "id", "uz", "ja")
_LONGEST_MINUTES, _LONGEST_HOURS = 14_400, 2_400


def listed(text: str) -> list[str]:
    """Words separated by commas or lines, each once."""
    words = (" ".join(word.split()) for word in text.replace("\n", ",").split(","))
    return list(dict.fromkeys(word[:40] for word in words if word))[:30]


class CentreForm(forms.Form):
    """Where letters come to, and whether findings open cases."""

    address = forms.EmailField(required=False, max_length=200)
    from_findings = forms.BooleanField(required=False)


class AgentForm(forms.Form):
    """What an agent can do and how much."""

    skills = forms.CharField(required=False, max_length=400)
    languages = forms.MultipleChoiceField(choices=[(one, one) for one in LANGUAGES], required=False)
    most_open = forms.IntegerField(min_value=1, max_value=500)
    away = forms.BooleanField(required=False)

    def wanted(self) -> dict[str, Any]:
        """The arguments of `serving.change_agent`."""
        return self.cleaned_data | {"skills": listed(self.cleaned_data["skills"])}


class QueueForm(forms.Form):
    """A queue: whom it is for, when it serves and what it promises."""

    name = forms.CharField(max_length=80)
    place = forms.IntegerField(min_value=0, max_value=1000, required=False)
    skills = forms.CharField(required=False, max_length=400)
    languages = forms.MultipleChoiceField(choices=[(one, one) for one in LANGUAGES], required=False)
    rules = forms.MultipleChoiceField(required=False)
    timezone = forms.CharField(max_length=64)
    always = forms.BooleanField(required=False)
    holidays = forms.BooleanField(required=False)
    closed = forms.CharField(required=False, max_length=4000)
    worked = forms.CharField(required=False, max_length=4000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rules"].choices = [(rule.name, rule.title.in_language(current())) for rule in RULES]
        for row in range(SHIFTS):
            for name in ("start", "end", "break_start", "break_end"):
                self.fields[f"{name}{row}"] = forms.TimeField(required=False)
            self.fields[f"days{row}"] = forms.TypedMultipleChoiceField(
                coerce=int, choices=[(day, day) for day in range(1, 8)], required=False
            )
        for one in Priority:
            self.fields[f"answer_{one.word}"] = forms.FloatField(
                min_value=1, max_value=_LONGEST_MINUTES, required=False
            )
            self.fields[f"solve_{one.word}"] = forms.FloatField(
                min_value=0.25, max_value=_LONGEST_HOURS, required=False
            )

    def clean_timezone(self) -> str:
        """A zone that is known."""
        given = str(self.cleaned_data["timezone"]).strip()
        if given not in available_timezones():
            raise ValidationError(_("%(zone)s is no time zone; for Korea write Asia/Seoul.") % {"zone": given})
        return given

    def clean_closed(self) -> list[str]:
        """Days without service."""
        return _days(self.cleaned_data["closed"])

    def clean_worked(self) -> list[str]:
        """Days with service whatever the calendar says."""
        return _days(self.cleaned_data["worked"])

    def clean(self) -> dict[str, Any]:
        """The hours as a whole must make sense."""
        given = super().clean() or {}
        if self.errors:
            return given
        hours: dict[str, Any] = {"timezone": given["timezone"], "shifts": []}
        if not given["always"]:
            hours["shifts"] = [one for row in range(SHIFTS) if (one := self._shift(row)) is not None]
            if not hours["shifts"]:
                raise ValidationError(_("Give at least one row of hours, or tick that it serves around the clock."))
            hours |= {"closed": given["closed"], "worked": given["worked"]}
            hours["country"] = "KR" if given["holidays"] else None
            try:
                hours_of(hours)
            except ValueError as error:
                raise ValidationError(_("The hours do not fit together: %(why)s") % {"why": error}) from error
        given["hours"] = hours
        return given

    def _shift(self, row: int) -> dict[str, Any] | None:
        given = self.cleaned_data
        start, end, days = given[f"start{row}"], given[f"end{row}"], given[f"days{row}"]
        if start is None and end is None:
            return None
        if start is None or end is None or not days:
            raise ValidationError(_("A row of hours needs a beginning, an end and at least one day of the week."))
        found: dict[str, Any] = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "days": sorted(days)}
        pause = given[f"break_start{row}"], given[f"break_end{row}"]
        if None not in pause:
            found["breaks"] = [[f"{one:%H:%M}" for one in pause]]
        return found

    def wanted(self) -> dict[str, Any]:
        """The arguments of `serving.add_queue` and `change_queue`."""
        given = self.cleaned_data
        terms = {
            one.word: {
                "answer": given[f"answer_{one.word}"],
                "solve": None if given[f"solve_{one.word}"] is None else given[f"solve_{one.word}"] * 60,
            }
            for one in Priority
        }
        return {
            "name": given["name"].strip(),
            "place": given["place"] or 0,
            "skills": listed(given["skills"]),
            "languages": given["languages"],
            "rules": given["rules"],
            "hours": given["hours"],
            "terms": terms,
        }

    def shift_rows(self) -> list[dict[str, Any]]:
        """The rows of hours for the page."""
        names = ("start", "end", "break_start", "break_end")
        days = [(1, _("Mon")), (2, _("Tue")), (3, _("Wed")), (4, _("Thu")), (5, _("Fri")), (6, _("Sat")), (7, _("Sun"))]
        rows = []
        for row in range(SHIFTS):
            chosen = {str(day) for day in self[f"days{row}"].value() or ()}
            rows.append(
                {name: _clock(self[f"{name}{row}"].value()) for name in names}
                | {"number": row, "days": [(day, words, str(day) in chosen) for day, words in days]}
            )
        return rows

    def term_rows(self) -> list[dict[str, Any]]:
        """The promises by priority for the page."""
        return [
            {"word": one.word, "words": priority_words(one), "answer": self[f"answer_{one.word}"].value(),
             "solve": self[f"solve_{one.word}"].value()}
            for one in Priority
        ]  # fmt: skip


def _clock(value: Any) -> str:
    return f"{value:%H:%M}" if isinstance(value, time) else str(value or "")


def _days(text: str) -> list[str]:
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(date.fromisoformat(word).isoformat())
        except ValueError:
            raise ValidationError(_("%(day)s is no day; write it as 2026-12-31.") % {"day": word}) from None
    return found


def first_values(queue: Queue | None) -> dict[str, Any]:
    """What the form shows at first: the queue as it is, or the usual hours and promises."""
    hours = EVERY_DAY if queue is None else queue.hours
    terms = USUAL_TERMS if queue is None else queue.terms
    found: dict[str, Any] = {
        "timezone": hours.get("timezone", "Asia/Seoul"),
        "always": not hours.get("shifts"),
        "holidays": hours.get("country") == "KR",
        "closed": "\n".join(hours.get("closed", ())),
        "worked": "\n".join(hours.get("worked", ())),
    }
    for row, shift in enumerate(hours.get("shifts", ())[:SHIFTS]):
        found |= {
            f"start{row}": shift["start"],
            f"end{row}": shift["end"],
            f"days{row}": shift.get("days", range(1, 8)),
        }
        if shift.get("breaks"):
            found |= {f"break_start{row}": shift["breaks"][0][0], f"break_end{row}": shift["breaks"][0][1]}
    for word, promise in terms.items():
        solve = promise.get("solve")
        found |= {f"answer_{word}": promise.get("answer"), f"solve_{word}": None if solve is None else solve / 60}
    if queue is not None:
        found |= {"name": queue.name, "place": queue.place, "rules": queue.rules, "languages": queue.languages}
        found["skills"] = ", ".join(queue.skills)
    return found
