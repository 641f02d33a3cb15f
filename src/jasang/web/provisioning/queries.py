"""All people and groups of an organisation with what binds them, in a fixed number of queries."""

from collections import defaultdict

from jasang.web.provisioning import services
from jasang.web.provisioning.documents import Group, User, group_document, person_document
from jasang.web.provisioning.models import GroupMember, ProvisionedGroup, ProvisionedPerson
from jasang.web.tenants.models import Organisation, Post


def all_people(organisation: Organisation, base: str, **only: object) -> list[User]:
    """The people (those of the given fields), oldest first."""
    rows = list(services.people(organisation).filter(**only))
    belonging = _groups_of_people(organisation)
    return [person_document(one, belonging.get(one.pk, []), base) for one in rows]


def all_groups(organisation: Organisation, base: str, **only: object) -> list[Group]:
    """The groups (those of the given fields), oldest first."""
    rows = list(services.groups(organisation).filter(**only))
    people = {one.pk: one for one in services.people(organisation)}
    members: dict[int, list[ProvisionedPerson]] = defaultdict(list)
    for person, found in _groups_of_people(organisation).items():
        for group in found:
            members[group.pk].append(people[person])
    return [group_document(one, members[one.pk], base) for one in rows]


def _groups_of_people(organisation: Organisation) -> dict[int, list[ProvisionedGroup]]:
    groups = {one.pk: one for one in services.groups(organisation)}
    of_role = {one.role: one for one in groups.values() if one.role}
    by_user = {one.user_id: one.pk for one in services.people(organisation)}
    found: dict[int, list[ProvisionedGroup]] = defaultdict(list)
    posts = Post.objects.filter(organisation=organisation).order_by("pk")
    for user, role in posts.values_list("user", "role"):
        if user in by_user and role in of_role:
            found[by_user[user]].append(of_role[role])
    own = GroupMember.objects.filter(group__in=list(groups)).order_by("pk")
    for group, person in own.values_list("group", "person"):
        found[person].append(groups[group])
    return {person: rows for person, rows in found.items() if person in set(by_user.values())}
