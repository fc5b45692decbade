"""syspass-api-client 0.1.3, sysPass's own Python client. It sends null for each field that was not set."""

import unittest

from syspass_api_client.account import Account, AccountData
from syspass_api_client.api import ApiError, JsonRpcApi
from syspass_api_client.category import Category, CategoryData
from syspass_api_client.client import Client, ClientData

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
