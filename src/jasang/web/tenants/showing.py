"""Roles and lines of the audit trail in words."""

from django.utils.translation import gettext as _

from jasang.web.tenants.models import OrganisationKind, Role


def role_words(role: str) -> str:
    """What a role is called."""
    return {
        Role.OWNER: _("Owner"),
        Role.ENGINEER: _("Engineer"),
        Role.OPERATOR: _("Operator"),
        Role.MENTOR: _("Mentor"),
        Role.AGENT: _("Agent of the centre"),
        Role.COOP_OPERATOR: _("Staff of the co-operative"),
        Role.PROGRAMME_OPERATOR: _("Staff of the programme"),
        Role.JUDGE: _("Judge"),
        Role.TEACHER: _("Teacher"),
        Role.STUDENT: _("Student"),
        Role.BUYER: _("Buyer"),
        Role.AUDITOR: _("Auditor"),
    }.get(Role(role) if role in Role.values else role, role)


def kind_words(kind: str) -> str:
    """What a kind of organisation is called."""
    return {
        OrganisationKind.OPERATOR: _("Programme operator"),
        OrganisationKind.COOPERATIVE: _("Co-operative"),
        OrganisationKind.CENTRE: _("365 centre"),
        OrganisationKind.SCHOOL: _("School"),
        OrganisationKind.BUYER: _("Buyer"),
    }[OrganisationKind(kind)]


def action_words(action: str) -> str:
    """What somebody did, as the trail's page says it."""
    return {
        "read": _("looked at"),
        "write": _("changed"),
        "export": _("took out as a file"),
        "import": _("took in from a file"),
        "invite": _("invited"),
        "withdraw": _("withdrew an invitation"),
        "join": _("joined"),
        "leave": _("left"),
        "remove": _("took out"),
        "role": _("changed a role"),
        "key": _("made a key"),
        "key-end": _("ended a key"),
        "close": _("closed the factory"),
        "close-ask": _("asked to close the factory"),
        "close-undo": _("took back the closing of the factory"),
        "link": _("linked another sign-in"),
        "unlink": _("unlinked another sign-in"),
        "scim-add": _("the directory added"),
        "scim-change": _("the directory changed"),
        "scim-on": _("the directory switched on"),
        "scim-off": _("the directory switched off"),
        "scim-group": _("the directory changed the group"),
        "set-up": _("set up"),
        "rename": _("changed the name"),
    }.get(action, action)
