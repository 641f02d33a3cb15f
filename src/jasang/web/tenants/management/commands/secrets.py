"""`jasang-portal secrets check|new-key|rotate`: the keys with which secrets are encrypted in the database."""

from argparse import ArgumentParser
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from jasang.web.tenants import secret_texts


class Command(BaseCommand):
    """Keys of the secrets in the database. 데이터베이스에 든 비밀값의 열쇠."""

    help = __doc__
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do."""
        parser.add_argument(
            "deed",
            choices=["check", "new-key", "rotate"],
            help="check: can every secret be read? / new-key: put a new key before the kept ones / "
            "rotate: encrypt all with the first key",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say it."""
        getattr(self, options["deed"].replace("-", "_"))()

    def check(self, *args: Any, **options: Any) -> Any:
        """Whether every secret can be read."""
        if args or options:  # Django's own call of this name
            return super().check(*args, **options)
        lost = 0
        for where, (number, unreadable) in secret_texts.check().items():
            lost += unreadable
            self.stdout.write(f"{where}: {number} secrets, {unreadable} unreadable")
        if lost:
            raise CommandError(f"{lost} secrets cannot be read with the keys of {settings.SECRETS_KEYS_FROM}")
        return None

    def new_key(self) -> None:
        """A new key, in front of the kept ones."""
        key = Fernet.generate_key().decode()
        file = settings.SECRETS_KEYS_FILE
        if file is None:
            self.stdout.write(f"Put this before the keys in {settings.SECRETS_KEYS_FROM}, with a comma between: {key}")
            return
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text("\n".join([key, *settings.SECRETS_KEYS]) + "\n", encoding="ascii")
        fresh.replace(file)
        self.stdout.write(
            f"{file}: a new key stands first. Restart server and workers, then: jasang-portal secrets rotate"
        )

    def rotate(self) -> None:
        """Everything with the first key."""
        try:
            number = secret_texts.rotate()
        except secret_texts.SecretLost as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{number} secrets are encrypted with the first key; older keys can be taken away")
