"""Kinds of rows of the news, for programs."""

import secrets

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind

KINDS = (
    Kind(
        name="webhooks", model="notices.Webhook", scope="webhooks", factory="factory", hidden=("secret",), listed=False,
        fresh={"secret": lambda: "whsec_" + secrets.token_urlsafe(32)}, title=Text(ko="웹훅", en="Webhooks"),
        by_steps=True,
    ),
)  # fmt: skip
