"""What may be entered about mentors and plans."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jasang.optimize.assignment.regions import REGIONS
from jasang.web.programme.forms import Day, Words
from jasang.web.programme.mentors import LANGUAGES
from jasang.web.programme.models import Mentor
from jasang.web.programme.planning import LONGEST
from jasang.web.programme.residencies import WEEKS
from jasang.web.programme.sending import SKILLS, Wishes
from jasang.web.programme.words import language_words, skill_words


class MentorForm(forms.Form):
    """A mentor's profile."""

    name = forms.CharField(max_length=80, label=_("Name"))
    region = forms.ChoiceField(label=_("Region"), choices=[("", "–"), *((one, one) for one in REGIONS)], required=False)
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=list, initial=["ko"], widget=forms.CheckboxSelectMultiple, required=False
    )
    days = forms.IntegerField(label=_("Days a year for factories"), min_value=0, max_value=366, initial=120)
    away = Words(
        label=_("Away"),
        required=False,
        rows=2,
        help_text=_("One a line: 2026-12-01 ~ 2026-12-14. Nobody is sent to a factory then."),
    )
    conflicts = Words(
        label=_("Factories with which there is a tie"),
        required=False,
        rows=2,
        help_text=_("One name a line. You are never sent there."),
    )
    leads = forms.BooleanField(label=_("May lead a team"), required=False)
    active = forms.BooleanField(label=_("Can be sent"), required=False, initial=True)
    user = forms.ChoiceField(
        label=_("Account"),
        required=False,
        choices=list,
        help_text=_("With an account the mentor answers and works in the factory's pages."),
    )

    def __init__(
        self, *args: Any, runs: bool, accounts: Any, below: Any, mentor: Mentor | None = None, **options: Any
    ) -> None:
        self.below, self.accounts = below, {str(one.pk): one for one in accounts}
        options.setdefault("initial", self._first(mentor) if mentor is not None else {})
        super().__init__(*args, **options)
        self.order_fields(
            ["name", "region", *(f"skill_{skill}" for skill in SKILLS), "languages", "days", "away", "conflicts"]
        )
        for skill in SKILLS:
            self.fields[f"skill_{skill}"] = forms.TypedChoiceField(
                label=skill_words(skill), coerce=float, empty_value=0.0, required=False,
                choices=[("0.0", _("not")), ("0.5", _("can")), ("0.8", _("good")), ("1.0", _("very good"))],
            )  # fmt: skip
        self.fields["languages"].choices = [(one, language_words(one)) for one in LANGUAGES]
        if runs:
            self.fields["user"].choices = [
                ("", "–"),
                *((key, one.get_username()) for key, one in self.accounts.items()),
            ]
        else:
            for name in ("leads", "active", "user"):
                del self.fields[name]
        self.order_fields(
            ["name", "region", *(f"skill_{skill}" for skill in SKILLS), "languages", "days", "away", "conflicts"]
        )

    def _first(self, mentor: Mentor) -> dict[str, Any]:
        names = dict(self.below.filter(key__in=mentor.conflicts).values_list("key", "name"))
        first = {name: getattr(mentor, name) for name in ("name", "region", "languages", "days", "leads", "active")}
        first |= {f"skill_{skill}": _step(mentor.skills.get(skill, 0)) for skill in SKILLS}
        return first | {
            "away": "\n".join(f"{begin} ~ {end}" for begin, end in mentor.away),
            "conflicts": "\n".join(names.get(key, key) for key in mentor.conflicts),
            "user": str(mentor.user_id or ""),
        }

    def clean_conflicts(self) -> list[str]:
        """Names to keys."""
        keys = []
        for line in (one.strip() for one in self.cleaned_data["conflicts"].splitlines() if one.strip()):
            found = list(self.below.filter(name=line).values_list("key", flat=True)[:2]) or list(
                self.below.filter(key=line).values_list("key", flat=True)
            )
            if not found:
                raise ValidationError(_("There is no factory “%(name)s”.") % {"name": line})
            keys += found
        return keys

    def wanted(self) -> dict[str, Any]:
        """The fields as `save_mentor` takes them."""
        given = dict(self.cleaned_data)
        skills = {skill: given.pop(f"skill_{skill}") or 0.0 for skill in SKILLS}
        away = [[day.strip() for day in line.split("~")] for line in given.pop("away").splitlines() if line.strip()]
        if "user" in given:
            given["user"] = self.accounts.get(given["user"])
        return given | {"skills": skills, "away": away}


def _step(level: float) -> str:
    return str(min((0.0, 0.5, 0.8, 1.0), key=lambda one: abs(one - level)))


class PlanForm(forms.Form):
    """What the operator wants of a plan."""

    cohort = forms.ChoiceField(label=_("Cohort"), choices=list)
    starts_on = Day(label=_("First day of week 1"))
    horizon = forms.IntegerField(
        label=_("Weeks of the plan"), min_value=WEEKS, max_value=LONGEST, required=False,
        help_text=_("A residency takes 8 weeks. With weeks, absences of mentors count; blank: one after the other."),
    )  # fmt: skip
    teams = forms.BooleanField(
        label=_("Teams of three"), required=False, help_text=_("One for each of the three skills; one of them leads.")
    )
    team_skills = forms.MultipleChoiceField(
        label=_("The three skills"), choices=list, widget=forms.CheckboxSelectMultiple, required=False
    )
    approved_only = forms.BooleanField(label=_("Only factories with a grant"), required=False)
    fair = forms.BooleanField(
        label=_("Share the work evenly"),
        required=False,
        help_text=_("Costs a little fit; nobody carries much more than the others."),
    )

    def __init__(self, *args: Any, cohorts: list[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["cohort"].choices = [(str(one.key), one.name) for one in cohorts]
        self.fields["team_skills"].choices = [(skill, skill_words(skill)) for skill in SKILLS]

    def clean(self) -> dict[str, Any]:
        """Teams need three skills."""
        given = super().clean() or {}
        if given.get("teams") and len(given.get("team_skills", ())) != 3:
            raise ValidationError(_("Choose exactly three skills for teams of three."))
        return given

    def wishes(self) -> Wishes:
        """As the service takes them."""
        given = self.cleaned_data
        return Wishes(
            starts_on=given["starts_on"], horizon=given["horizon"], approved_only=given["approved_only"],
            team_skills=tuple(given["team_skills"]) if given["teams"] else (), fairness=1.0 if given["fair"] else 0.0,
        )  # fmt: skip
