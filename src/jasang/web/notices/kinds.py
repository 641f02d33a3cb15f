"""Kinds of rows of the news, for programs."""

from jasang.plant.text import Text
from jasang.web.api.kinds import Kind
from jasang.web.notices.posting import new_secret

KINDS = (
    Kind(
        name="webhooks", model="notices.Webhook", scope="webhooks", factory="factory", hidden=("secret",), listed=False,
        fresh={"secret": new_secret}, title=Text(ko="웹훅", en="Webhooks"),
        by_steps=True,
    ),
)  # fmt: skip
