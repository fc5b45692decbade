"""tpm 5.0.1 (peshay/tpm) with its classes for API v3, v4 and v5: what each has, and the representation that belongs to each version."""

import unittest

import tpm

import harness
from older_case import Older
from older_groups import Groups
from older_passwords import Moves, Parents, Passwords
from older_personal import MovedPersonal, Personal
from older_projects import Files, FlatAccess, Tree
from tpmcase import admin, colleague, in_both_ways, recorded

TRANSPORT = {"request", "get", "post", "put", "delete", "collection", "get_collection", "ConfigError"}

# What each class has beyond the one before. The first list is driven here, for each version and each way to log in; the other is of calls
# that check_tpm.py drives in v6 only.
DRIVEN = {
    3: """
        get_version get_latest_version up_to_date generate_password show_me who_am_i
        list_passwords list_passwords_archived list_passwords_favorite list_passwords_search show_password create_password update_password
        delete_password list_user_access_on_password update_security_of_password update_custom_fields_of_password lock_password unlock_password
        set_favorite_password unset_favorite_password
        list_mypasswords list_mypasswords_search show_mypassword create_mypassword update_mypassword delete_mypassword
        list_projects list_projects_archived list_projects_favorite list_projects_search show_project list_passwords_of_project
        list_user_access_on_project create_project update_project change_parent_of_project update_security_of_project archive_project
        unarchive_project delete_project set_favorite_project unset_favorite_project
        list_groups show_group create_group update_group add_user_to_group delete_user_from_group delete_group
    """,
    4: "list_subprojects list_subprojects_action",
    5: """
        archive_password unarchive_password move_password list_password_files upload_password_file move_mypassword list_project_files
        upload_project_file
    """,
}
IN_V6 = {
    3: """
        list_users show_user create_user update_user change_user_password activate_user deactivate_user convert_user_to_ldap
        convert_ldap_user_to_normal delete_user
    """,
    4: "",
    5: """
        create_user_ldap create_user_saml convert_user_to_saml
        show_file_info update_file_notes max_upload_file_size uploads_folder_info download_file delete_file
    """,
}
CLASSES = {version: recorded(published) for version, published in ((3, tpm.TpmApiv3), (4, tpm.TpmApiv4), (5, tpm.TpmApiv5))}
LISTED = ("version", "version_date", "api_version")


def names(table, version):
    """What the class of this version has of a table."""
    return {name for since, listed in table.items() if since <= version for name in listed.split()}


class Others(Older):
    def test_version(self):
        shown = self.client.get_version()
        self.assertEqual(tuple(shown), LISTED)
        self.shows(shown, version="13.166.291", api_version=str(self.version))

    def test_latest_version(self):
        """It is not looked up, so that the client does not say that the server is up to date."""
        self.assertEqual(self.client.get_latest_version(), self.client.get_version() | {"latest_version": ""})
        self.assertFalse(self.client.up_to_date())
        self.refused(403, self.other, self.other.get_latest_version)

    def test_generate_password(self):
        made = [self.client.generate_password() for _ in range(20)]
        for one in made:
            self.assertEqual(list(one), ["password"])
            self.assertGreaterEqual(len(one["password"]), 10)
        self.assertEqual(len({one["password"] for one in made}), len(made), "one came twice")
        self.assertGreaterEqual(len(self.other.generate_password()["password"]), 10)

    def test_me(self):
        for client, user, role in (self.client, admin(), "Admin"), (self.other, colleague(), "Normal user"):
            for shown in client.show_me(), client.who_am_i():
                self.shows(shown, id=user["id"], username=user["username"], role=role, is_active=True, groups=None)

    def test_wrong_credentials(self):
        keys, published = harness.credentials["tpm"], self.api.published
        for connection in (
            published(harness.url, public_key=keys["public_key"], private_key="0" * 64),
            published(harness.url, public_key="0" * 64, private_key=keys["private_key"]),
            published(harness.url, username=harness.tag(), password="wrong"),
        ):
            self.addCleanup(connection.session.close)
            with self.assertRaises(tpm.TPMException):
                connection.list_passwords()
            self.assertEqual(connection.req.status_code, 401)


class Coverage(unittest.TestCase):
    """Runs last."""

    def test_every_method_is_in_the_table(self):
        for version, api in CLASSES.items():
            listed = [*TRANSPORT, *names(DRIVEN, version), *names(IN_V6, version)]
            self.assertEqual(sorted(listed), sorted(name for name in dir(api.published) if not name.startswith("_")), f"v{version}")

    def test_every_driven_method_was_called(self):
        for version, api in CLASSES.items():
            for way, called in api.called.items():
                self.assertEqual(names(DRIVEN, version) - called, set(), f"never called in v{version} with {way}")


CASES = {3: (Passwords, Personal, FlatAccess, Groups, Others), 4: (Parents, Personal, Tree, Groups, Others), 5: (Moves, MovedPersonal, Files, Groups, Others)}


def load_tests(loader, _tests, _pattern):
    suite = unittest.TestSuite()
    for version, cases in CASES.items():
        suite.addTest(in_both_ways(loader, *cases, suffix=f"_v{version}", version=version, api=CLASSES[version]))
    suite.addTest(loader.loadTestsFromTestCase(Coverage))
    return suite


if __name__ == "__main__":
    harness.main()
