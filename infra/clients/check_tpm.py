"""tpm 5.0.1 (peshay/tpm), the Python client of Team Password Manager, against API v6: all that its class has."""

import unittest

import tpm

import harness
from tpm_passwords import Passwords
from tpm_people import People
from tpm_personal import Personal
from tpm_projects import Projects
from tpmcase import Case, admin, called, colleague, in_both_ways

# The methods of the class, each in one of two lists. A new version of the client cannot bring one that nobody looked at.

TRANSPORT = {"request", "get", "post", "put", "delete", "collection", "get_collection", "ConfigError"}

SERVED = set("""
    get_version show_me who_am_i
    list_passwords list_passwords_archived list_passwords_favorite list_passwords_search show_password create_password update_password delete_password
    list_user_access_on_password update_security_of_password update_custom_fields_of_password lock_password unlock_password archive_password
    unarchive_password move_password set_favorite_password unset_favorite_password list_password_files upload_password_file
    list_mypasswords list_mypasswords_archived list_mypasswords_favorite list_mypasswords_search show_mypassword create_mypassword update_mypassword
    delete_mypassword move_mypassword set_favorite_mypassword unset_favorite_mypassword
    list_projects list_projects_archived list_projects_favorite list_projects_search show_project create_project update_project delete_project
    change_parent_of_project list_user_access_on_project update_security_of_project archive_project unarchive_project set_favorite_project
    unset_favorite_project list_subprojects list_subprojects_action list_passwords_of_project list_project_files upload_project_file
    get_latest_version up_to_date generate_password list_log list_log_search
    show_file_info update_file_notes max_upload_file_size uploads_folder_info download_file delete_file
    list_users show_user create_user create_user_ldap create_user_saml update_user change_user_password activate_user deactivate_user delete_user
    convert_user_to_ldap convert_ldap_user_to_normal convert_user_to_saml list_user_passwords list_user_projects
    list_groups show_group create_group update_group delete_group add_user_to_group delete_user_from_group
""".split())


class Others(Case):
    def test_version_and_me(self):
        self.assertEqual(self.client.get_version(), {"version": "13.166.291", "version_date": "2024-12-19", "api_version": "6"})
        for client, user, role in (self.client, admin(), "Admin"), (self.other, colleague(), "Normal user"):
            shown = client.show_me()
            self.shows(shown, id=user["id"], username=user["username"], role=role, is_active=True, is_ldap=False, is_saml=False, groups=None)
            self.shows(client.who_am_i(), id=user["id"], username=user["username"])


class WrongCredentials(unittest.TestCase):
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


class Coverage(unittest.TestCase):
    """Runs last."""

    def test_every_method_is_in_one_list(self):
        listed = [*TRANSPORT, *SERVED]
        self.assertEqual(sorted(listed), sorted(name for name in dir(tpm.TpmApiv6) if not name.startswith("_")))

    def test_every_method_was_called(self):
        for way, names in called.items():
            self.assertEqual(SERVED - names, set(), f"never called with {way}")


def load_tests(loader, _tests, _pattern):
    return unittest.TestSuite([
        in_both_ways(loader, Passwords, Personal, Projects, People, Others),
        *map(loader.loadTestsFromTestCase, (WrongCredentials, Coverage)),
    ])


if __name__ == "__main__":
    harness.main()
