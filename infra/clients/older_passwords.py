"""Shared passwords, by the classes for API v3, v4 and v5."""

import older_members as members
import harness
from older_case import Older
from tpmcase import LOCKED, admin, colleague

GONE = 2**40


class Passwords(Older):
    def setUp(self):
        super().setUp()
        self.project = self.new_project()
        self.place = {"id": self.project, "name": f"Project {self.word}"}

    def test_from_create_to_delete(self):
        sent = {"name": "Root of " + self.word, "username": "root", "email": "ops@example.com", "tags": "linux,ssh", "expiry_date": "2031-02-03",
                "access_info": "https://example.com/x?y=1", "password": harness.secret(), "notes": "first\nsecond, é"}
        entry = self.made(self.client, self.client.create_password, sent | {"project_id": self.project})
        shown = self.client.show_password(entry)
        self.shows(shown, id=entry, **sent, project=self.place, archived=False, favorite=False, locked=False, num_files=0, custom_field1=None,
                   user_permission=self.permission(30, "Manage"))
        for who in "managed_by", "created_by", "updated_by":
            self.full_user(shown[who], admin())
        listed = self.entry_of(self.client.list_passwords(), entry)
        values = {key: sent[key] for key in ("name", "username", "email", "tags", "expiry_date", "access_info")}
        self.shows(listed, **values, project=self.place, notes_snippet=sent["notes"], archived=False, favorite=False, locked=False)
        self.assertNotIn("password", listed)
        self.assertEqual(self.client.list_passwords_of_project(self.project), [listed])
        self.assertEqual(self.client.list_passwords_search(f"{self.word.upper()} name:root"), [listed])

        changed = {"password": harness.secret(), "username": ""}
        self.done(self.client, self.client.update_password, entry, changed)
        self.shows(self.client.show_password(entry), **(sent | changed))  # what was not sent stays
        self.done(self.client, self.client.delete_password, entry)
        self.refused(404, self.client, self.client.show_password, entry)
        self.assertEqual(self.client.list_passwords_search(self.word), [])

    def test_members(self):
        entry = self.new_password(self.project)
        self.has(members.PASSWORD, self.client.show_password(entry))
        for listed in self.client.list_passwords_search(self.word), self.client.list_passwords_of_project(self.project):
            item = self.entry_of(listed, entry)
            if self.version == 5:
                item.pop("source_password_id", None)  # it is not known whether the lists of v5 have it
            self.has(members.PASSWORD_ITEM, item)

    def test_custom_fields(self):
        entry, secret = self.new_password(self.project), harness.secret()
        definitions = {"custom_label1": "PIN", "custom_type1": "Password", "custom_label10": "Where", "custom_type10": "Text"}
        self.done(self.client, self.client.update_custom_fields_of_password, entry, definitions)
        self.done(self.client, self.client.update_password, entry, {"custom_data1": secret, "custom_data10": "rack 7"})
        shown = self.client.show_password(entry)
        self.assertEqual(shown["custom_field10"], {"type": "Text", "label": "Where", "data": "rack 7"})
        self.assertIsNone(shown["custom_field2"])
        self.shows(shown["custom_field1"], type="Password", label="PIN", data=secret)
        self.done(self.client, self.client.update_custom_fields_of_password, entry, {"custom_type1": ""})
        self.assertIsNone(self.client.show_password(entry)["custom_field1"])
        self.refused(400, self.client, self.client.update_custom_fields_of_password, entry, {"custom_type2": "Colour"})

    def test_members_of_a_custom_field(self):
        entry = self.new_password(self.project)
        self.client.update_custom_fields_of_password(entry, {"custom_label1": "PIN", "custom_type1": "Password"})
        self.client.update_password(entry, {"custom_data1": "7"})
        self.assertEqual(self.client.show_password(entry)["custom_field1"], {"type": "Password", "label": "PIN", "data": "7"})

    def test_one_time_password(self):
        """Data is the code in every version."""
        entry = self.new_password(self.project)
        self.client.update_custom_fields_of_password(entry, {"custom_label1": "Code", "custom_type1": "One Time Password"})
        self.client.update_password(entry, {"custom_data1": "JBSWY3DPEHPK3PXP"})
        field = self.client.show_password(entry)["custom_field1"]
        self.assertEqual(set(field), {"type", "label", "data"})
        self.assertRegex(field["data"], "^[0-9]{6}$")

    def test_lock(self):
        secret = harness.secret()
        entry = self.new_password(self.project, password=secret, username="root")
        self.done(self.client, self.client.lock_password, entry)
        for item in self.client.show_password(entry), self.entry_of(self.client.list_passwords(), entry):
            self.shows(item, id=entry, name=f"{self.word} Password", project=self.place, locked=True)
            self.assertEqual({"password"} & set(item) | members.LOCKED_HIDES & set(item), set(), "a locked password shows what it hides")
        self.refused(403, self.client, self.client.update_password, entry, {"notes": "n"}, text=LOCKED)
        self.refused(403, self.client, self.client.list_user_access_on_password, entry, text=LOCKED)
        self.refused(403, self.client, self.client.unlock_password, entry, "", text=LOCKED)

        reader = self.connect(unlock_reason="ticket 4711")
        self.shows(reader.show_password(entry), password=secret, username="root", locked=True)
        self.shows(self.client.show_password(entry), locked=True)  # that was for one call
        self.done(reader, reader.update_password, entry, {"notes": "n"})
        self.done(self.client, self.client.unlock_password, entry, "ticket 4712")
        self.shows(self.connect().show_password(entry), password=secret, notes="n", locked=False)

    def test_members_of_a_locked_password(self):
        entry = self.new_password(self.project)
        self.client.lock_password(entry)
        self.assertEqual(set(self.client.list_passwords_search(self.word)[0]) & members.LATER_ON_LOCKED[self.version], set())
        shown = self.client.show_password(entry)
        self.assertNotIn("project_full_path", shown)
        for later in "linked", "project_archived", "locking_type":
            self.assertEqual(later in shown, self.version == 5, later)
        self.has(members.PASSWORD, self.connect(unlock_reason="ticket").show_password(entry))

    def test_favorite(self):
        for singular in False, True:
            entry = self.new_password(self.project)
            mark = (self.client.post, self.client.delete) if singular else (self.client.set_favorite_password, self.client.unset_favorite_password)
            argument = f"favorite_password/{entry}.json" if singular else entry
            self.absent(self.client.list_passwords_favorite(), entry)
            self.done(self.client, mark[0], argument)
            self.shows(self.client.show_password(entry), favorite=True)
            self.shows(self.entry_of(self.client.list_passwords_favorite(), entry), favorite=True)
            self.done(self.client, mark[1], argument)
            self.absent(self.client.list_passwords_favorite(), entry)

    def test_security(self):
        who, secret = colleague()["id"], harness.secret()
        entry = self.new_password(self.project, password=secret)
        manage, read = self.permission(30, "Manage"), self.permission(10, "Read")
        self.refused(404, self.other, self.other.show_password, entry)
        self.assertEqual(self.access(self.client.list_user_access_on_password(entry)), {admin()["id"]: manage})
        self.grant(entry, who)
        listed = self.client.list_user_access_on_password(entry)
        self.assertEqual(self.access(listed), {admin()["id"]: manage, who: read})
        for item in listed:
            self.has(members.ACCESS, item)
        self.shows(self.other.show_password(entry), password=secret, user_permission=read)
        self.refused(403, self.other, self.other.update_password, entry, {"notes": "n"})
        self.refused(403, self.other, self.other.delete_password, entry)
        self.refused(403, self.other, self.other.list_user_access_on_password, entry)
        self.grant(entry)
        self.refused(404, self.other, self.other.show_password, entry)
        self.absent(self.other.list_passwords(), entry)

    def test_who_is_granted_what(self):
        """v3 lists users, v4 and v5 their permissions; who does not manage the password gets null."""
        name = "users_access" if self.version == 3 else "users_permissions"
        entry = self.new_password(self.project)
        self.assertIsNone(self.client.show_password(entry)[name])
        self.grant(entry, colleague()["id"])
        [granted] = self.client.show_password(entry)[name]
        if self.version != 3:
            self.assertEqual(granted["permission"], self.permission(10, "Read"))
            granted = granted["user"]
        self.full_user(granted, colleague())
        self.assertIsNone(self.other.show_password(entry)[name])

    def test_archived_with_the_project(self):
        entry = self.new_password(self.project)
        self.absent(self.client.list_passwords_archived(), entry)
        self.client.archive_project(self.project)
        self.shows(self.entry_of(self.client.list_passwords_archived(), entry), archived=True)
        self.shows(self.client.show_password(entry), archived=True)
        self.absent(self.client.list_passwords(), entry)
        self.client.unarchive_project(self.project)
        self.absent(self.client.list_passwords_archived(), entry)

    def test_pages(self):
        made = [self.new_password(self.project, f"page {i}") for i in range(22)]
        self.pages(made, "list_passwords", exactly=False)
        self.pages(made, "list_passwords_search", self.word + " page")
        self.pages(made, "list_passwords_of_project", self.project)
        for entry in made:
            self.client.set_favorite_password(entry)
        self.pages(made, "list_passwords_favorite", exactly=False)
        self.client.archive_project(self.project)
        self.pages(made, "list_passwords_archived", exactly=False)

    def test_search_with_reserved_characters(self):
        name = f"{self.word} a/b+c%20d?e#f [ü]"
        entry = self.client.create_password({"name": name, "project_id": self.project})
        for text in f"{self.word} a/b+c%20d?e#f", f"name:[{name}]", f'name:"a/b+c%20d?e#f [ü" {self.word}', f"in:[Project {self.word}] ü":
            self.assertEqual([p["id"] for p in self.client.list_passwords_search(text)], [entry], text)
        for wrong in "a%2Fb", "b%2Bc", "c%2520d", "name:[a/b]":
            self.assertEqual(self.client.list_passwords_search(f"{self.word} {wrong}"), [])

    def test_link_has_the_next_page_only(self):
        for i in range(11):
            self.new_password(self.project, f"page {i}")
        client = self.connect(page_size=5)
        for page, links in (1, {"next"}), (2, {"next"}), (3, set()):
            client.get(f"projects/{self.project}/passwords/page/{page}.json")
            self.assertEqual(set(client.req.links), links, f"page {page}")

    def test_what_is_not_there(self):
        client = self.client
        for method in (client.show_password, client.delete_password, client.lock_password, client.set_favorite_password, client.unset_favorite_password,
                       client.list_user_access_on_password):
            self.refused(404, client, method, GONE)
        self.refused(404, client, client.update_password, GONE, {"notes": "n"})
        self.refused(404, client, client.create_password, {"name": "n", "project_id": GONE})
        self.refused(404, client, client.unlock_password, GONE, "reason")


class Parents(Passwords):
    """v4 brought the tree: the projects above, by their ids."""

    def test_parents(self):
        child = self.new_project("Child", self.project)
        self.assertEqual(self.client.show_password(self.new_password(child))["parents"], [self.project, child])


class Moves(Parents):
    """What v5 brought."""

    def test_has_password(self):
        full, empty = self.new_password(self.project), self.new_password(self.project, password="")
        self.assertEqual({p["id"]: p["has_password"] for p in self.client.list_passwords_search(self.word)}, {full: True, empty: False})

    def test_lock_of_v5(self):
        entry = self.new_password(self.project)
        self.shows(self.client.show_password(entry), locking_type=0, locking_request_notify=0, linked=False, project_archived=False)
        self.client.lock_password(entry)
        self.shows(self.entry_of(self.client.list_passwords(), entry), locking_type=1, linked=False, project_archived=False)
        self.shows(self.connect(unlock_reason="ticket").show_password(entry), locking_type=1, locking_request_notify=1)

    def test_archive(self):
        entry = self.new_password(self.project)
        self.done(self.client, self.client.archive_password, entry)
        self.shows(self.client.show_password(entry), archived=True, project_archived=False)
        self.shows(self.entry_of(self.client.list_passwords_archived(), entry), archived=True, project_archived=False)
        self.refused(403, self.client, self.client.update_password, entry, {"notes": "n"})
        self.done(self.client, self.client.unarchive_password, entry)
        self.shows(self.entry_of(self.client.list_passwords(), entry), archived=False)

    def test_move(self):
        values = {"username": "root", "password": harness.secret(), "notes": "n", "tags": "one,two"}
        entry, target = self.new_password(self.project, **values), self.new_project("Target")
        self.done(self.client, self.client.move_password, entry, target)
        self.shows(self.client.show_password(entry), project={"id": target, "name": f"Target {self.word}"}, parents=None, **values)
        self.assertEqual(self.client.list_passwords_of_project(self.project), [])
        self.refused(404, self.client, self.client.move_password, entry, GONE)

    def test_files(self):
        entry = self.new_password(self.project)
        self.assertEqual(self.client.list_password_files(entry), [])
        number, _, _ = self.file_travels(self.client.upload_password_file, self.client.list_password_files, entry)
        self.assertEqual(set(self.client.list_password_files(entry)[0]), members.FILE_ITEM)
        self.done(self.client, self.client.delete, f"files/{number}.json")
