"""What the cases about API v3, v4 and v5 share."""

from older_members import USER
from tpmcase import Case, colleague


class Older(Case):
    version = 0

    def has(self, members, shown):
        """The object has the members of this version, no fewer and no others."""
        want = members[self.version]
        self.assertEqual((want - set(shown), set(shown) - want), (set(), set()), f"missing and unknown in v{self.version}")

    def permission(self, number, label):
        """As this version says it: v3 has the text only."""
        return label if self.version == 3 else {"id": number, "label": label}

    def grant(self, entry, *users):
        """Lets these users, and no others, read a password."""
        lists = {"users_access": [*users]} if self.version == 3 else {"users_permissions": [[user, 10] for user in users]}
        self.done(self.client, self.client.update_security_of_password, entry, lists)

    def access(self, listed):
        """A security list by user: the permission as this version says it."""
        for item in listed:
            self.assertEqual(set(item["user"]), USER)
        key = "access_type" if self.version == 3 else "permission"
        return {item["user"]["id"]: item[key] for item in listed}

    def full_user(self, shown, user):
        self.shows(shown, id=user["id"], username=user["username"])
        self.assertIn(shown["role"], ("Normal user",) if user == colleague() else ("Admin",))
