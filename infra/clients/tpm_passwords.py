"""Shared passwords, by the tpm client."""

import base64

import harness
from tpmcase import LOCKED, Case, admin, colleague

READ = {"id": 10, "label": "Read"}
MANAGE = {"id": 30, "label": "Manage"}


class Passwords(Case):
    def setUp(self):
        super().setUp()
        self.project = self.new_project()
        self.place = {"id": self.project, "name": f"Project {self.word}"}

    def test_from_create_to_delete(self):
        sent = {"name": "Root of " + self.word, "username": "root", "email": "ops@example.com", "tags": "linux,ssh", "expiry_date": "2031-02-03",
                "access_info": "https://example.com/x?y=1", "password": harness.secret(), "notes": "first\nsecond, é"}
        entry = self.made(self.client, self.client.create_password, sent | {"project_id": self.project})
        where = {"project": self.place, "project_full_path": [self.place | {"archived": False}]}
        marks = {"archived": False, "project_archived": False, "favorite": False, "locked": False, "linked": False, "num_files": 0}
        shown = self.client.show_password(entry)
        self.shows(shown, id=entry, **sent, **where, **marks, user_permission=MANAGE, users_permissions=None, groups_permissions=None, custom_field1=None)
        for who in "managed_by", "created_by", "updated_by":
            self.shows(shown[who], id=admin()["id"], username=admin()["username"], role="Admin")

        listed = self.entry_of(self.client.list_passwords(), entry)
        values = {key: sent[key] for key in ("name", "username", "email", "tags", "expiry_date", "access_info")}
        self.shows(listed, **values, **where, **marks, notes_snippet=sent["notes"], has_password=True, managed_by={"id": admin()["id"]})
        self.assertNotIn("password", listed)
        self.assertEqual(self.client.list_passwords_search(self.word.upper()), [listed])

        changed = {"password": harness.secret(), "username": ""}
        self.done(self.client, self.client.update_password, entry, changed)
        self.shows(self.client.show_password(entry), **(sent | changed))  # what was not sent stays

        self.done(self.client, self.client.delete_password, entry)
        self.refused(404, self.client, self.client.show_password, entry)
        self.assertEqual(self.client.list_passwords_search(self.word), [])

    def test_custom_fields(self):
        entry, secret = self.new_password(self.project), harness.secret()
        definitions = {"custom_label1": "PIN", "custom_type1": "Password", "custom_label10": "Until", "custom_type10": "Date"}
        self.done(self.client, self.client.update_custom_fields_of_password, entry, definitions)
        self.done(self.client, self.client.update_password, entry, {"custom_data1": secret, "custom_data10": "2031-02-03"})
        shown = self.client.show_password(entry)
        self.shows(shown["custom_field1"], type="Password", label="PIN", data=secret)
        self.assertEqual(shown["custom_field10"], {"type": "Date", "label": "Until", "data": "2031-02-03"})
        self.assertIsNone(shown["custom_field2"])

        self.done(self.client, self.client.update_custom_fields_of_password, entry, {"custom_type1": ""})
        self.assertIsNone(self.client.show_password(entry)["custom_field1"])
        self.refused(400, self.client, self.client.update_custom_fields_of_password, entry, {"custom_type2": "Colour"})

    def test_lock(self):
        secret = harness.secret()
        entry = self.new_password(self.project, password=secret, username="root")
        self.done(self.client, self.client.lock_password, entry)
        locked = self.client.show_password(entry)
        self.shows(locked, id=entry, project=self.place, locked=True, locking_type=1)
        for item in locked, self.entry_of(self.client.list_passwords(), entry):
            self.assertTrue(item["locked"])
            self.assertFalse({"password", "username", "has_password"} & set(item), "a locked password shows what it hides")
        self.refused(403, self.client, self.client.update_password, entry, {"notes": "n"}, text=LOCKED)
        self.refused(403, self.client, self.client.list_user_access_on_password, entry, text=LOCKED)
        self.refused(403, self.client, self.client.unlock_password, entry, "", text=LOCKED)

        reader = self.connect(unlock_reason="ticket 4711")
        self.shows(reader.show_password(entry), password=secret, username="root", locked=True, locking_request_notify=1)
        self.done(self.client, self.client.unlock_password, entry, "ticket 4712")
        self.shows(self.connect().show_password(entry), password=secret, locked=False, locking_type=0, locking_request_notify=0)

    def test_archive(self):
        entry = self.new_password(self.project)
        self.absent(self.client.list_passwords_archived(), entry)
        self.done(self.client, self.client.archive_password, entry)
        self.shows(self.client.show_password(entry), archived=True, project_archived=False)
        self.absent(self.client.list_passwords(), entry)
        self.shows(self.entry_of(self.client.list_passwords_archived(), entry), archived=True, project=self.place)
        self.refused(403, self.client, self.client.update_password, entry, {"notes": "n"})

        self.done(self.client, self.client.unarchive_password, entry)
        self.shows(self.client.show_password(entry), archived=False)
        self.absent(self.client.list_passwords_archived(), entry)
        self.shows(self.entry_of(self.client.list_passwords(), entry), archived=False)

    def test_move_copy_and_duplicate(self):
        values = {"username": "root", "password": harness.secret(), "notes": "n", "tags": "one,two"}
        entry = self.new_password(self.project, **values)
        target = self.new_project("Target")
        there = {"id": target, "name": f"Target {self.word}"}
        self.done(self.client, self.client.move_password, entry, target)
        self.shows(self.client.show_password(entry), project=there, **values)
        self.assertEqual(self.client.list_passwords_of_project(self.project), [])
        self.refused(404, self.client, self.client.move_password, entry, 2**40)

        copy = self.made(self.client, self.client.post, f"passwords/{entry}/copy.json", {"project_id": self.project})
        self.shows(self.client.show_password(copy), project=self.place, **values)
        duplicate = self.made(self.client, self.client.post, f"passwords/{entry}/duplicate.json", {"new_name": f"{self.word} Twin"})
        self.shows(self.client.show_password(duplicate), name=f"{self.word} Twin", project=there, **values)
        self.assertEqual(len({entry, copy, duplicate}), 3)
        self.assertEqual({p["id"] for p in self.client.list_passwords_of_project(target)}, {entry, duplicate})

    def test_favorite(self):
        entry = self.new_password(self.project)
        self.absent(self.client.list_passwords_favorite(), entry)
        self.done(self.client, self.client.set_favorite_password, entry)
        self.shows(self.client.show_password(entry), favorite=True)
        self.shows(self.entry_of(self.client.list_passwords_favorite(), entry), favorite=True, name=f"{self.word} Password")
        self.done(self.client, self.client.unset_favorite_password, entry)
        self.shows(self.client.show_password(entry), favorite=False)
        self.absent(self.client.list_passwords_favorite(), entry)

    def test_security(self):
        """What a user may do, is granted and taken away; each refusal is the client's exception."""
        secret, who = harness.secret(), colleague()["id"]
        entry = self.new_password(self.project, password=secret)
        self.refused(404, self.other, self.other.show_password, entry)
        self.assertEqual(self.access(entry), {admin()["id"]: (MANAGE, "Password manager")})

        self.done(self.client, self.client.update_security_of_password, entry, {"managed_by": admin()["id"], "users_permissions": [[who, 10]]})
        self.assertEqual(self.access(entry), {admin()["id"]: (MANAGE, "Password manager"), who: (READ, "User direct")})
        [granted] = self.client.show_password(entry)["users_permissions"]
        self.assertEqual(granted["permission"], READ)
        self.shows(granted["user"], id=who, username=colleague()["username"], role="Normal user")

        self.shows(self.other.show_password(entry), password=secret, user_permission=READ, users_permissions=None)
        self.entry_of(self.other.list_passwords(), entry)
        self.refused(403, self.other, self.other.update_password, entry, {"notes": "n"})
        self.refused(403, self.other, self.other.delete_password, entry)
        self.refused(403, self.other, self.other.list_user_access_on_password, entry)
        self.refused(403, self.other, self.other.update_security_of_password, entry, {"users_permissions": [[who, 30]]})

        self.done(self.client, self.client.update_security_of_password, entry, {"users_permissions": []})
        self.refused(404, self.other, self.other.show_password, entry)
        self.absent(self.other.list_passwords(), entry)

    def access(self, entry):
        return {item["user"]["id"]: (item["permission"], item["granted_via"]) for item in self.client.list_user_access_on_password(entry)}

    def test_files(self):
        entry = self.new_password(self.project)
        self.assertEqual(self.client.list_password_files(entry), [])
        number, name, content = self.file_travels(self.client.upload_password_file, self.client.list_password_files, entry)
        self.comes_back(self.client, number, name, content)
        shown = self.client.show_file_info(number)
        self.shows(shown, id=number, name=name, notes="the plans", size_bytes=len(content), container={"type": "password", "id": entry, "is_linked": False, "source_id": 0})
        self.assertEqual((shown["uploaded_by"], shown["uploaded_on"]), (shown["notes_updated_by"], shown["notes_updated_on"]))
        self.done(self.client, self.client.update_file_notes, number, "other notes")
        self.shows(self.client.show_file_info(number), notes="other notes")
        self.shows(self.client.show_password(entry), num_files=1)
        self.assertEqual([item["id"] for item in self.client.list_passwords_search(f"file:{name.split()[1]}")], [entry])

        for method in self.other.show_file_info, self.other.download_file, self.other.delete_file:
            self.refused(404, self.other, method, number)
        self.refused(404, self.other, self.other.update_file_notes, number, "theirs")
        self.refused(404, self.other, self.other.upload_password_file, entry, self.sent_file(b"x"))
        who = colleague()["id"]
        self.done(self.client, self.client.update_security_of_password, entry, {"users_permissions": [[who, 10]]})
        self.comes_back(self.other, number, name, content)
        self.refused(403, self.other, self.other.delete_file, number)

        twin = self.made(self.client, self.client.post, f"passwords/{entry}/duplicate.json", {"new_name": f"{self.word} Twin"})
        [copied] = self.client.list_password_files(twin)
        self.done(self.client, self.client.delete_file, number)
        self.assertEqual(self.client.list_password_files(entry), [])
        self.refused(404, self.client, self.client.download_file, number)
        self.comes_back(self.client, copied["id"], name, content)

    def test_limits_of_files(self):
        entry = self.new_password(self.project)
        self.assertEqual(self.client.uploads_folder_info(), {"uploads_folder": "./uploads/", "writable": True})
        limit = self.client.max_upload_file_size()["max_upload_file_size_bytes"]
        largest = self.client.upload_password_file(entry, self.sent_file(b"\0" * limit))
        self.assertEqual(base64.b64decode(self.client.download_file(largest)["file_data_base64"]), b"\0" * limit)
        self.refused(400, self.client, self.client.upload_password_file, entry, self.sent_file(b"x" * (limit + 1)), text=f"the file is larger than {limit} bytes")
        self.refused(400, self.client, self.client.upload_password_file, entry, self.sent_file(b""), text="file_data_base64 is required")

    def test_what_is_not_there(self):
        gone = 2**40
        client = self.client
        for method in (client.show_password, client.delete_password, client.lock_password, client.archive_password, client.unarchive_password,
                       client.set_favorite_password, client.unset_favorite_password, client.list_password_files, client.list_user_access_on_password):
            self.refused(404, client, method, gone)
        self.refused(404, client, client.update_password, gone, {"notes": "n"})
        self.refused(404, client, client.create_password, {"name": "n", "project_id": gone})
        self.refused(404, client, client.unlock_password, gone, "reason")

    def test_pages(self):
        """The client follows Link, and signs each page's path as it rebuilt it. The space in the search is what it encodes anew for page 2."""
        made = [self.new_password(self.project, f"page {i}") for i in range(22)]
        self.pages(made, "list_passwords", exactly=False)
        self.pages(made, "list_passwords_search", self.word + " page")
        self.pages(made, "list_passwords_of_project", self.project)
        for entry in made:
            self.client.set_favorite_password(entry)
            self.client.archive_password(entry)
        self.pages(made, "list_passwords_favorite", exactly=False)
        self.pages(made, "list_passwords_archived", exactly=False)

    def test_search_with_reserved_characters(self):
        name = f"{self.word} a/b+c%20d?e#f"
        entry = self.client.create_password({"name": name, "project_id": self.project})
        self.assertEqual([p["id"] for p in self.client.list_passwords_search(name)], [entry])
        for decoded_once_too_little in "a%2Fb", "b%2Bc", "c%2520d":
            self.assertEqual(self.client.list_passwords_search(f"{self.word} {decoded_once_too_little}"), [])
