"""`jasang-portal sample-programme`: a made programme to try the pages with."""

# ruff: noqa: N999 (Django takes the name of the command from the file)

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jasang.errors import JasangError
from jasang.web.programme.sample import make_sample
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import account
from jasang.web.tenants.services import appoint


class Command(BaseCommand):
    """Make the sample programme. 견본 사업을 만듭니다."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How large, from which seed, and whose account runs it."""
        parser.add_argument("--factories", type=int, default=2165, help="how many factories / 공장 수")
        parser.add_argument("--mentors", type=int, default=200, help="how many mentors / 멘토 수")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same programme / 씨앗")
        parser.add_argument("--user", help="an account that gets the operator's post / 운영자가 될 계정")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the database up to date and make it."""
        if options["factories"] < 1 or options["mentors"] < 0:
            raise CommandError("--factories: expected 1 or more; --mentors: expected 0 or more")
        call_command("migrate", interactive=False, verbosity=0)
        user = account(user_name=options["user"]) if options["user"] else None
        if options["user"] and user is None:
            raise CommandError(
                f"there is no account {options['user']!r}; make it with: jasang-portal setup --user NAME"
            )
        try:
            operator = make_sample(factories=options["factories"], mentors=options["mentors"], seed=options["seed"])
        except JasangError as error:
            raise CommandError(f"{error.ko}\n{error.en}") from error
        if user is not None:
            appoint(user=user, organisation=operator, role=Role.PROGRAMME_OPERATOR)
        self.stdout.write(f"operator {operator.name}: /o/{operator.key}/portfolio/")
