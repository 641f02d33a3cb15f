"""Files with a word: checked by name, size and first bytes, kept under random names, only ever handed out as a download."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from jasang.web.center.models import Attachment, Event
from jasang.web.ui.checked_files import MOST, Checked


def keep_files(event: Event, files: Sequence[Checked]) -> None:
    """Keep the files with the event. A file whose row is then not written is an orphan nobody can ask for."""
    for file in files[:MOST]:
        folder = Path(settings.JASANG_HOME) / "attachments" / secrets.token_hex(16)
        folder.mkdir(parents=True, mode=0o700)
        path = folder / "content"
        path.write_bytes(file.content)
        path.chmod(0o600)
        Attachment.objects.at(event.centre).create(
            centre=event.centre,
            factory=event.factory,
            event=event,
            name=file.name,
            size=len(file.content),
            path=str(path),
        )
