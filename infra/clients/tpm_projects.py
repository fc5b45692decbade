"""Projects, by the tpm client."""

import harness
from tpmcase import Case, admin, colleague

FULL = {"id": 60, "label": "Manage"}
READ = {"id": 20, "label": "Read"}
NONE = {"id": 0, "label": "No access"}
UNSET = {"id": -1, "label": "(Do not set)"}


class Projects(Case):
    def test_from_create_to_delete(self):
        sent = {"name": "Project " + self.word, "tags": "one,two", "notes": "first\nsecond, é"}
        project = self.made(self.client, self.client.create_project, sent | {"parent_id": 0})
        path = [{"id": project, "name": sent["name"], "archived": False}]
        shown = self.client.show_project(project)
        self.shows(shown, id=project, **sent, parent_id=0, full_path=path, num_passwords=0, num_files=0, user_permission=FULL, user_can_create_passwords=True,
                   is_leaf=True, archived=False, favorite=False, grant_all_permission=UNSET, users_permissions=None, groups_permissions=None)
        for who in "managed_by", "created_by", "updated_by":
            self.shows(shown[who], id=admin()["id"], username=admin()["username"], role="Admin")

        listed = self.entry_of(self.client.list_projects(), project)
        self.shows(listed, name=sent["name"], tags=sent["tags"], notes_snippet=sent["notes"], full_path=path, archived=False, favorite=False,
                   managed_by={"id": admin()["id"]})
        self.assertEqual(self.client.list_projects_search(self.word.upper()), [listed])
        self.refused(409, self.client, self.client.create_project, {"name": sent["name"].upper(), "parent_id": 0})

        changed = {"name": "Renamed " + self.word, "notes": ""}
        self.done(self.client, self.client.update_project, project, changed)
        self.shows(self.client.show_project(project), **(sent | changed))  # what was not sent stays

        entry = self.new_password(project)
        self.done(self.client, self.client.delete_project, project)
        self.refused(404, self.client, self.client.show_project, project)
        self.refused(404, self.client, self.client.show_password, entry)
        self.assertEqual(self.client.list_projects_search(self.word), [])

    def test_tree(self):
        root, other = self.new_project("Root"), self.new_project("Other")
        child = self.new_project("Child", root)
        leaf = self.new_project("Leaf", child)
        self.new_password(child)
        self.new_password(leaf)
        self.shows(self.client.show_project(leaf), parent_id=child, full_path=[
            {"id": number, "name": f"{name} {self.word}", "archived": False} for number, name in ((root, "Root"), (child, "Child"), (leaf, "Leaf"))])
        node = {"id": child, "name": f"Child {self.word}", "archived": False, "favorite": False, "has_children": True, "disabled": False,
                "num_pwds": 1, "num_pwds_branch": 2}
        self.assertEqual(self.client.list_subprojects(root), [node])
        self.assertEqual(self.client.list_subprojects(leaf), [])
        self.shows(self.entry_of(self.client.list_subprojects(0), root), has_children=True, num_pwds=0, num_pwds_branch=2)

        self.done(self.client, self.client.change_parent_of_project, child, other)
        self.assertEqual(self.client.list_subprojects(root), [])
        self.assertEqual(self.client.list_subprojects(other), [node])
        self.shows(self.client.show_project(child), parent_id=other)
        self.refused(400, self.client, self.client.change_parent_of_project, other, leaf)
        self.refused(404, self.client, self.client.change_parent_of_project, child, 2**40)
        self.done(self.client, self.client.change_parent_of_project, child, 0)
        self.shows(self.client.show_project(child), parent_id=0)

    def test_where_a_password_can_be_made(self):
        root = self.new_project("Root")
        closed, open_ = self.new_project("Closed", root), self.new_project("Open", root)
        self.client.archive_project(closed)
        disabled = {p["id"]: p["disabled"] for p in self.client.list_subprojects_action(root, "new_pwd")}
        self.assertEqual(disabled, {closed: True, open_: False})
        self.assertEqual({p["disabled"] for p in self.client.list_subprojects(root)}, {False})
        self.refused(403, self.client, self.client.create_password, {"name": "n", "project_id": closed})
        self.refused(404, self.client, self.client.list_subprojects_action, root, "no_such_action")

    def test_archive(self):
        project = self.new_project()
        child = self.new_project("Child", project)
        entry = self.new_password(child)
        self.done(self.client, self.client.archive_project, project)
        for number in project, child:
            self.shows(self.client.show_project(number), archived=True, user_can_create_passwords=False)
            self.absent(self.client.list_projects(), number)
            self.shows(self.entry_of(self.client.list_projects_archived(), number), archived=True)
        self.shows(self.client.show_password(entry), archived=True, project_archived=True)
        self.refused(403, self.client, self.client.update_project, project, {"notes": "n"})

        self.done(self.client, self.client.unarchive_project, project)
        for number in project, child:
            self.shows(self.client.show_project(number), archived=False, user_can_create_passwords=True)
            self.absent(self.client.list_projects_archived(), number)
            self.entry_of(self.client.list_projects(), number)

    def test_favorite(self):
        project = self.new_project()
        self.absent(self.client.list_projects_favorite(), project)
        self.done(self.client, self.client.set_favorite_project, project)
        self.shows(self.client.show_project(project), favorite=True)
        self.shows(self.entry_of(self.client.list_projects_favorite(), project), favorite=True, name=f"Project {self.word}")
        self.done(self.client, self.client.unset_favorite_project, project)
        self.shows(self.client.show_project(project), favorite=False)
        self.absent(self.client.list_projects_favorite(), project)

    def test_security(self):
        """What a user may do, is granted and taken away; each refusal is the client's exception."""
        who, project = colleague()["id"], self.new_project()
        self.client.update_project(project, {"notes": "for readers"})
        self.refused(404, self.other, self.other.show_project, project)
        manager = {admin()["id"]: (FULL, "Project manager")}

        self.done(self.client, self.client.update_security_of_project, project, {"grant_all_permission": 0, "users_permissions": [[who, 20]]})
        self.assertEqual(self.access(project), manager | {who: (READ, "User direct")})
        shown = self.client.show_project(project)
        self.assertEqual((shown["grant_all_permission"], shown["groups_permissions"]), (NONE, None))
        [granted] = shown["users_permissions"]
        self.assertEqual(granted["permission"], READ)
        self.shows(granted["user"], id=who, username=colleague()["username"], role="Normal user")

        self.shows(self.other.show_project(project), notes="for readers", user_permission=READ, user_can_create_passwords=False, users_permissions=None)
        self.refused(403, self.other, self.other.update_project, project, {"notes": "n"})
        self.refused(403, self.other, self.other.delete_project, project)
        self.refused(403, self.other, self.other.list_user_access_on_project, project)
        self.refused(403, self.other, self.other.create_password, {"name": "n", "project_id": project})
        self.refused(400, self.client, self.client.update_security_of_project, project, {"users_permissions": [[2**40, 20]]})

        self.done(self.client, self.client.update_security_of_project, project, {"users_permissions": []})
        self.assertEqual(self.access(project), manager | {who: (NONE, "Grant all users")})
        self.refused(404, self.other, self.other.show_project, project)
        self.absent(self.other.list_projects(), project)

    def access(self, project):
        return {item["user"]["id"]: (item["permission"], item["granted_via"]) for item in self.client.list_user_access_on_project(project)}

    def test_passwords_and_files(self):
        project = self.new_project()
        self.new_password(self.new_project("Child", project))
        entry = self.new_password(project, username="root")
        [listed] = self.client.list_passwords_of_project(project)
        self.shows(listed, id=entry, name=f"{self.word} Password", username="root", has_password=True)
        self.shows(self.client.show_project(project), num_passwords=1, is_leaf=False)
        self.assertEqual(self.client.list_project_files(project), [])
        number, name, content = self.file_travels(self.client.upload_project_file, self.client.list_project_files, project)
        self.comes_back(self.client, number, name, content)
        self.shows(self.client.show_file_info(number), container={"type": "project", "id": project, "is_linked": False, "source_id": 0})
        self.shows(self.client.show_project(project), num_files=1)
        self.refused(404, self.other, self.other.download_file, number)
        self.done(self.client, self.client.delete_file, number)
        self.assertEqual(self.client.list_project_files(project), [])

    def test_delete_with_a_locked_password(self):
        project = self.new_project()
        entry = self.new_password(project)
        self.client.lock_password(entry)
        self.refused(403, self.client, self.client.delete_project, project)
        self.shows(self.client.show_password(entry), locked=True)
        owner = self.connect(unlock_reason="ticket " + harness.tag())
        self.done(owner, owner.delete_project, project)
        self.refused(404, self.client, self.client.show_project, project)

    def test_what_is_not_there(self):
        gone, client = 2**40, self.client
        for method in (client.show_project, client.delete_project, client.archive_project, client.unarchive_project, client.set_favorite_project,
                       client.unset_favorite_project, client.list_subprojects, client.list_passwords_of_project, client.list_project_files,
                       client.list_user_access_on_project):
            self.refused(404, client, method, gone)
        self.refused(404, client, client.update_project, gone, {"notes": "n"})
        self.refused(404, client, client.create_project, {"name": self.word, "parent_id": gone})

    def test_pages(self):
        root = self.new_project("Root")
        made = [self.new_project(f"page {i}", root) for i in range(22)]
        self.pages(made, "list_projects", exactly=False)
        self.pages([*made, root], "list_projects_search", self.word)
        for project in made:
            self.client.set_favorite_project(project)
            self.client.archive_project(project)
        self.pages(made, "list_projects_favorite", exactly=False)
        self.pages(made, "list_projects_archived", exactly=False)
        self.assertEqual({p["id"] for p in self.client.list_subprojects(root)}, set(made), "the tree has no pages")
