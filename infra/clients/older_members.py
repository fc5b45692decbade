"""Which members the objects of API v3, v4 and v5 have. Those of v4 are what a server of version 7 answered."""

CUSTOM = {f"custom_field{i}" for i in range(1, 11)}
WHO = {"created_on", "created_by", "updated_on", "updated_by"}

_item4 = {"id", "name", "project", "notes_snippet", "tags", "access_info", "username", "email", "expiry_date", "expiry_status", "archived",
          "favorite", "num_files", "locked", "external_sharing", "updated_on"}
_item5 = _item4 | {"has_password", "project_archived", "locking_type", "linked"}
PASSWORD_ITEM = {3: _item4, 4: _item4, 5: _item5}

_show = CUSTOM | WHO | {"id", "name", "project", "tags", "access_info", "username", "email", "password", "expiry_date", "expiry_status", "notes",
                        "user_permission", "archived", "favorite", "num_files", "locked", "external_sharing", "external_url", "managed_by"}
_objects = {"parents", "users_permissions", "groups_permissions"}
_flat = {"everyone_has_access", "users_access", "groups_access"}
_show5 = _show | _objects | {"project_archived", "locking_type", "locking_request_notify", "linked", "source_password_id"}
PASSWORD = {3: _show | _flat, 4: _show | _objects, 5: _show5}

OWN_ITEM = {version: {"id", "name", "notes_snippet", "tags", "access_info", "username", "email", "updated_on"} | more
            for version, more in ((3, set()), (4, set()), (5, {"has_password"}))}
OWN = dict.fromkeys((3, 4, 5), WHO | {"id", "name", "tags", "access_info", "username", "email", "password", "notes"})

PROJECT_ITEM = dict.fromkeys((3, 4, 5), {"id", "name", "tags", "managed_by", "archived", "favorite", "num_files", "updated_on"})

_project = WHO | {"id", "name", "tags", "notes", "managed_by", "num_passwords", "num_files", "user_permission", "user_can_create_passwords",
                  "archived", "favorite"}
_project4 = _project | _objects | {"parent_id", "is_leaf", "grant_all_permission"}
PROJECT = {3: _project | _flat, 4: _project4, 5: _project4}

ACCESS = {3: {"user", "access_type"}, 4: {"user", "permission", "granted_via"}, 5: {"user", "permission", "granted_via"}}

FILE_ITEM = {"id", "filename", "size_bytes", "size_txt", "notes_snippet", "updated_on"}

USER = {"id", "username", "email_address", "name", "role"}
GROUP = WHO | {"id", "name", "users"}

# What a list may not show of a locked password, and what only a later version says of it.
LOCKED_HIDES = {"notes_snippet", "tags", "access_info", "username", "email", "has_password", "strength"}
LATER_ON_LOCKED = {3: {"project_full_path", "managed_by", "linked", "project_archived", "locking_type"},
                   4: {"project_full_path", "managed_by", "linked", "project_archived", "locking_type"},
                   5: {"project_full_path", "managed_by", "created_by", "updated_by"}}
