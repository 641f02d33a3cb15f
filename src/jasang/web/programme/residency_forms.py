"""What may be entered on the pages of a residency and of a mentor's answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jasang.web.programme.forms import CheckedFiles, Day
from jasang.web.tenants.models import Membership
from jasang.web.ui.checked_files import Checked


class Photos(CheckedFiles):
    """Photos: chosen, or taken at once by a phone's camera."""

    def __init__(self, *, camera: bool = False, **options: Any) -> None:
        super().__init__(required=False, **options)
        self.widget.attrs |= {"accept": "image/jpeg,image/png,image/webp"}
        if camera:
            self.widget.attrs |= {"capture": "environment"}


class TaskForm(forms.Form):
    """A task: what, who, until when, about which finding."""

    text = forms.CharField(max_length=500, label=_("What is to be done?"))
    person = forms.ModelChoiceField(
        queryset=Membership.objects.none(), required=False, label=_("Who"), empty_label=_("nobody with an account")
    )
    who = forms.CharField(max_length=80, required=False, label=_("Name, if without an account"))
    due_on = Day(required=False, label=_("Until"))
    lasting = forms.ChoiceField(required=False, label=_("About which finding"))

    def __init__(self, *given: Any, members: Any, findings: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["person"].queryset = members
        self.fields["person"].label_from_instance = lambda one: one.user.get_username()
        self.fields["lasting"].choices = [("", _("no finding")), *findings]

    def told(self) -> dict[str, Any]:
        """What `residencies.add_task` asks for."""
        told = dict(self.cleaned_data)
        member = told.pop("person")
        return told | {"person": member.user if member is not None else None}


class NoteForm(forms.Form):
    """A spot of the floor walk or an entry of the diary, with photos."""

    place = forms.CharField(max_length=120, required=False, label=_("Where"))
    text = forms.CharField(max_length=10_000, label=_("What do you see?"), widget=forms.Textarea(attrs={"rows": 3}))
    camera = Photos(camera=True, label=_("Take a photo"))
    photos = Photos(label=_("Or choose photos"))

    def taken(self) -> list[Checked]:
        """All photos."""
        return [*self.cleaned_data["camera"], *self.cleaned_data["photos"]]


class ChangeForm(forms.Form):
    """Before and after."""

    title = forms.CharField(max_length=200, label=_("What was changed?"))
    lasting = forms.ChoiceField(
        required=False,
        label=_("For which finding"),
        help_text=_("Its verified effect is the proof of what the change is worth."),
    )
    on = Day(required=False, label=_("Changed on"))
    before = forms.CharField(
        max_length=4000, required=False, label=_("Before"), widget=forms.Textarea(attrs={"rows": 2})
    )
    photos_before = Photos(label=_("Photos before"))
    after = forms.CharField(max_length=4000, required=False, label=_("After"), widget=forms.Textarea(attrs={"rows": 2}))
    photos_after = Photos(label=_("Photos after"))

    def __init__(self, *given: Any, findings: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*given, **options)
        self.fields["lasting"].choices = [("", _("no finding")), *findings]


class HandOverForm(forms.Form):
    """One thing that is handed over."""

    text = forms.CharField(max_length=500, label=_("What is handed over?"))
    keeper = forms.CharField(max_length=80, required=False, label=_("Who looks after it from now on"))


class AnswerForm(forms.Form):
    """A mentor's answer to one item of the rubric."""

    item = forms.CharField(max_length=60)
    step = forms.IntegerField(min_value=0, max_value=5)
    words = forms.CharField(max_length=4000, required=False)
    files = CheckedFiles(required=False)
