"""`jasang-portal escrow list|check|restore|remove`: the archives of closed factories."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.keeping import escrow
from jasang.web.tenants.models import Factory


class Command(BaseCommand):
    """Archives of closed factories. 닫은 공장의 보관 파일."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do with which archive."""
        deeds = parser.add_subparsers(dest="deed", required=True)
        deeds.add_parser("list", help="every archive / 보관 파일 목록")
        check = deeds.add_parser("check", help="read every part back / 모든 부분을 다시 읽어 확인")
        check.add_argument("archive", nargs="?", help="name or path; without it all / 이름이나 경로, 없으면 모두")
        restore = deeds.add_parser("restore", help="put the factory back and open it / 공장을 되돌려 다시 엽니다")
        restore.add_argument("archive")
        restore.add_argument("--store", type=Path, help="where the readings go / 모은 값을 둘 폴더")
        remove = deeds.add_parser("remove", help="take its data out of the portal / 포털에서 자료를 비웁니다")
        remove.add_argument("factory", help="key of the closed factory / 닫은 공장의 키")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; what cannot be done is said in one sentence."""
        try:
            getattr(self, f"_{options['deed']}")(options)
        except JasangError as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        for path, manifest in escrow.listed():
            if manifest is None:
                self.stdout.write(f"{path.name}: cannot be read")
                continue
            about, number = manifest["factory"], sum(manifest["tables"].values())
            self.stdout.write(
                f"{path.name}: {about['name']} ({about['key']}), {manifest['made_at'][:19]}, {number} rows, "
                f"{len(manifest['parts'])} parts, {path.stat().st_size} bytes"
            )

    def _check(self, options: dict[str, Any]) -> None:
        chosen = [escrow.found(options["archive"])] if options["archive"] else [path for path, _ in escrow.listed()]
        for path in chosen:
            manifest = escrow.check(path)
            self.stdout.write(f"{path.name}: all {len(manifest['parts'])} parts are right")

    def _restore(self, options: dict[str, Any]) -> None:
        factory, number = escrow.restore(escrow.found(options["archive"]), store=options["store"])
        self.stdout.write(f"{factory.name} ({factory.key}) is open again, {number} rows written")

    def _remove(self, options: dict[str, Any]) -> None:
        factory = Factory.objects.filter(key=options["factory"]).first()
        if factory is None:
            raise CommandError(f"no factory has the key {options['factory']!r}")
        self.stdout.write(f"{factory.name}: {escrow.remove(factory)} rows taken out; they are in the archive")
