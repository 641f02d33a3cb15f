"""The question "where does the electricity go?" asked of a factory's data."""

from collections.abc import Mapping
from pathlib import Path

from jasang.diagnose.studies.energy import energy_studies
from jasang.diagnose.study import StudyResult
from jasang.errors import WrongArguments
from jasang.mentor.asked_data import open_evidence
from jasang.plant.text import Progress, silent


def energy_of(path: Path, *, progress: Progress = silent) -> StudyResult:
    """Base load, nights, peaks and the bill, machines that wait, and energy per piece, as far as the data tell.

    Raises
    ------
    WrongArguments
        No column of energy is there.
    UnreadableInput
        The input cannot be read.
    """
    with open_evidence(path, progress=progress) as evidence:
        studies = energy_studies(evidence)
        if not studies:
            raise WrongArguments(
                ko="전력이나 전력량 항목을 찾지 못했습니다. kWh나 kW 열이 필요합니다. "
                'factory.toml에서 그 열을 role = "energy"로 적고 다시 해 보세요.',
                en='No column of energy or power was found; expected one in kWh or kW. State it as role = "energy" in '
                "factory.toml and try again.",
            )
        return StudyResult(factory=evidence.factory.name, timezone=evidence.factory.timezone, studies=studies)


def answer(path: Path, options: Mapping[str, str], progress: Progress) -> StudyResult:  # noqa: ARG001 - nothing to choose
    """The same as a page asks it."""
    return energy_of(path, progress=progress)
