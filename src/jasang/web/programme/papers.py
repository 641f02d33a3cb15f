"""Files of applications: checked, kept under random names below the data folder, only ever handed out as a download."""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from jasang.web.programme.blinding import Copy, copy_for_judges
from jasang.web.programme.models import Application, BlindState, Call, Claim, Paper, Stage
from jasang.web.programme.stages import StepRefused, held_application, not_yours
from jasang.web.tenants.models import Role
from jasang.web.tenants.queries import role_in
from jasang.web.ui.checked_files import Checked

MOST = 60  # files of one application


def add_papers(
    *, by: AbstractBaseUser, application: Application, title: str, files: Sequence[Checked], claim: Claim | None = None
) -> list[Paper]:
    """The owner adds files: a document that the call asks for, or (title blank) another one."""
    if role_in(by, application.factory) != Role.OWNER:
        raise not_yours()
    # Reading documents takes seconds: all of it before the transaction, so that nobody else's writing waits for it.
    read = title in read_by_judges(application.call) and len(files) <= MOST
    name = application.factory.name
    copies = [copy_for_judges(file.name, file.content, name) if read else None for file in files]
    return _add(by, application, title, list(zip(files, copies, strict=True)), claim)


@transaction.atomic
def _add(
    by: AbstractBaseUser,
    application: Application,
    title: str,
    files: Sequence[tuple[Checked, Copy | None]],
    claim: Claim | None,
) -> list[Paper]:
    held = held_application(application)
    if held.stage in (Stage.REJECTED, Stage.WITHDRAWN, Stage.STOPPED, Stage.CLOSED):
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
    return [_keep(held, title, file, made, by, claim) for file, made in files]


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
    paths = (Path(paper.path), _copy_path(paper))
    paper.delete()
    transaction.on_commit(lambda: [path.unlink(missing_ok=True) for path in paths])


def _keep(
    held: Application, title: str, file: Checked, made: Copy | None, by: AbstractBaseUser, claim: Claim | None
) -> Paper:
    folder = Path(settings.JASANG_HOME) / "papers" / secrets.token_hex(16)
    folder.mkdir(parents=True, mode=0o700)
    path = folder / "content"
    path.write_bytes(file.content)
    path.chmod(0o600)
    kept: Paper = Paper.objects.of(held.organisation).create(
        organisation=held.organisation, application=held, claim=claim, title=title, name=file.name, size=len(file.content),
        sha256=hashlib.sha256(file.content).hexdigest(), path=str(path), by=by,
    )  # fmt: skip
    if made is not None:
        _keep_copy(kept, made)
    return kept


def read_by_judges(call: Call) -> set[str]:
    """The documents of the call that judges read."""
    return {one["name"] for one in call.documents if one["judges"]}


def for_judges(paper: Paper, name: str) -> Path | None:
    """The copy without the firm's name that a judge is handed, made where it is not there yet; nothing where there is none."""
    if not paper.blind or (paper.blind == BlindState.CLEAN and not _copy_path(paper).is_file()):
        look_into(paper, name)
    return _copy_path(paper) if paper.blind == BlindState.CLEAN else None


def look_into(paper: Paper, name: str) -> None:
    """Make the copy for judges, or keep why there is none."""
    try:
        content = Path(paper.path).read_bytes()
    except FileNotFoundError:  # a row that came without its file
        return
    _keep_copy(paper, copy_for_judges(paper.name, content, name))


def _keep_copy(paper: Paper, made: Copy) -> None:
    if made.state == BlindState.CLEAN:
        _copy_path(paper).write_bytes(made.content)
        _copy_path(paper).chmod(0o600)
    paper.blind, paper.named_in = made.state, ", ".join(made.places)[:300]
    paper.save(update_fields=["blind", "named_in"])


def _copy_path(paper: Paper) -> Path:
    return Path(paper.path).with_name("for_judges")
