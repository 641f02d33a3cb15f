"""What may be entered on the pages of calls, applications, judging and money."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from jasang.mentor.wording import typed_number
from jasang.web.programme.calls import criterion_id
from jasang.web.programme.models import Support
from jasang.web.programme.words import support_words
from jasang.web.ui.file_field import CheckedFiles

LONGEST = 8000
LARGEST_WON = 1_000_000_000_000
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)


class Day(forms.DateField):
    """A day, chosen in the browser's own calendar; none so far away that nothing can be added to it."""

    def __init__(self, **options: Any) -> None:
        bounds = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, validators=bounds, **options)


class Won(forms.IntegerField):
    """Won, also with commas."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
        super().__init__(min_value=0, max_value=LARGEST_WON, widget=widget, **options)

    def to_python(self, value: Any) -> int | None:
        """Blanks and 원 are left out, and commas before each three digits."""
        plain = str(value or "").replace("원", "").replace(" ", "")
        if "," in plain:
            try:
                typed_number(plain)
            except ValueError:
                raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None
        return super().to_python(plain.replace(",", ""))


class Words(forms.CharField):
    """Several lines."""

    def __init__(self, *, rows: int = 4, **options: Any) -> None:
        super().__init__(max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows}), **options)


class CallForm(forms.Form):
    """A call. Documents and criteria are lines: "name; needed; judges" and "name; points"."""

    title = forms.CharField(max_length=200, label=_("Title"))
    cohort_name = forms.CharField(
        max_length=120, label=_("Cohort"), help_text=_("The year or round; a new name makes a new cohort.")
    )
    support = forms.ChoiceField(label=_("Support"), choices=list)
    text = Words(label=_("What it is for"), required=False, rows=6)
    opens_on = Day(label=_("Applications from"))
    closes_on = Day(label=_("Applications until"))
    visits_until = Day(label=_("Mentors' visits until"), required=False)
    judging_until = Day(label=_("Judges' points until"), required=False)
    most_won = Won(label=_("At most for one factory, won"))
    share = forms.IntegerField(
        min_value=1,
        max_value=100,
        label=_("Share of the cost that is paid, %"),
        help_text=_("The factory pays the rest itself."),
    )
    budget = Won(
        label=_("Money for all together, won"),
        required=False,
        help_text=_("Draws the line in the ranking. Blank: no line."),
    )
    least_points = forms.IntegerField(
        min_value=0,
        max_value=100,
        initial=70,
        label=_("Least mean of the judges' points"),
        help_text=_("Below it an application is rejected."),
    )
    documents = Words(
        label=_("Documents asked for"), required=False,
        help_text=_("One a line. “!” before the name: it must be there. “@” before it: judges see it; no firm's name inside."),
    )  # fmt: skip
    criteria = Words(label=_("Criteria"), help_text=_("One a line: name = points. All together 100."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["support"].choices = [(one.value, support_words(one)) for one in Support]

    def clean_documents(self) -> list[dict[str, Any]]:
        """From lines to a list."""
        made = []
        for line in self.cleaned_data["documents"].splitlines():
            plain = line.strip()
            marks = plain[: len(plain) - len(plain.lstrip("!@ "))]
            name = plain.lstrip("!@ ")
            if name:
                made.append({"name": name[:120], "needed": "!" in marks, "judges": "@" in marks})
        return made

    def clean_criteria(self) -> list[dict[str, Any]]:
        """From lines to a list."""
        made = []
        for place, line in enumerate(one for one in self.cleaned_data["criteria"].splitlines() if one.strip()):
            name, _sign, points = line.rpartition("=")
            if not name.strip() or not points.strip().isdecimal():
                raise ValidationError(_("“%(line)s”: expected name = points.") % {"line": line.strip()})
            made.append({"id": criterion_id(name.strip(), place), "name": name.strip(), "most": int(points)})
        return made

    def wanted(self) -> dict[str, Any]:
        """The fields as `make_call` and `change_call` take them."""
        fields = dict(self.cleaned_data)
        fields["most_share"] = Decimal(fields.pop("share")) / 100
        return fields


def call_values(call: Any) -> dict[str, Any]:
    """The call as the form's first values."""
    names = (
        "title",
        "support",
        "text",
        "opens_on",
        "closes_on",
        "visits_until",
        "judging_until",
        "most_won",
        "budget",
        "least_points",
    )
    return {name: getattr(call, name) for name in names} | {
        "cohort_name": call.cohort.name,
        "share": round(call.most_share * 100),
        "documents": document_lines(call.documents),
        "criteria": criterion_lines(call.criteria),
    }


def document_lines(documents: Any) -> str:
    """Documents as lines."""
    return "\n".join(
        f"{'!' if one['needed'] else ''}{'@' if one['judges'] else ''} {one['name']}".strip() for one in documents
    )


def criterion_lines(criteria: Any) -> str:
    """Criteria as lines."""
    return "\n".join(f"{one['name']} = {one['most']}" for one in criteria)


class DraftForm(forms.Form):
    """An application; anything may still be blank."""

    wish = Words(
        label=_("What do you want to solve?"), required=False, rows=5,
        help_text=_("As you would tell it at the machine: which product, how often, what it costs. Leave the firm's name out."),
    )  # fmt: skip
    expected = Words(label=_("What should be better afterwards?"), required=False, rows=3)
    cost = Won(label=_("Whole cost, won"), required=False)
    asked = Won(label=_("Of it as a grant, won"), required=False)
    contact = forms.CharField(label=_("Who can be called, and when"), max_length=120, required=False)

    def wanted(self) -> dict[str, Any]:
        """The fields as `keep_draft` takes them."""
        given = self.cleaned_data
        return {name: given[name] or 0 for name in ("cost", "asked")} | {
            name: given[name] for name in ("wish", "expected", "contact")
        }


class VisitForm(forms.Form):
    """The report of a visit."""

    visited_on = Day(label=_("Day of the visit"))
    found = Words(
        label=_("What was found"), help_text=_("Machines, data that is there, people, the problem with its numbers.")
    )
    way = Words(label=_("How it can be solved"), required=False)
    risks = Words(label=_("What could go wrong"), required=False, rows=2)
    feasible = forms.TypedChoiceField(
        label=_("Can it be done?"),
        choices=list,
        coerce=lambda given: given == "yes",
        widget=forms.RadioSelect,
        empty_value=None,
    )
    words = Words(label=_("Summary in two sentences"), rows=2, help_text=_("Judges read it, too."))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["feasible"].choices = [("yes", _("Yes, it is feasible")), ("no", _("No, it is not feasible"))]


class PlanForm(forms.Form):
    """Plan and milestones; a milestone a line: "what is reached = won = day"."""

    plan = Words(label=_("Plan"), rows=5)
    milestones = Words(
        label=_("Milestones"),
        help_text=_("One a line: what is reached = won = day (2026-12-31). Together exactly the grant."),
    )

    def clean_milestones(self) -> list[tuple[str, int, Any]]:
        """From lines to a list."""
        made = []
        for line in (one.strip() for one in self.cleaned_data["milestones"].splitlines() if one.strip()):
            parts = [part.strip() for part in line.split("=")]
            try:
                title, amount = parts[0], Won().clean(parts[1])
                made.append((title[:200], amount, Day().clean(parts[2]) if len(parts) > 2 else None))
            except (IndexError, ValidationError) as error:
                raise ValidationError(_("“%(line)s”: expected what = won = day.") % {"line": line}) from error
        return made


class ClaimForm(forms.Form):
    """The owner claims a milestone."""

    words = Words(label=_("What was reached"), rows=3)
    own_paid = Won(label=_("Spent of your own share for it, won"), required=False)
    files = CheckedFiles(label=_("Proof: invoices, photos, test report"), required=False)


class FilesForm(forms.Form):
    """Files for a document."""

    title = forms.CharField(max_length=120, required=False)
    files = CheckedFiles(required=True)
