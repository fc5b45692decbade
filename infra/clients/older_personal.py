"""Personal passwords, by the classes for API v3, v4 and v5."""

import older_members as members
import harness
from older_case import Older
from tpmcase import admin


class Personal(Older):
    def new_own(self, name="Own", **values):
        return self.client.create_mypassword({"name": f"{self.word} {name}", "password": harness.secret()} | values)

    def test_from_create_to_delete(self):
        sent = {"name": "Mine " + self.word, "username": "me", "email": "me@example.com", "tags": "home,mail",
                "access_info": "https://example.com/x?y=1", "password": harness.secret(), "notes": "first\nsecond, é"}
        entry = self.made(self.client, self.client.create_mypassword, sent)
        shown = self.client.show_mypassword(entry)
        self.shows(shown, id=entry, **sent)
        for who in "created_by", "updated_by":
            self.full_user(shown[who], admin())
        listed = self.entry_of(self.client.list_mypasswords(), entry)
        self.shows(listed, **{key: sent[key] for key in ("name", "username", "email", "tags", "access_info")}, notes_snippet=sent["notes"])
        self.assertNotIn("password", listed)
        self.assertEqual(self.client.list_mypasswords_search("name:mine " + self.word.upper()), [listed])

        changed = {"password": harness.secret(), "notes": ""}
        self.done(self.client, self.client.update_mypassword, entry, changed)
        self.shows(self.client.show_mypassword(entry), **(sent | changed))
        self.done(self.client, self.client.delete_mypassword, entry)
        self.refused(404, self.client, self.client.show_mypassword, entry)
        self.assertEqual(self.client.list_mypasswords_search(self.word), [])

    def test_members(self):
        entry = self.new_own()
        self.has(members.OWN, self.client.show_mypassword(entry))
        [listed] = self.client.list_mypasswords_search(self.word)
        self.has(members.OWN_ITEM, listed)

    def test_is_its_owners_alone(self):
        entry = self.other.create_mypassword({"name": self.word, "password": harness.secret()})
        self.shows(self.other.show_mypassword(entry), name=self.word)
        for method in self.client.show_mypassword, self.client.show_password, self.client.delete_mypassword:
            self.refused(404, self.client, method, entry)
        self.refused(404, self.client, self.client.update_mypassword, entry, {"notes": "n"})
        self.assertEqual(self.client.list_mypasswords_search(self.word), [])
        self.refused(400, self.client, self.client.create_mypassword, {"notes": "without a name"})

    def test_pages(self):
        made = [self.new_own(f"page {i}") for i in range(22)]
        self.pages(made, "list_mypasswords", exactly=False)
        self.pages(made, "list_mypasswords_search", self.word + " page")


class MovedPersonal(Personal):
    """v5 brought the move."""

    def test_move(self):
        values = {"username": "me", "password": harness.secret(), "notes": "n", "tags": "one,two"}
        entry, project = self.new_own(**values), self.new_project()
        moved = self.made(self.client, self.client.move_mypassword, entry, project)
        self.assertNotEqual(moved, entry)
        self.shows(self.client.show_password(moved), name=f"{self.word} Own", project={"id": project, "name": f"Project {self.word}"}, **values)
        self.refused(404, self.client, self.client.show_mypassword, entry)
