"""Made programmes of the size of the real one: factories and mentors over 17 regions."""

import numpy as np

from jasang.optimize.assignment import AssignmentProblem, Factory, Mentor
from jasang.optimize.assignment.regions import REGIONS

SKILLS = ("process", "equipment", "data", "quality", "energy", "moulds")
# Share of small manufacturers by region, roughly (Gyeonggi and the south-east lead).
_SHARE = np.array([6, 7, 6, 8, 3, 3, 4, 1, 30, 2, 5, 6, 3, 3, 7, 9, 1], float)


def programme(
    *,
    factories: int = 2165,
    mentors: int = 200,
    use: float = 0.9,
    seed: int = 0,
    calendar: bool = False,
    teams: bool = False,
) -> AssignmentProblem:
    """A programme whose mentors' days are used to the share `use`; with `calendar` residencies of 6 to 10 weeks and absences."""
    random = np.random.default_rng(seed)
    regions, share = list(REGIONS), _SHARE / _SHARE.sum()

    def place(region: int, km: float) -> tuple[float, float]:
        latitude, longitude = REGIONS[regions[region]]
        return float(latitude + random.normal() * km / 111), float(longitude + random.normal() * km / 89)

    days = random.integers(8, 31, factories)
    weeks = np.clip(np.round(days / 4 + random.integers(3, 6, factories)), 6, 10).astype(int)
    parts = 3 if teams else 1
    even = random.dirichlet(np.full(mentors, 30.0)) * days.sum() * parts / use
    if teams:
        even[:] = days.sum() * parts / use / mentors * random.uniform(0.97, 1.03, mentors)
    where_f = random.choice(17, factories, p=share)
    where_m = random.choice(17, mentors, p=share)
    made = tuple(
        Factory(
            id=f"F{i:04d}", region=regions[where_f[i]], place=place(int(where_f[i]), 20.0),
            needs={s: round(float(random.random() ** 2), 2) for s in SKILLS}, days=int(days[i]),
            weeks=int(weeks[i]) if calendar else None, sobujang=bool(random.random() < 0.4),
        )
        for i in range(factories)
    )  # fmt: skip
    horizon = int(np.ceil(weeks.sum() * parts / mentors / min(use, 0.93))) + 6 if calendar else None
    people = []
    for j in range(mentors):
        skills = {s: round(float(random.random() ** 1.5), 2) for s in SKILLS}
        if teams:  # everybody is at home in one of the three
            skills[SKILLS[j % 3]] = round(float(random.uniform(0.6, 1.0)), 2)
        away = ()
        if horizon is not None and random.random() < 0.4:
            week = int(random.integers(1, horizon - 1))
            away = ((week, min(horizon, week + int(random.integers(0, 3)))),)
        known = random.choice(factories, min(factories, 3), replace=False)
        others = random.choice(factories, min(factories, max(1, factories // 50)), replace=False)
        people.append(Mentor(
            id=f"M{j:03d}", region=regions[where_m[j]], place=place(int(where_m[j]), 20.0), skills=skills,
            days=int(max(even[j], 30)), away=away, knows=tuple(f"F{i:04d}" for i in known),
            conflicts=tuple(f"F{i:04d}" for i in others if i not in known), leads=bool(random.random() < 0.5) or j % 3 == 0,
        ))  # fmt: skip
    return AssignmentProblem(
        factories=made, mentors=tuple(people), horizon=horizon, team_skills=SKILLS[:3] if teams else ()
    )
