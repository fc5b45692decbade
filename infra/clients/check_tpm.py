"""tpm 5.0.1 (peshay/tpm), the Python client of Team Password Manager, against API v6."""

import unittest

import tpm

import harness


def by_keys(**options):
    return tpm.TpmApiv6(harness.url, **harness.credentials["tpm"], **options)


def by_password(**options):
    admin = harness.credentials["admin"]
    return tpm.TpmApiv6(harness.url, username=admin["username"], password=admin["password"], **options)


class CheckTpm(unittest.TestCase):
    def test_version_and_me(self):
        for connection in by_keys(), by_password():
            self.assertEqual(connection.get_version()["api_version"], "6")
            self.assertEqual(connection.show_me()["username"], harness.credentials["admin"]["username"])

    def test_projects(self):
        connection = by_keys()
        name = "Project " + harness.tag()
        project = connection.create_project({"name": name, "parent_id": 0, "tags": "one,two", "notes": "n"})
        self.assertIsInstance(project, int)
        self.assertIn(project, [p["id"] for p in connection.list_projects()])
        shown = by_password().show_project(project)
        self.assertEqual((shown["name"], shown["parent_id"], shown["tags"], shown["notes"]), (name, 0, "one,two", "n"))

        child = connection.create_project({"name": "Child", "parent_id": project})
        self.assertEqual(connection.show_project(child)["parent_id"], project)
        with self.assertRaises(tpm.TPMException, msg="a name twice in one place"):
            connection.create_project({"name": name, "parent_id": 0})

    def test_a_password_from_create_to_delete(self):
        for how, connection in ("hmac", by_keys()), ("basic", by_password()):
            with self.subTest(how):
                self.life_of_a_password(connection)

    def life_of_a_password(self, connection):
        word = harness.tag()
        project = connection.create_project({"name": "P " + word, "parent_id": 0})
        sent = {"name": "Root of " + word, "username": "root", "email": "ops@example.com", "tags": "linux,ssh",
                "access_info": "https://example.com/x?y=1", "password": harness.secret(), "notes": "first\nsecond, é"}
        entry = connection.create_password(sent | {"project_id": project})
        self.assertIsInstance(entry, int)
        self.assertEqual(connection.req.status_code, 201)

        shown = connection.show_password(entry)
        self.assertEqual({key: shown[key] for key in sent}, sent)
        self.assertEqual((shown["id"], shown["project"]["id"]), (entry, project))

        listed = [p for p in connection.list_passwords() if p["id"] == entry]
        self.assertEqual([p["name"] for p in listed], [sent["name"]])
        self.assertNotIn("password", listed[0])
        self.assertEqual([p["id"] for p in connection.list_passwords_search(word.upper())], [entry])

        changed = {"password": harness.secret(), "username": ""}
        connection.update_password(entry, changed)
        self.assertEqual((connection.req.status_code, connection.req.content), (204, b""))
        shown = connection.show_password(entry)
        self.assertEqual({key: shown[key] for key in sent}, sent | changed, "what was not sent must stay")

        connection.delete_password(entry)
        with self.assertRaises(tpm.TPMException):
            connection.show_password(entry)
        self.assertEqual(connection.req.status_code, 404)
        self.assertEqual(connection.list_passwords_search(word), [])

    def test_pages(self):
        """The client follows Link, and signs each page's path as it rebuilt it."""
        connection = by_keys()
        word = harness.tag()
        project = connection.create_project({"name": "P " + word, "parent_id": 0})
        made = {connection.create_password({"name": f"{word} page {i}", "project_id": project}) for i in range(22)}

        for how, lister in ("hmac", by_keys()), ("basic", by_password()), ("small pages", by_keys(page_size=5)):
            with self.subTest(how):
                listed = [p["id"] for p in lister.list_passwords()]
                self.assertEqual(len(listed), len(set(listed)), "an entry on two pages")
                self.assertLessEqual(made, set(listed))
                # The space is what the client encodes anew for page 2.
                found = [p["id"] for p in lister.list_passwords_search(word + " page")]
                self.assertEqual(sorted(found), sorted(made))
                self.assertIn("/page/", lister.req.url, "the last request was for a later page")

    def test_search_with_reserved_characters(self):
        connection = by_keys()
        word = harness.tag()
        project = connection.create_project({"name": "P " + word, "parent_id": 0})
        name = f"{word} a/b+c%20d?e#f"
        entry = connection.create_password({"name": name, "project_id": project})
        self.assertEqual([p["id"] for p in connection.list_passwords_search(name)], [entry])
        for decoded_once_too_little in "a%2Fb", "b%2Bc", "c%2520d":
            self.assertEqual(connection.list_passwords_search(f"{word} {decoded_once_too_little}"), [])

    def test_wrong_credentials(self):
        keys = harness.credentials["tpm"]
        for connection in (
            tpm.TpmApiv6(harness.url, public_key=keys["public_key"], private_key="0" * 64),
            tpm.TpmApiv6(harness.url, public_key="0" * 64, private_key=keys["private_key"]),
            tpm.TpmApiv6(harness.url, username=harness.tag(), password="wrong"),
        ):
            with self.assertRaises(tpm.TPMException):
                connection.list_passwords()
            self.assertEqual(connection.req.status_code, 401)


if __name__ == "__main__":
    harness.main()
