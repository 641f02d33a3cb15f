"""`jasang-portal load PATH --factory NAME`: queue the diagnosis of a file or folder; unchanged data is not diagnosed again."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.floor.services import hand_over_path
from jasang.web.tenants.queries import account
from jasang.web.tenants.services import add_member, set_up_factory


class Command(BaseCommand):
    """Queue the diagnosis of a file or folder. 파일이나 폴더의 진단을 맡깁니다."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and for which factory."""
        parser.add_argument("path", type=Path, help="file or folder / 파일 또는 폴더")
        parser.add_argument("--factory", required=True, help="name of the factory / 공장 이름")
        parser.add_argument("--user", help="account that may see the factory / 이 공장을 볼 계정")

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue it, and say whether it was known already."""
        if not options["path"].exists():
            raise CommandError(f"{options['path']}: no such file or folder")
        user = account(user_name=options["user"]) if options["user"] else None
        if options["user"] and user is None:
            raise CommandError(
                f"no account {options['user']!r}; make it with: jasang-portal setup --user {options['user']}"
            )
        factory = set_up_factory(name=options["factory"])
        if user is not None:
            add_member(user=user, factory=factory)
        try:
            diagnosis, queued = hand_over_path(factory=factory, path=options["path"])
        except JasangError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{diagnosis.title}, version {diagnosis.version}: {'queued' if queued else 'unchanged'}")
