"""`jasang-portal export`: a factory, or an organisation with all below it, as one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.api.moving import export_place, place_named
from jasang.web.ui.language import current


class Command(BaseCommand):
    """Write everything of a factory or an organisation into one file. 공장이나 기관의 모든 것을 파일 하나로 씁니다."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and where to."""
        of = parser.add_mutually_exclusive_group(required=True)
        of.add_argument("--factory", help="key or name / 공장의 열쇠글자나 이름")
        of.add_argument("--organisation", help="key or name; with all below it / 기관과 그 아래 모두")
        parser.add_argument(
            "file", type=Path, help="FILE.zip with the files handed over, or FILE.jsonl with the rows only"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it."""
        target: Path = options["file"]
        if target.suffix.lower() not in (".zip", ".jsonl") or not target.absolute().parent.is_dir():
            raise CommandError(f"{target}: expected FILE.zip or FILE.jsonl in a folder that exists")
        try:
            place = place_named(factory=options["factory"], organisation=options["organisation"])
            count = export_place(place, target)
        except JasangError as error:
            raise CommandError(error.in_language(current())) from error
        self.stdout.write(f"{target}: {count} rows of {place.name} ({place.key})")
