"""`jasang-portal setup`: database, account and factory, made or brought up to date; safe to repeat."""

import getpass
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jasang.web.tenants import queries, services


class Command(BaseCommand):
    """Set up the portal: database, account, factory. 포털 준비: 데이터베이스, 계정, 공장."""

    help = __doc__
    requires_system_checks = ()  # they load every page; this command needs none of them

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Account and factory, both optional: without them only the database is brought up to date."""
        parser.add_argument("--user", help="name of the account / 계정 이름")
        parser.add_argument("--factory", action="append", default=[], help="name of a factory, may repeat / 공장 이름")
        parser.add_argument("--store", type=Path, help="folder of the factory's readings / 수집한 값이 있는 폴더")
        parser.add_argument("--timezone", help="time zone of the factory, for example Asia/Seoul / 공장의 시간대")
        parser.add_argument(
            "--password-env",
            metavar="NAME",
            default="JASANG_PASSWORD",
            help="environment variable that holds the password / 비밀번호가 든 환경 변수",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the database up to date, then the account and the factories."""
        if len(options["factory"]) > 1 and (options["store"] or options["timezone"]):
            raise CommandError("--store and --timezone go with one --factory")
        call_command("migrate", interactive=False, verbosity=0)
        factories = [
            services.set_up_factory(name=name, store=options["store"], zone=options["timezone"])
            for name in options["factory"]
        ]
        if options["user"]:
            password = self._password(options["user"], options["password_env"])
            user, made = services.set_up_account(user_name=options["user"], password=password)
            for factory in factories:
                services.add_member(user=user, factory=factory)
                services.see_to_owner(user=user, factory=factory)
            self.stdout.write(f"account {options['user']}: {'made' if made else 'kept'}")
        for factory in factories:
            self.stdout.write(f"factory {factory.name}: {factory.key}")

    def _password(self, user_name: str, variable: str) -> str | None:
        """From the variable (never the command line, which others on the machine can read), or asked for; `None` = as it is."""
        if given := os.environ.get(variable):
            return given
        if queries.account(user_name=user_name) is not None:
            return None
        if not sys.stdin.isatty():
            raise CommandError(f"account {user_name!r} is new: give its password in {variable}")
        return getpass.getpass(f"password for {user_name}: ")
