"""One vault: what one dialect writes, the two others read, with the same secret."""

import unittest

import tpm
from syspass_api_client.account import Account, AccountData
from syspass_api_client.api import JsonRpcApi
from syspass_api_client.category import Category, CategoryData

import harness


class CheckTogether(unittest.TestCase):
    def setUp(self):
        syspass = harness.credentials["syspass"]
        self.api = JsonRpcApi(url=harness.url + "/api.php", auth_token=syspass["authToken"])
        self.syspass = Account(self.api, token_pass=syspass["tokenPass"])
        self.tpm = tpm.TpmApiv6(harness.url, **harness.credentials["tpm"])
        self.word = harness.tag()
        # A root project is a sysPass client and a TeamPass folder under the same id.
        self.place = self.tpm.create_project({"name": "Place " + self.word, "parent_id": 0})

    def test_what_one_writes_all_read(self):
        for write in self.by_syspass, self.by_tpm, self.by_teampass:
            with self.subTest(write.__name__):
                name, password = f"{self.word} {write.__name__}", harness.secret()
                self.read_everywhere(int(write(name, password)), name, password)

    def by_syspass(self, name, password):
        category = Category(self.api).create(CategoryData("Category " + self.word))["result"]["itemId"]
        return self.syspass.create(AccountData(name, category, self.place, password, login="root"))["itemId"]

    def by_tpm(self, name, password):
        return self.tpm.create_password({"name": name, "project_id": self.place, "password": password, "username": "root"})

    def by_teampass(self, name, password):
        return harness.teampass_add_item(name, password, self.place, login="root")

    def read_everywhere(self, entry, name, password):
        viewed = self.syspass.view(entry)
        self.assertEqual((viewed["name"], viewed["login"], viewed["clientId"]), (name, "root", self.place))
        self.assertEqual(self.syspass.view_pass(entry)["password"], password)

        shown = self.tpm.show_password(entry)
        self.assertEqual((shown["name"], shown["username"], shown["project"]["id"]), (name, "root", self.place))
        self.assertEqual(shown["password"], password)

        status, [item] = harness.teampass(f"read/items/{entry}")
        self.assertEqual((status, item["label"], item["login"], item["folder_id"]), (200, name, "root", str(self.place)))
        self.assertEqual(item["pw"], password)

    def test_what_one_deletes_is_gone_everywhere(self):
        entry = self.by_tpm("Gone " + self.word, harness.secret())
        self.assertEqual(harness.teampass(f"delete/item/{entry}"), (200, {"status": "OK"}))
        self.assertEqual(self.syspass.search(text=self.word), [])
        with self.assertRaises(tpm.TPMException):
            self.tpm.show_password(entry)


if __name__ == "__main__":
    harness.main()
