"""Files of applications: checked, kept under random names below the data folder, only ever handed out as a download."""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.web.programme.models import Application, Claim, Paper, Stage
from jasang.web.programme.stages import StepRefused, held_application, not_yours
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import role_in
from jasang.web.ui.checked_files import Checked

MOST = 60  # files of one application


@transaction.atomic
def add_papers(
    *, by: AbstractBaseUser, application: Application, title: str, files: Sequence[Checked], claim: Claim | None = None
) -> list[Paper]:
    """The owner adds files: a document that the call asks for, or (title blank) another one."""
    if role_in(by, application.factory) != Role.OWNER:
        raise not_yours()
    held = held_application(application)
    if held.stage in (Stage.REJECTED, Stage.WITHDRAWN, Stage.CLOSED):
        raise StepRefused(
            ko="끝난 신청에는 서류를 더할 수 없습니다.", en="Nothing is added to an application that is over."
        )
    if title and title not in {one["name"] for one in held.call.documents}:
        raise StepRefused(
            ko=f"'{title}': 공고가 달라고 한 서류가 아닙니다.", en=f"{title!r} is no document of the call."
        )
    kept = Paper.objects.of(held.organisation)
    if kept.filter(application=held).count() + len(files) > MOST:
        raise StepRefused(ko=f"파일은 모두 {MOST}개까지입니다.", en=f"At most {MOST} files in all.")
    return [_keep(held, title, file, by, claim) for file in files]


@transaction.atomic
def remove_paper(*, by: AbstractBaseUser, paper: Paper) -> None:
    """Take a file out of a draft. What was submitted stays."""
    held = held_application(paper.application)
    if role_in(by, held.factory) != Role.OWNER:
        raise not_yours()
    if held.stage != Stage.DRAFT:
        raise StepRefused(
            ko="낸 서류는 빼지 못합니다. 새 파일을 더하세요.", en="What was submitted stays; add a new file."
        )
    path = Path(paper.path)
    paper.delete()
    transaction.on_commit(lambda: path.unlink(missing_ok=True))


def _keep(held: Application, title: str, file: Checked, by: AbstractBaseUser, claim: Claim | None) -> Paper:
    folder = Path(settings.JASANG_HOME) / "papers" / secrets.token_hex(16)
    folder.mkdir(parents=True, mode=0o700)
    path = folder / "content"
    path.write_bytes(file.content)
    path.chmod(0o600)
    return Paper.objects.of(held.organisation).create(
        organisation=held.organisation, application=held, claim=claim, title=title, name=file.name, size=len(file.content),
        sha256=hashlib.sha256(file.content).hexdigest(), path=str(path), by=by,
    )  # fmt: skip
