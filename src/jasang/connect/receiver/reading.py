"""Bodies into what a store takes: by the compiled pass over their bytes where numba is there, else by Arrow's columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import pyarrow as pa

from jasang.connect.line_protocol import Parsed, SignalNames, parse_lines
from jasang.connect.line_protocol.scanner import Answer, Body, Scanner
from jasang.plant.reading import Signal
from jasang.plant.reading_columns import ReadingColumns


class NumbersOfSignals(Protocol):
    """A store that numbers its signals."""

    def numbers(self, names: Sequence[str]) -> list[int]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was in some bodies: readings, what became of each body, and signals that nobody has described yet."""

    readings: tuple[pa.Table | ReadingColumns, ...]
    answers: tuple[Answer, ...]
    fresh: tuple[Signal, ...]


class BodyReader(Protocol):
    """Reads bodies; for one thread. The readings are good until the next call."""

    def read(self, bodies: Sequence[Body]) -> Read: ...


class ScanningReader:
    """By the compiled pass."""

    def __init__(self, scan: ModuleType, names: SignalNames, store: NumbersOfSignals) -> None:
        self._names = names
        self._scanner = Scanner(scan, names, lambda name: store.numbers([name])[0])

    def read(self, bodies: Sequence[Body]) -> Read:
        """All bodies as one block of columns."""
        columns, answers = self._scanner.read(bodies)
        return Read(readings=(columns,), answers=tuple(answers), fresh=_taken(self._names))


class ArrowReader:
    """By Arrow's columns; bodies that may be read as one are."""

    def __init__(self, names: SignalNames) -> None:
        self._names = names

    def read(self, bodies: Sequence[Body]) -> Read:
        """One table for each unit, and one for each body that must be read alone."""
        tables: list[pa.Table] = []
        answers = [Answer(points=0, bad=())] * len(bodies)
        together: dict[int, list[int]] = {}
        alone: list[int] = []
        for place, body in enumerate(bodies):
            # What goes on in the next line could go on in the next body.
            goes_on = b'"' in body.text or b"\\" in body.text
            (alone if goes_on or len(bodies) == 1 else together.setdefault(body.unit, [])).append(place)
        for unit, places in together.items():
            joined = b"\n".join([bodies[place].text for place in places])
            parsed = self._parse(Body(text=joined, unit=unit, now=bodies[places[-1]].now))
            if parsed.bad:
                alone += places
                continue
            tables.append(parsed.rows)
            # Who wrote how much is not asked; the first is told all of it.
            answers[places[0]] = Answer(points=parsed.points, bad=())
        for place in alone:
            parsed = self._parse(bodies[place])
            tables.append(parsed.rows)
            answers[place] = Answer(points=parsed.points, bad=parsed.bad)
        return Read(readings=tuple(_few(tables)), answers=tuple(answers), fresh=_taken(self._names))

    def _parse(self, body: Body) -> Parsed:
        return parse_lines(bytes(body.text), unit=body.unit, now=body.now, names=self._names)


def _taken(names: SignalNames) -> tuple[Signal, ...]:
    fresh, names.fresh = tuple(names.fresh), []
    return fresh


def _few(tables: Sequence[pa.Table]) -> Sequence[pa.Table]:
    """A thousand tables of one row cost the store more than one table of a thousand."""
    if len(tables) < 2:
        return tables
    by_schema: dict[pa.Schema, list[pa.Table]] = {}
    for table in tables:
        by_schema.setdefault(table.schema, []).append(table)
    return [pa.concat_tables(group).unify_dictionaries() for group in by_schema.values()]
