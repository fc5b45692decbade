"""syspass-api-client 0.1.3, sysPass's own Python client. It sends null for each field that was not set."""

import unittest

from syspass_api_client.account import Account, AccountData
from syspass_api_client.api import ApiError, JsonRpcApi
from syspass_api_client.category import Category, CategoryData
from syspass_api_client.client import Client, ClientData
from syspass_api_client.config import Config
from syspass_api_client.tag import Tag, TagData
from syspass_api_client.user_group import UserGroup, UserGroupData

import harness


def connect(token=None):
    return JsonRpcApi(url=harness.url + "/api.php", auth_token=token or harness.credentials["syspass"]["authToken"])


def accounts(token_pass=None):
    return Account(connect(), token_pass=token_pass or harness.credentials["syspass"]["tokenPass"])


class CheckSyspass(unittest.TestCase):
    def setUp(self):
        self.word = harness.tag()

    def places(self):
        category = Category(connect()).create(CategoryData("Category " + self.word, "servers"))["result"]
        client = Client(connect()).create(ClientData("Client " + self.word, "a customer"))["result"]
        self.assertEqual((category["resultCode"], category["resultMessage"]), (0, "Category added"))
        self.assertEqual((client["resultCode"], client["resultMessage"]), (0, "Client added"))
        return category["itemId"], client["itemId"]

    def test_categories_and_clients(self):
        category, client = self.places()
        found = Category(connect()).search(text=self.word)
        self.assertEqual([(c["id"], c["name"], c["description"]) for c in found],
                         [(category, "Category " + self.word, "servers")])
        found = Client(connect()).search(text=self.word, count=5)
        self.assertEqual([(c["id"], c["name"], c["description"]) for c in found],
                         [(client, "Client " + self.word, "a customer")])
        with self.assertRaisesRegex(ApiError, r"Duplicated category \(0\)"):
            Category(connect()).create(CategoryData("category-" + self.word))
        with self.assertRaisesRegex(ApiError, r"Duplicated client \(0\)"):
            Client(connect()).create(ClientData("CLIENT " + self.word))

    def test_an_account(self):
        category, client = self.places()
        password = harness.secret()
        created = accounts().create(AccountData("Account " + self.word, category, client, password, login="root",
                                                url="ssh://10.1.2.3", notes="rack 4\nrow B, é"))
        self.assertEqual((created["resultCode"], created["resultMessage"]), (0, "Account created"))
        self.assertEqual(created["result"]["id"], created["itemId"])

        viewed = accounts().view(created["itemId"])
        want = {"id": created["itemId"], "name": "Account " + self.word, "categoryId": category, "clientId": client,
                "login": "root", "url": "ssh://10.1.2.3", "notes": "rack 4\nrow B, é", "pass": "", "key": "",
                "isPrivate": "0", "passDateChange": 0, "clientName": "Client " + self.word,
                "userLogin": harness.credentials["admin"]["username"]}
        self.assertEqual({key: viewed[key] for key in want}, want)
        self.assertEqual(accounts().view_pass(created["itemId"]), {"password": password})

        for filters in {"text": self.word.upper()}, {"client_id": client}, {"text": "10.1.2.3", "category_id": category}:
            with self.subTest(filters):
                rows = accounts().search(**filters)
                self.assertEqual([row["id"] for row in rows], [created["itemId"]])
                self.assertEqual(rows[0]["isPrivate"], 0)
        self.assertEqual(accounts().search(text="no such " + self.word), [])

    def test_an_account_is_edited_and_deleted(self):
        category, client = self.places()
        tag = Tag(connect()).create(TagData("Tag " + self.word))["result"]["itemId"]
        account = accounts().create(AccountData("Account " + self.word, category, client, harness.secret(), login="root",
                                                notes="n", tags_id=[tag], expire_date=1900000000))["itemId"]
        edited = accounts().edit(AccountData("Edited " + self.word, category, client, "is not looked at",
                                             account_id=account, url="https://h"))
        self.assertEqual((edited["itemId"], edited["resultMessage"]), (account, "Account updated"))
        want = {"id": account, "name": "Edited " + self.word, "login": "", "url": "https://h", "notes": "",
                "passDateChange": 0, "pass": ""}
        self.assertEqual({key: edited["result"][key] for key in want}, want)
        self.assertIsNotNone(edited["result"]["dateEdit"])
        self.assertEqual([row["id"] for row in accounts().search(tags_id=[tag])], [account], "null keeps the tags")

        # The client names account/editPass and has no function for it. sysPass strips tags from passwords there.
        password = harness.secret()
        changed = connect().call_api("account/editPass", {"tokenPass": accounts().token_pass, "id": account, "pass": password})
        self.assertEqual(changed["result"]["resultMessage"], "Password updated")
        self.assertEqual(accounts().view_pass(account), {"password": password.replace("<b>", "")})

        with self.assertRaisesRegex(ApiError, r"\(23000\)"):
            Category(connect()).delete(category)
        removed = accounts().delete(account)["result"]
        self.assertEqual((removed["result"]["name"], removed["resultMessage"]), ("Edited " + self.word, "Account removed"))
        for call in accounts().view, accounts().delete:
            with self.assertRaisesRegex(ApiError, r"The account doesn't exist \(0\)"):
                call(account)

    def test_categories_and_clients_one_by_one(self):
        category, client = self.places()
        for kind, data, own, word, key in ((Category(connect()), CategoryData, category, "Category", "category_id"),
                                           (Client(connect()), ClientData, client, "Client", "client_id")):
            with self.subTest(word):
                self.assertEqual(kind.view(own)["name"], word + " " + self.word)
                edited = kind.edit(data("New " + self.word, "d", **{key: own}))["result"]
                self.assertEqual((edited["itemId"], edited["resultMessage"]), (own, word + " updated"))
                viewed = kind.view(own)
                self.assertEqual((viewed["id"], viewed["name"], viewed["description"], viewed["hash"]), (own, "New " + self.word, "d", ""))
                self.assertEqual(kind.delete(own)["result"]["resultMessage"], word + " deleted")
                with self.assertRaisesRegex(ApiError, word + r" not found \(0\)"):
                    kind.view(own)

    def test_tags(self):
        tags = Tag(connect())
        created = tags.create(TagData("Tag " + self.word))["result"]
        self.assertEqual((created["resultMessage"], created["result"]["id"]), ("Tag added", 0))
        tag = created["itemId"]
        with self.assertRaisesRegex(ApiError, r"Duplicated tag \(0\)"):
            tags.create(TagData("tag_" + self.word))
        self.assertEqual(tags.search(text=self.word), [{"id": tag, "name": "Tag " + self.word}])
        self.assertEqual(tags.edit(TagData("New " + self.word, tag))["result"]["resultMessage"], "Tag updated")
        self.assertEqual(tags.view(tag), {"id": tag, "name": "New " + self.word, "hash": ""})
        self.assertEqual(tags.delete(tag)["result"]["resultMessage"], "Tag removed")
        with self.assertRaisesRegex(ApiError, r"Tag not found \(0\)"):
            tags.view(tag)

    def test_user_groups(self):
        groups = UserGroup(connect())
        created = groups.create(UserGroupData("Group " + self.word, "d", users_id=[1]))["result"]
        self.assertEqual((created["resultMessage"], created["result"]["users"]), ("Group added", [1]))
        group = created["itemId"]
        with self.assertRaisesRegex(ApiError, r"Duplicated group name \(0\)"):
            groups.create(UserGroupData("GROUP " + self.word))
        self.assertEqual(groups.search(text=self.word),
                         [{"id": group, "name": "Group " + self.word, "description": "d", "users": None}])
        self.assertEqual(groups.edit(UserGroupData("New " + self.word, user_group_id=group))["result"]["resultMessage"],
                         "Group updated")
        self.assertEqual(groups.view(group), {"id": group, "name": "New " + self.word, "description": "", "users": [1]})
        with self.assertRaisesRegex(ApiError, r"\(23000\)"):
            groups.edit(UserGroupData("No " + self.word, users_id=[1, 999999999], user_group_id=group))
        groups.edit(UserGroupData("New " + self.word, users_id=[], user_group_id=group))
        self.assertEqual(groups.view(group)["users"], [])
        self.assertEqual(groups.delete(group)["result"]["resultMessage"], "Group deleted")
        with self.assertRaisesRegex(ApiError, r"Group not found \(0\)"):
            groups.view(group)

    def test_backup_and_export(self):
        config = Config(connect())
        self.assertEqual(config.backup("nightly/" + self.word), "nightly/" + self.word)
        self.assertEqual(config.export("/" + self.word), "/" + self.word)
        self.assertEqual(config.export(self.word, password=harness.secret()), self.word)
        with self.assertRaisesRegex(ApiError, r"Unable to create the backups directory"):
            config.backup("../" + self.word)

    def test_refusals(self):
        category, client = self.places()
        with self.assertRaisesRegex(ApiError, r"The account doesn't exist \(0\)"):
            accounts().view(999999999)
        with self.assertRaisesRegex(ApiError, r"Account not found \(0\)"):
            accounts().view_pass(999999999)
        with self.assertRaisesRegex(ApiError, r"\(23000\)"):
            accounts().create(AccountData(self.word, category, 999999999, harness.secret()))
        with self.assertRaisesRegex(ApiError, r"Internal error \(-32603\)"):
            Category(connect(token="0" * 64)).search()
        with self.assertRaisesRegex(ApiError, r"Unauthorized access \(-32603\)"):
            accounts(token_pass="wrong").create(AccountData(self.word, category, client, harness.secret()))
        self.assertEqual(accounts().search(text=self.word), [])


if __name__ == "__main__":
    harness.main()
