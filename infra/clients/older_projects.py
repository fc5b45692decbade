"""Projects, by the classes for API v3, v4 and v5."""

import older_members as members
from older_case import Older
from tpmcase import admin, colleague

GONE = 2**40


class Projects(Older):
    def test_from_create_to_delete(self):
        sent = {"name": "Project " + self.word, "tags": "one,two", "notes": "first\nsecond, é"}
        project = self.made(self.client, self.client.create_project, sent | {"parent_id": 0})
        shown = self.client.show_project(project)
        self.shows(shown, id=project, **sent, num_passwords=0, num_files=0, user_permission=self.permission(60, "Manage"),
                   user_can_create_passwords=True, archived=False, favorite=False)
        for who in "managed_by", "created_by", "updated_by":
            self.full_user(shown[who], admin())
        listed = self.entry_of(self.client.list_projects(), project)
        self.shows(listed, name=sent["name"], tags=sent["tags"], archived=False, favorite=False, num_files=0)
        self.assertEqual(self.client.list_projects_search("project " + self.word.upper()), [listed])
        self.refused(409, self.client, self.client.create_project, {"name": sent["name"].upper(), "parent_id": 0})

        changed = {"name": "Renamed " + self.word, "notes": ""}
        self.done(self.client, self.client.update_project, project, changed)
        self.shows(self.client.show_project(project), **(sent | changed))
        self.done(self.client, self.client.delete_project, project)
        self.refused(404, self.client, self.client.show_project, project)

    def test_members(self):
        project = self.new_project()
        shown = self.client.show_project(project)
        self.has(members.PROJECT, shown)
        [listed] = self.client.list_projects_search(self.word)
        self.has(members.PROJECT_ITEM, listed)
        self.assertEqual(listed["managed_by"], shown["managed_by"], "a list of this version has the whole user")

    def test_archive(self):
        project = self.new_project()
        self.done(self.client, self.client.archive_project, project)
        self.shows(self.client.show_project(project), archived=True, user_can_create_passwords=False)
        self.absent(self.client.list_projects(), project)
        self.shows(self.entry_of(self.client.list_projects_archived(), project), archived=True)
        self.done(self.client, self.client.unarchive_project, project)
        self.absent(self.client.list_projects_archived(), project)
        self.entry_of(self.client.list_projects(), project)

    def test_favorite(self):
        """These classes call favorite_project, not favorite_projects."""
        project = self.new_project()
        self.done(self.client, self.client.set_favorite_project, project)
        self.assertIn(f"/favorite_project/{project}.json", self.client.req.url)
        self.shows(self.client.show_project(project), favorite=True)
        self.shows(self.entry_of(self.client.list_projects_favorite(), project), favorite=True)
        self.done(self.client, self.client.unset_favorite_project, project)
        self.absent(self.client.list_projects_favorite(), project)

    def test_change_parent(self):
        project, other = self.new_project(), self.new_project("Other")
        self.done(self.client, self.client.change_parent_of_project, project, other)
        self.refused(400, self.client, self.client.change_parent_of_project, other, project)
        self.done(self.client, self.client.change_parent_of_project, project, 0)

    def test_pages(self):
        made = [self.new_project(f"page {i}") for i in range(22)]
        self.pages(made, "list_projects", exactly=False)
        self.pages(made, "list_projects_search", f" {self.word}")
        for project in made:
            self.client.set_favorite_project(project)
            self.client.archive_project(project)
        self.pages(made, "list_projects_favorite", exactly=False)
        self.pages(made, "list_projects_archived", exactly=False)

    def test_what_is_not_there(self):
        client = self.client
        for method in (client.show_project, client.delete_project, client.archive_project, client.unarchive_project, client.set_favorite_project,
                       client.unset_favorite_project, client.list_passwords_of_project, client.list_user_access_on_project):
            self.refused(404, client, method, GONE)
        self.refused(404, client, client.update_project, GONE, {"notes": "n"})


class FlatAccess(Projects):
    """v3: whoever has access may make passwords. The members of the lists are ids, and they come with the project."""

    def test_security(self):
        who, project = colleague()["id"], self.client.create_project({"name": "Flat " + self.word})
        self.shows(self.client.show_project(project), everyone_has_access=False, users_access=None, groups_access=None)
        self.refused(404, self.other, self.other.show_project, project)
        self.done(self.client, self.client.update_project, project, {"users_access": [who]})
        [granted] = self.client.show_project(project)["users_access"]
        self.full_user(granted, colleague())
        listed = self.client.list_user_access_on_project(project)
        self.assertEqual(self.access(listed), {admin()["id"]: "Manage", who: "Read / Create passwords"})
        for item in listed:
            self.has(members.ACCESS, item)
        self.shows(self.other.show_project(project), user_permission="Read / Create passwords", user_can_create_passwords=True, users_access=None)
        self.made(self.other, self.other.create_password, {"name": self.word, "project_id": project})
        self.done(self.client, self.client.update_project, project, {"users_access": [], "everyone_has_access": True})
        self.shows(self.other.show_project(project), everyone_has_access=True)

    def test_created_for_a_user(self):
        project = self.client.create_project({"name": "For " + self.word, "users_access": [colleague()["id"]]})
        self.shows(self.other.show_project(project), id=project, name="For " + self.word)

    def test_permission_objects_are_of_later_versions(self):
        """The class has the call that v4 brought, too. It is served, and what v3 does not know changes nothing."""
        project = self.new_project()
        self.done(self.client, self.client.update_security_of_project, project, {"users_permissions": [[colleague()["id"], 20]]})
        self.refused(404, self.other, self.other.show_project, project)


class Tree(Projects):
    """v4 brought subprojects and permission objects."""

    def test_tree(self):
        root = self.new_project("Root")
        child = self.new_project("Child", root)
        leaf = self.new_project("Leaf", child)
        self.new_password(child)
        self.new_password(leaf)
        node = {"id": child, "name": f"Child {self.word}", "archived": False, "favorite": False, "has_children": True, "disabled": False,
                "num_pwds": 1, "num_pwds_branch": 2}
        self.assertEqual(self.client.list_subprojects(root), [node])
        self.assertEqual(self.client.list_subprojects(leaf), [])
        self.shows(self.entry_of(self.client.list_subprojects(0), root), has_children=True, num_pwds_branch=2)
        self.shows(self.client.show_project(leaf), parent_id=child, is_leaf=True)
        self.client.archive_project(leaf)
        [disabled] = self.client.list_subprojects_action(child, "new_pwd")
        self.shows(disabled, id=leaf, disabled=True)

    def test_parents(self):
        root = self.new_project("Root")
        child = self.new_project("Child", root)
        leaf = self.new_project("Leaf", child)
        self.assertEqual([self.client.show_project(p)["parents"] for p in (root, child, leaf)], [None, [root], [root, child]])

    def test_security(self):
        who, project = colleague()["id"], self.new_project()
        read = self.permission(20, "Read")
        self.shows(self.client.show_project(project), grant_all_permission={"id": -1, "label": "(Do not set)"}, users_permissions=None,
                   groups_permissions=None)
        self.refused(404, self.other, self.other.show_project, project)
        self.done(self.client, self.client.update_security_of_project, project, {"grant_all_permission": 0, "users_permissions": [[who, 20]]})
        listed = self.client.list_user_access_on_project(project)
        self.assertEqual(self.access(listed), {admin()["id"]: self.permission(60, "Manage"), who: read})
        for item in listed:
            self.has(members.ACCESS, item)
        [granted] = self.client.show_project(project)["users_permissions"]
        self.assertEqual(granted["permission"], read)
        self.full_user(granted["user"], colleague())
        self.shows(self.other.show_project(project), user_permission=read, user_can_create_passwords=False, users_permissions=None)
        self.refused(403, self.other, self.other.update_project, project, {"notes": "n"})
        self.refused(400, self.client, self.client.update_security_of_project, project, {"users_permissions": [[GONE, 20]]})
        self.done(self.client, self.client.update_security_of_project, project, {"users_permissions": []})
        self.refused(404, self.other, self.other.show_project, project)


class Files(Tree):
    """v5 brought files."""

    def test_files(self):
        project = self.new_project()
        self.assertEqual(self.client.list_project_files(project), [])
        number, name, content = self.file_travels(self.client.upload_project_file, self.client.list_project_files, project)
        self.comes_back(self.client, number, name, content)
        self.done(self.client, self.client.delete_file, number)
        self.assertEqual(self.client.list_project_files(project), [])
