"""Groups, by the classes for API v3, v4 and v5."""

import harness
import older_members as members
from older_case import Older
from tpmcase import admin, colleague

GONE = 2**40


class Groups(Older):
    def setUp(self):
        super().setUp()
        self.group = self.made(self.client, self.client.create_group, {"name": "Group " + self.word})
        self.addCleanup(self.client.request, f"groups/{self.group}.json", "delete")  # else each case leaves one that shows in the next one's lists

    def test_from_create_to_delete(self):
        shown = self.client.show_group(self.group)
        self.shows(shown, id=self.group, name="Group " + self.word, users=None)
        for who in "created_by", "updated_by":
            self.full_user(shown[who], admin())
        self.assertEqual(members.GROUP - set(shown), set())
        if self.version < 5:  # of v5 it is not known whether it has the directory's members
            self.assertEqual(set(shown), members.GROUP)
        self.assertEqual(self.entry_of(self.client.list_groups(), self.group), {"id": self.group, "name": "Group " + self.word, "num_users": 0})

        self.done(self.client, self.client.update_group, self.group, {"name": "Renamed " + self.word})
        self.shows(self.client.show_group(self.group), name="Renamed " + self.word)
        self.refused(403, self.other, self.other.update_group, self.group, {"name": "n"})
        self.refused(403, self.other, self.other.create_group, {"name": "n"})
        gone = self.client.create_group({"name": "Gone " + self.word})
        self.done(self.client, self.client.delete_group, gone)
        self.refused(404, self.client, self.client.show_group, gone)
        self.refused(404, self.client, self.client.delete_group, GONE)
        self.absent(self.client.list_groups(), gone)

    def test_members(self):
        who = colleague()["id"]
        self.done(self.client, self.client.add_user_to_group, self.group, who)
        [member] = self.client.show_group(self.group)["users"]
        self.assertEqual(set(member), members.USER)
        self.full_user(member, colleague())
        self.shows(self.entry_of(self.client.list_groups(), self.group), num_users=1)
        self.done(self.client, self.client.delete_user_from_group, self.group, who)
        self.assertIsNone(self.client.show_group(self.group)["users"])
        self.refused(404, self.client, self.client.add_user_to_group, GONE, who)
        self.refused(404, self.client, self.client.add_user_to_group, self.group, GONE)

    def test_what_a_group_may(self):
        """A group is granted a password, and who is in it sees it as long as that is so."""
        secret = harness.secret()
        entry = self.new_password(self.new_project(), password=secret)
        named = {"id": self.group, "name": "Group " + self.word}
        if self.version == 3:
            lists, name, want = {"groups_access": [self.group]}, "groups_access", [named]
        else:
            lists, name, want = {"groups_permissions": [[self.group, 10]]}, "groups_permissions", [{"group": named, "permission": {"id": 10, "label": "Read"}}]
        self.done(self.client, self.client.update_security_of_password, entry, lists)
        self.assertEqual(self.client.show_password(entry)[name], want)
        self.refused(404, self.other, self.other.show_password, entry)
        self.client.add_user_to_group(self.group, colleague()["id"])
        self.shows(self.other.show_password(entry), password=secret, user_permission=self.permission(10, "Read"))
        self.client.delete_user_from_group(self.group, colleague()["id"])
        self.refused(404, self.other, self.other.show_password, entry)
