"""`jasang-portal import`: take in a file that `jasang-portal export` made, all of it or nothing."""

# ruff: noqa: N999 (Django takes the name of the command from the file)

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.api.importing import ImportRefused
from jasang.web.api.moving import import_file
from jasang.web.ui.language import current


class Command(BaseCommand):
    """Take in a file of jasang-portal export, all or nothing. 내보낸 파일을 모두 들이거나 아무것도 들이지 않습니다."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and whether only to try."""
        parser.add_argument("file", type=Path, help="FILE.zip or FILE.jsonl")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done / 해 보기만")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the database up to date and take the file in."""
        source: Path = options["file"]
        if not source.is_file():
            raise CommandError(f"{source}: there is no such file")
        call_command("migrate", interactive=False, verbosity=0)
        try:
            counts = import_file(source, dry_run=options["dry_run"])
        except ImportRefused as refused:
            for one in refused.errors:
                self.stderr.write(f"row {one.row} {one.kind}.{one.field}: found '{one.found}', expected {one.expected}")
            raise CommandError(refused.in_language(current())) from refused
        except (JasangError, UnicodeDecodeError) as error:
            raise CommandError(
                error.in_language(current()) if isinstance(error, JasangError) else str(error)
            ) from error
        for name, one in counts.items():
            self.stdout.write(f"{name}: {one.created} created, {one.updated} updated, {one.unchanged} unchanged")
        self.stdout.write("nothing was changed (dry run)" if options["dry_run"] else "done")
