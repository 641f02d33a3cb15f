"""Made expos of the size of the real one: suppliers of 17 regions, buyers of many languages, wishes on both sides."""

import numpy as np

from jasang.optimize.meetings import MeetingsProblem, Party, Wish

_LANGUAGES = ("en", "zh", "ja", "vi", "de", "es")
_SPOKEN = np.array([0.35, 0.2, 0.15, 0.12, 0.1, 0.08])


def expo(
    *,
    suppliers: int = 3000,
    buyers: int = 500,
    days: int = 3,
    slots: int = 8,
    asked: int = 8,
    tables: float = 0.9,
    seed: int = 0,
) -> MeetingsProblem:
    """An expo with `asked` wishes of each supplier and three times as many of each buyer; `tables` tables for each buyer."""
    random = np.random.default_rng(seed)
    industry = random.integers(0, 12, suppliers), random.integers(0, 12, buyers)
    fame = random.lognormal(0, 0.7, buyers), random.lognormal(0, 0.5, suppliers)
    wishes: dict[tuple[int, int], list[float]] = {}
    for s in range(suppliers):
        odds = fame[0] * np.where(industry[1] == industry[0][s], 8.0, 1.0)
        for b in random.choice(buyers, min(asked, buyers), replace=False, p=odds / odds.sum()):
            wishes.setdefault((s, int(b)), [0.0, 0.0])[0] = round(float(random.uniform(0.3, 1.0)), 2)
    for b in range(buyers):
        odds = fame[1] * np.where(industry[0] == industry[1][b], 8.0, 1.0)
        for s in random.choice(suppliers, min(3 * asked, suppliers), replace=False, p=odds / odds.sum()):
            wishes.setdefault((int(s), b), [0.0, 0.0])[1] = round(float(random.uniform(0.3, 1.0)), 2)

    def party(name: str, number: int, languages: tuple[str, ...], most: int) -> Party:
        away = [(day, 5) for day in range(1, days + 1) if random.random() < 0.3 and slots >= 5]
        if days > 1 and random.random() < 0.1:  # comes for part of the days only
            day = int(random.integers(1, days + 1))
            away += [(day, slot) for slot in range(1, slots + 1) if (day, slot) not in away]
        return Party(
            id=f"{name}{number:04d}", languages=languages, away=tuple(away), max_per_day=most,
            no_show=round(float(random.beta(1.5, 12)), 3),
        )  # fmt: skip

    made_s = tuple(party("S", k, ("ko", "en") if random.random() < 0.35 else ("ko",), 4) for k in range(suppliers))
    made_b = tuple(
        party("B", k, (str(random.choice(_LANGUAGES, p=_SPOKEN)),), max(1, slots - 1)) for k in range(buyers)
    )
    interpreters = tuple(
        (name, max(1, round(0.7 * share * buyers))) for name, share in zip(_LANGUAGES, _SPOKEN.tolist(), strict=True)
    )
    return MeetingsProblem(
        suppliers=made_s, buyers=made_b, slots=(slots,) * days, tables=max(1, int(tables * buyers)), interpreters=interpreters,
        wishes=tuple(
            Wish(supplier=made_s[s].id, buyer=made_b[b].id, by_supplier=one, by_buyer=other)
            for (s, b), (one, other) in sorted(wishes.items())
        ),
    )  # fmt: skip
