"""Mentors' profiles: made by the operator for anybody, by a mentor for himself or herself."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.optimize.assignment.regions import REGIONS
from jasang.web.programme.models import Mentor
from jasang.web.programme.sending import SKILLS
from jasang.web.programme.stages import StepRefused, allow_post
from jasang.web.tenants.models import Organisation, Role
from jasang.web.tenants.queries import factories_under, roles_at

LANGUAGES = ("ko", "en", "zh", "vi", "th", "uz", "ne", "km")


@transaction.atomic
def save_mentor(
    *, by: AbstractBaseUser, organisation: Organisation, mentor: Mentor | None = None, **fields: Any
) -> Mentor:
    """Keep a profile: name, region, skills (name → 0 to 1), languages, days, away ((first, last) days), conflicts (factory keys),
    leads, active, user. A mentor writes the own one, without `leads` and `active`, which are the operator's."""
    allow_post(by, organisation, Role.PROGRAMME_OPERATOR, Role.MENTOR)
    if Role.PROGRAMME_OPERATOR not in roles_at(by, organisation):
        mentor = own_profile(by, organisation)
        fields = {name: value for name, value in fields.items() if name not in ("leads", "active", "user")}
        fields["user"] = by
    kept = mentor or Mentor(organisation=organisation)
    for name, value in fields.items():
        setattr(kept, name, _checked(name, value, organisation))
    if not kept.name.strip():
        raise StepRefused(ko="이름을 적어 주세요.", en="Please write the name.")
    if kept.user is not None and Mentor.objects.of(organisation).filter(user=kept.user).exclude(pk=kept.pk).exists():
        raise StepRefused(ko=f"{kept.user}의 프로필이 이미 있습니다.", en=f"{kept.user} has a profile already.")
    kept.save()
    return kept


def own_profile(user: AbstractBaseUser, organisation: Organisation) -> Mentor | None:
    """The person's own profile there."""
    found: Mentor | None = Mentor.objects.of(organisation).filter(user=user).first()
    return found


def _checked(name: str, value: Any, organisation: Organisation) -> Any:
    check = _CHECKS.get(name)
    if check is None and name not in ("name", "leads", "active", "user"):
        raise ValueError(f"a mentor has no {name!r}")
    return value if check is None else check(value, organisation)


def _region(value: str, _organisation: Organisation) -> str:
    if value and value not in REGIONS:
        raise StepRefused(
            ko=f"지역 '{value}': {', '.join(REGIONS)} 중 하나입니다.",
            en=f"Region {value!r}; expected one of {', '.join(REGIONS)}.",
        )
    return value


def _skills(value: Mapping[str, float], _organisation: Organisation) -> dict[str, float]:
    for skill, level in value.items():
        if skill not in SKILLS or not 0 <= level <= 1:
            raise StepRefused(
                ko=f"기술 '{skill}' {level}: {', '.join(SKILLS)}, 0부터 1까지입니다.",
                en=f"Skill {skill!r} {level}; expected one of {', '.join(SKILLS)}, from 0 to 1.",
            )
    return {skill: float(level) for skill, level in value.items() if level > 0}


def _languages(value: Sequence[str], _organisation: Organisation) -> list[str]:
    for one in value:
        if one not in LANGUAGES:
            raise StepRefused(
                ko=f"언어 '{one}': {', '.join(LANGUAGES)} 중에서 고릅니다.",
                en=f"Language {one!r}; expected {', '.join(LANGUAGES)}.",
            )
    return list(dict.fromkeys(value))


def _days(value: int, _organisation: Organisation) -> int:
    if not 0 <= value <= 366:
        raise StepRefused(ko=f"일수 {value}: 0부터 366까지입니다.", en=f"Days {value}; expected 0 to 366.")
    return value


def _away(value: Sequence[Sequence[str]], _organisation: Organisation) -> list[list[str]]:
    spans = []
    for one in value:
        try:
            first, last = (date.fromisoformat(str(day)) for day in one)
        except ValueError as error:
            raise _wrong_span(one) from error
        if last < first:
            raise _wrong_span(one)
        spans.append([first.isoformat(), last.isoformat()])
    return spans


def _wrong_span(one: Sequence[str]) -> StepRefused:
    said = " ~ ".join(str(day) for day in one)
    return StepRefused(
        ko=f"없는 기간 '{said}': 2026-12-01 ~ 2026-12-14처럼 적습니다.",
        en=f"Away {said!r}; expected a first and a last day, as 2026-12-01 ~ 2026-12-14.",
    )


def _conflicts(value: Sequence[str], organisation: Organisation) -> list[str]:
    known = set(factories_under(organisation).filter(key__in=list(value)).values_list("key", flat=True))
    for key in value:
        if key not in known:
            raise StepRefused(ko=f"'{key}' 공장은 없습니다.", en=f"There is no factory {key!r}.")
    return list(dict.fromkeys(value))


_CHECKS = {
    "region": _region,
    "skills": _skills,
    "languages": _languages,
    "days": _days,
    "away": _away,
    "conflicts": _conflicts,
}
