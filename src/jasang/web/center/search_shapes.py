"""Past cases whose signal had a like shape: a centre's kept profiles, held in memory, new ones added as they come."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from django.db import connection

from jasang.mentor import shapes
from jasang.web.center.models import Article, Sighting
from jasang.web.center.search_store import Reader
from jasang.web.tenants.models import Organisation

LEAST = 0.93  # likeness from which a case is shown; a step and a ramp have 0.90
_ROOM = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A past case (its key), or the article made from it, and how alike its signal is (0 to 1)."""

    kind: str  # case | article
    source: str
    likeness: float
    shape: bytes


@dataclass(slots=True)
class _Kept:
    """The profiles of one centre: `size` rows of the arrays count."""

    last: int = 0
    size: int = 0
    matrix: shapes.Array = field(default_factory=lambda: np.zeros((_ROOM, shapes.POINTS), dtype=np.float32))
    factories: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_ROOM, dtype=np.int64))
    cases: list[str] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)

    def add(self, rows: Sequence[tuple[int, object, int | None, bytes]]) -> None:
        """Rows of (number, key of the case, factory, profile)."""
        need = self.size + len(rows)
        if need > len(self.factories):
            more = max(need, 2 * len(self.factories)) - len(self.factories)
            self.matrix = np.concatenate([self.matrix, np.zeros((more, shapes.POINTS), dtype=np.float32)])
            self.factories = np.concatenate([self.factories, np.zeros(more, dtype=np.int64)])
        self.matrix[self.size : need] = shapes.unpacked([bytes(row[3]) for row in rows])
        self.factories[self.size : need] = [row[2] or 0 for row in rows]
        for number, key, _factory, _profile in rows:
            self.place[str(key)] = len(self.cases)
            self.cases.append(str(key))
            self.last = max(self.last, number)
        self.size = need


_kept: dict[tuple[str, int], _Kept] = {}


def _of(centre: Organisation) -> _Kept:
    name = (str(connection.settings_dict["NAME"]), centre.pk)
    found = _kept.setdefault(name, _Kept())
    rows = Sighting.objects.of_every_factory().filter(
        centre=centre, profile__isnull=False, case__isnull=False, pk__gt=found.last
    )
    new = list(rows.order_by("pk").values_list("pk", "case__key", "factory", "profile"))
    if new:
        found.add(new)
    return found


def like(reader: Reader, asked: bytes, *, besides: str = "", limit: int = 5) -> list[Like]:
    """Past cases whose signal looked like this one, best first: of all factories for an agent; for a factory its own, and
    articles of its centre made from others' cases."""
    if reader.centre is None:
        return []
    kept = _of(reader.centre)
    if not kept.size:
        return []
    articles: dict[str, str] = {}
    allowed = None
    if reader.factory is not None:
        allowed = kept.factories[: kept.size] == reader.factory.pk
        rows = Article.objects.of(reader.centre).filter(published_at__isnull=False, case__isnull=False)
        for case, article in rows.values_list("case__key", "key"):
            place = kept.place.get(str(case))
            if place is not None and not allowed[place]:
                articles[str(case)] = str(article)
                allowed[place] = True
    matrix = kept.matrix[: kept.size]
    found = shapes.nearest(shapes.unpacked(asked)[0], matrix, allowed=allowed, limit=limit + 1)
    told = []
    for one in found:
        case = kept.cases[one.place]
        if case == besides or one.likeness < LEAST:
            continue
        kind, source = ("article", articles[case]) if case in articles else ("case", case)
        shape = b"" if kind == "article" else shapes.packed(matrix[one.place])  # an article shows no factory's signal
        told.append(Like(kind=kind, source=source, likeness=one.likeness, shape=shape))
    return told[:limit]
