"""`jasang-portal backup FILE`: the whole portal in one file, while it runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.keeping import whole


class Command(BaseCommand):
    """The whole portal in one file. 포털 전체를 파일 하나로."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and whether the keys go along."""
        parser.add_argument("file", type=Path, help="the archive to be made (.zip) / 만들 파일")
        parser.add_argument(
            "--with-secrets", action="store_true", help="put the keys in too: guard the file / 열쇠도 함께 넣습니다"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, read it back, say what is not in it."""
        try:
            manifest = whole.backup(options["file"], with_secrets=options["with_secrets"], say=self.stdout.write)
        except JasangError as error:
            raise CommandError(str(error)) from error
        number = sum(manifest["tables"].values())
        self.stdout.write(
            f"{options['file']}: {number} rows of {len(manifest['tables'])} tables, {len(manifest['parts'])} parts"
        )
        if not options["with_secrets"]:
            self.stdout.write(f"not in it, keep them apart: {', '.join(whole.secrets_to_keep())}")
