"""`jasang-portal load PATH --factory NAME`: queue the diagnosis of files or folders; unchanged data is not diagnosed again."""

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
    requires_system_checks = ()  # they load every page; this command needs none of them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, and for which factory."""
        parser.add_argument("path", type=Path, nargs="+", help="file or folder / 파일 또는 폴더")
        parser.add_argument(
            "--factory",
            required=True,
            action="append",
            help="name of the factory, one for each path / 경로마다 공장 이름",
        )
        parser.add_argument("--user", help="account that may see the factory / 이 공장을 볼 계정")

    def handle(self, *args: Any, **options: Any) -> None:
        """Queue it, and say whether it was known already."""
        paths, names = options["path"], options["factory"]
        if len(paths) != len(names):
            raise CommandError(
                f"expected one --factory for each path, got {len(paths)} paths and {len(names)} factories"
            )
        missing = [str(path) for path in paths if not path.exists()]
        if missing:
            raise CommandError(f"{', '.join(missing)}: no such file or folder")
        user = account(user_name=options["user"]) if options["user"] else None
        if options["user"] and user is None:
            raise CommandError(
                f"no account {options['user']!r}; make it with: jasang-portal setup --user {options['user']}"
            )
        for path, name in zip(paths, names, strict=True):
            factory = set_up_factory(name=name)
            if user is not None:
                add_member(user=user, factory=factory)
            try:
                diagnosis, queued = hand_over_path(factory=factory, path=path)
            except JasangError as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{diagnosis.title}, version {diagnosis.version}: {'queued' if queued else 'unchanged'}")
