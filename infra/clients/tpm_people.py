"""Users, groups, the log and the generator, by the v6 class of the tpm client."""

import tpm

import harness
from tpmcase import Case, admin, colleague

GONE = 2**40
USER = {"id", "name", "username", "email_address", "role", "last_login", "last_api_request", "is_active", "is_ldap", "is_saml", "is_api_only", "is_2fa_enabled",
        "valid_hash", "num_groups", "created_by", "created_on", "updated_by", "updated_on"}


class People(Case):
    def new_user(self, role="normal user", **values):
        """A user, with the credentials that it can log in with."""
        made = {"username": "u-" + self.word, "email_address": self.word + "@example.com", "name": "Üser " + self.word, "role": role, "password": harness.secret()}
        number = self.made(self.client, self.client.create_user, made | values)
        self.addCleanup(self.tidy, f"users/{number}.json")
        return number, made | values

    def tidy(self, path):
        """Deletes what a case may have deleted itself, so that it is in no other one's lists."""
        try:
            self.client.delete(path)
        except tpm.TPMException:
            self.assertEqual(self.client.req.status_code, 404)

    def logged_in(self, user):
        client = tpm.TpmApiv6(harness.url, username=user["username"], password=user["password"])
        self.addCleanup(client.session.close)
        return client

    def test_from_create_to_delete(self):
        number, user = self.new_user()
        shown = self.client.show_user(number)
        self.shows(shown, id=number, username=user["username"], name=user["name"], email_address=user["email_address"], role="Normal user", is_active=True,
                   is_ldap=False, is_saml=False, is_api_only=False, groups=None, last_login=None, last_api_request=None)
        listed = self.entry_of(self.client.list_users(), number)
        self.assertEqual(set(listed), USER)
        self.assertEqual(listed["created_by"], {"id": admin()["id"]})

        theirs = self.logged_in(user)
        self.shows(theirs.show_me(), id=number)
        self.assertIsNotNone(self.client.show_user(number)["last_api_request"])
        self.assertEqual([set(u) for u in theirs.list_users()], [{"id", "name"}] * len(theirs.list_users()))

        self.done(self.client, self.client.update_user, number, {"name": "Renamed " + self.word, "role": "READ ONLY"})
        self.shows(self.client.show_user(number), name="Renamed " + self.word, role="Read only", username=user["username"])
        fresh = harness.secret()
        self.done(self.client, self.client.change_user_password, number, {"password": fresh})
        with self.assertRaises(tpm.TPMException):
            theirs.show_me()
        self.assertEqual(theirs.req.status_code, 401)
        self.shows(self.logged_in(user | {"password": fresh}).show_me(), id=number, role="Read only")
        self.done(self.client, self.client.delete_user, number)
        self.refused(404, self.client, self.client.show_user, number)
        self.absent(self.client.list_users(), number)

    def test_a_deactivated_user_is_out(self):
        number, user = self.new_user()
        client = self.logged_in(user)
        client.show_me()
        self.done(self.client, self.client.deactivate_user, number)
        with self.assertRaises(tpm.TPMException):
            client.show_me()
        self.assertEqual(client.req.status_code, 401)
        self.shows(self.client.show_user(number), is_active=False)
        self.done(self.client, self.client.activate_user, number)
        self.shows(client.show_me(), id=number)

    def test_what_is_refused(self):
        number, _ = self.new_user()
        for method, *arguments in (
            (self.client.create_user_ldap, {"login_dn": "cn=x", "ldap_server_id": 1}), (self.client.create_user_saml, {"username": "x"}),
            (self.client.convert_user_to_ldap, number, "cn=x", 1), (self.client.convert_user_to_saml, number), (self.client.convert_ldap_user_to_normal, number),
            (self.client.delete_user, admin()["id"]), (self.client.deactivate_user, admin()["id"]),
        ):
            self.refused(403, self.client, method, *arguments)
        for method, *arguments in (
            (self.other.create_user, {"name": "n"}), (self.other.update_user, colleague()["id"], {"role": "Admin"}), (self.other.delete_user, number),
            (self.other.change_user_password, number, {"password": "p"}), (self.other.list_user_passwords, number), (self.other.list_user_projects, number),
            (self.other.create_group, {"name": "n"}), (self.other.list_log,), (self.other.list_log_search, "x"), (self.other.get_latest_version,),
        ):
            self.refused(403, self.other, method, *arguments)
        self.refused(400, self.client, self.client.create_user, {"username": "x" + self.word})
        self.refused(404, self.client, self.client.show_user, GONE)

    def test_what_a_user_may(self):
        number, _ = self.new_user()
        project = self.new_project()
        password = self.new_password(project)
        self.assertEqual(self.client.list_user_passwords(number), [])
        self.client.update_security_of_project(project, {"users_permissions": [[number, 20]]})
        [item] = self.client.list_user_passwords(number)
        self.shows(item, id=password, user_permission={"id": 10, "label": "Read"})
        [item] = self.client.list_user_projects(number)
        self.shows(item, id=project, user_permission={"id": 20, "label": "Read"})

    def test_groups(self):
        group = self.made(self.client, self.client.create_group, {"name": "Group " + self.word})
        self.addCleanup(self.tidy, f"groups/{group}.json")
        self.done(self.client, self.client.add_user_to_group, group, colleague()["id"])
        shown = self.client.show_group(group)
        self.shows(shown, name="Group " + self.word, is_ldap=False, ldap_server_id=0, group_dn="")
        self.assertEqual([u["id"] for u in shown["users"]], [colleague()["id"]])
        self.assertEqual([g["id"] for g in self.other.show_me()["groups"]], [group])
        self.shows(self.entry_of(self.client.list_groups(), group), num_users=1, is_ldap=False, created_by={"id": admin()["id"]})
        self.done(self.client, self.client.update_group, group, {"name": "Renamed " + self.word})
        self.done(self.client, self.client.delete_user_from_group, group, colleague()["id"])
        self.shows(self.client.show_group(group), name="Renamed " + self.word, users=None)
        self.done(self.client, self.client.delete_group, group)
        self.refused(404, self.client, self.client.show_group, group)

    def test_the_log(self):
        project = self.new_project()
        password = self.new_password(project)
        self.client.show_password(password)
        found = self.client.list_log_search(f"password_id:{password}")
        self.assertEqual([item["action"]["id"] for item in found], ["password_shown", "create_password"])
        self.shows(found[0], user={"id": admin()["id"], "name": found[0]["user"]["name"], "deleted": False}, origin="api", ip_address="127.0.0.1")
        self.shows(found[0]["related_password"], id=password, name=self.word + " Password")
        self.shows(found[0]["related_project"], id=project)
        self.assertEqual(len(self.client.list_log_search(f"{self.word} action_id:password_shown")), 1)
        self.assertGreaterEqual(len(self.client.list_log()), 3)

    def test_generator_and_version(self):
        one, two = (self.client.generate_password()["password"] for _ in range(2))
        self.assertEqual((len(one), len(two)), (20, 20))
        self.assertNotEqual(one, two)
        self.assertEqual(self.client.get_latest_version(), self.client.get_version() | {"latest_version": ""})
        self.assertFalse(self.client.up_to_date())
