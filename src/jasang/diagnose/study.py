"""The study: the answer of one analysis that somebody asked for by name, with its numbers, charts and tables.

A finding comes by itself and says what is wrong; a study answers a question ("is this process capable?"), also when all is well.
"""

from dataclasses import dataclass

from jasang.diagnose.chart import Chart
from jasang.diagnose.finding import Action, Evidence, Subject
from jasang.plant.text import Text

Cell = Text | str | float | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """A small table of results: one heading a column, cells as texts in both languages, names, numbers, or nothing."""

    title: Text
    headings: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(
                    f"table {self.title.en!r}: a row of {len(row)} cells under {len(self.headings)} headings"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One question answered.

    `kind` names the analysis for programs (control_chart, capability, gauge, losses, …); `title` is the question, `answer` the
    answer in one to three sentences a foreman understands; `notes` say what was assumed, left out or doubted.
    """

    kind: str
    title: Text
    answer: Text
    subject: Subject
    evidence: tuple[Evidence, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[StudyTable, ...] = ()
    actions: tuple[Action, ...] = ()
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """What a command or page shows: the studies of one factory, in the factory's time zone."""

    factory: str
    timezone: str
    studies: tuple[Study, ...]
