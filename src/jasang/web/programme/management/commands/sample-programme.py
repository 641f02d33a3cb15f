"""`jasang-portal sample-programme`: a made programme to try the pages with."""

# ruff: noqa: N999 (Django takes the name of the command from the file)

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from jasang.web.programme.sample import SampleThere, hand_over, make_sample
from jasang.web.tenants.models import Organisation
from jasang.web.tenants.queries import account


class Command(BaseCommand):
    """Make the sample programme. 견본 사업을 만듭니다."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How large, from which seed, and whose account runs it."""
        parser.add_argument("--factories", type=int, default=2165, help="how many factories / 공장 수")
        parser.add_argument("--mentors", type=int, default=200, help="how many mentors / 멘토 수")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same programme / 씨앗")
        parser.add_argument(
            "--user", help="an account that runs it, answers at its centre and whose factories join it / 맡을 계정"
        )
        parser.add_argument(
            "--once", action="store_true", help="leave one that is there as it is / 이미 있으면 그대로 둠"
        )

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
            operator: Organisation | None = make_sample(
                factories=options["factories"], mentors=options["mentors"], seed=options["seed"]
            )
        except SampleThere as error:
            if not options["once"]:
                raise CommandError(f"{error.ko}\n{error.en}") from error
            operator = None
        if user is not None:
            operator = hand_over(user)
        if operator is None:
            return
        self.stdout.write(f"operator {operator.name}: /o/{operator.key}/portfolio/")
