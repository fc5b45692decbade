"""Personal passwords, by the tpm client."""

import harness
from tpmcase import Case, admin


class Personal(Case):
    def new_own(self, name="Own", **values):
        return self.client.create_mypassword({"name": f"{self.word} {name}", "password": harness.secret()} | values)

    def test_from_create_to_delete(self):
        sent = {"name": "Mine " + self.word, "username": "me", "email": "me@example.com", "tags": "home,mail",
                "access_info": "https://example.com/x?y=1", "password": harness.secret(), "notes": "first\nsecond, é"}
        entry = self.made(self.client, self.client.create_mypassword, sent)
        shown = self.client.show_mypassword(entry)
        self.shows(shown, id=entry, **sent, archived=False, favorite=False, num_files=0, custom_field1=None)
        self.shows(shown["created_by"], id=admin()["id"], username=admin()["username"])

        listed = self.entry_of(self.client.list_mypasswords(), entry)
        values = {key: sent[key] for key in ("name", "username", "email", "tags", "access_info")}
        self.shows(listed, **values, notes_snippet=sent["notes"], has_password=True, archived=False, favorite=False)
        self.assertNotIn("password", listed)
        self.assertEqual(self.client.list_mypasswords_search(self.word.upper()), [listed])

        changed = {"password": harness.secret(), "notes": ""}
        self.done(self.client, self.client.update_mypassword, entry, changed)
        self.shows(self.client.show_mypassword(entry), **(sent | changed))  # what was not sent stays

        self.done(self.client, self.client.delete_mypassword, entry)
        self.refused(404, self.client, self.client.show_mypassword, entry)
        self.assertEqual(self.client.list_mypasswords_search(self.word), [])

    def test_is_its_owners_alone(self):
        """Not even Admin sees it, and it is no shared password."""
        entry = self.other.create_mypassword({"name": self.word, "password": harness.secret()})
        self.shows(self.other.show_mypassword(entry), name=self.word)
        for method in self.client.show_mypassword, self.client.show_password, self.client.delete_mypassword, self.client.set_favorite_mypassword:
            self.refused(404, self.client, method, entry)
        self.refused(404, self.client, self.client.update_mypassword, entry, {"notes": "n"})
        self.refused(404, self.other, self.other.show_password, entry)
        self.assertEqual(self.client.list_mypasswords_search(self.word), [])
        self.assertEqual(self.client.list_passwords_search(self.word), [])
        self.refused(400, self.client, self.client.create_mypassword, {"notes": "without a name"})

    def test_move(self):
        """It becomes a shared password with a new id, and is gone itself."""
        values = {"username": "me", "password": harness.secret(), "notes": "n", "tags": "one,two"}
        entry, project = self.new_own(**values), self.new_project()
        self.refused(404, self.client, self.client.move_mypassword, entry, 2**40)
        moved = self.made(self.client, self.client.move_mypassword, entry, project)
        self.assertNotEqual(moved, entry)
        place = {"id": project, "name": f"Project {self.word}"}
        self.shows(self.client.show_password(moved), id=moved, name=f"{self.word} Own", project=place, **values)
        self.refused(404, self.client, self.client.show_mypassword, entry)
        self.refused(404, self.client, self.client.show_mypassword, moved)
        self.assertEqual([p["id"] for p in self.client.list_passwords_of_project(project)], [moved])

    def test_favorite(self):
        entry = self.new_own()
        self.absent(self.client.list_mypasswords_favorite(), entry)
        self.done(self.client, self.client.set_favorite_mypassword, entry)
        self.shows(self.client.show_mypassword(entry), favorite=True)
        self.shows(self.entry_of(self.client.list_mypasswords_favorite(), entry), favorite=True, name=f"{self.word} Own")
        self.absent(self.client.list_passwords_favorite(), entry)
        self.done(self.client, self.client.unset_favorite_mypassword, entry)
        self.shows(self.client.show_mypassword(entry), favorite=False)
        self.absent(self.client.list_mypasswords_favorite(), entry)

    def test_archive(self):
        entry = self.new_own()
        self.put(f"my_passwords/{entry}/archive.json")
        self.shows(self.client.show_mypassword(entry), archived=True)
        self.shows(self.entry_of(self.client.list_mypasswords_archived(), entry), archived=True)
        self.absent(self.client.list_mypasswords(), entry)
        self.refused(403, self.client, self.client.update_mypassword, entry, {"notes": "n"})
        self.refused(403, self.client, self.client.move_mypassword, entry, self.new_project())
        self.put(f"my_passwords/{entry}/unarchive.json")
        self.absent(self.client.list_mypasswords_archived(), entry)
        self.shows(self.entry_of(self.client.list_mypasswords(), entry), archived=False)

    def test_what_the_client_has_no_method_for(self):
        values = {"username": "me", "password": harness.secret()}
        entry, project, pin = self.new_own(**values), self.new_project(), harness.secret()
        self.put(f"my_passwords/{entry}/custom_fields.json", {"custom_label1": "PIN", "custom_type1": "Password"})
        self.done(self.client, self.client.update_mypassword, entry, {"custom_data1": pin})
        self.shows(self.client.show_mypassword(entry)["custom_field1"], type="Password", label="PIN", data=pin)

        copy = self.made(self.client, self.client.post, f"my_passwords/{entry}/copy.json", {"project_id": project})
        self.shows(self.client.show_password(copy), **values, project={"id": project, "name": f"Project {self.word}"})
        duplicate = self.made(self.client, self.client.post, f"my_passwords/{entry}/duplicate.json", {"new_name": f"{self.word} Twin"})
        self.shows(self.client.show_mypassword(duplicate), **values, name=f"{self.word} Twin")
        self.shows(self.client.show_mypassword(entry), **values, name=f"{self.word} Own")
        self.assertEqual(self.client.collection(f"my_passwords/{entry}/files.json"), [])

    def test_files(self):
        """The client has no methods for those of personal passwords but the one for every upload."""
        entry = self.new_own("Diary")
        upload = lambda number, path, **rest: self.client._upload_file(f"my_passwords/{number}/upload.json", path, **rest)
        number, name, content = self.file_travels(upload, lambda number: self.client.collection(f"my_passwords/{number}/files.json"), entry)
        self.comes_back(self.client, number, name, content)
        self.shows(self.client.show_file_info(number), container={"type": "my_password", "id": entry, "is_linked": False, "source_id": 0})
        self.shows(self.client.show_mypassword(entry), num_files=1)
        self.refused(404, self.other, self.other.download_file, number)
        self.done(self.client, self.client.delete_file, number)

    def test_pages(self):
        made = [self.new_own(f"page {i}") for i in range(22)]
        self.pages(made, "list_mypasswords", exactly=False)
        self.pages(made, "list_mypasswords_search", self.word + " page")
        for entry in made:
            self.client.set_favorite_mypassword(entry)
            self.put(f"my_passwords/{entry}/archive.json")
        self.pages(made, "list_mypasswords_favorite", exactly=False)
        self.pages(made, "list_mypasswords_archived", exactly=False)
