"""`jasang-portal restore FILE`: a backup into an empty data folder and database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.keeping import whole


class Command(BaseCommand):
    """A backup into an empty portal. 백업을 빈 포털에 되돌립니다."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which archive, and where readings go."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--stores", type=Path, help="folder for the stores of factories / 모은 값을 둘 폴더")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, then put back."""
        try:
            manifest = whole.restore(options["file"], stores=options["stores"], say=self.stdout.write)
        except JasangError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sum(manifest['tables'].values())} rows of {manifest['made_at'][:19]} are back")
        if not manifest["with_secrets"]:
            self.stdout.write("Put secrets_key of the old data folder here: without it people use their recovery codes")
