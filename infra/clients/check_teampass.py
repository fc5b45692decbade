"""teampass-cli 0.0.13 (`tpcli`), as far as it speaks the API that TeamPass ships.

Its add and delete of items do. Its list, get, search and the look-up after an add are calls of a patched TeamPass: the classic API
refuses them, and so must tresor, in JSON. Its add of a folder cannot run on Python 3 (it encodes a str), so the folder comes from urllib.
"""

import unittest

from tpcli.teampass import TeampassClient
from tpcli.teampass.exceptions import TeampassApiException, TeampassHttpException

import harness


def connect(path="/api/index.php", key=None):
    return TeampassClient(harness.url + path, key or harness.credentials["teampass"]["apikey"])


class CheckTeampass(unittest.TestCase):
    def setUp(self):
        self.word = harness.tag()
        self.folder = harness.teampass_add_folder("Folder " + self.word)
        self.assertIsInstance(self.folder, str)

    def items(self):
        return harness.teampass("read/folder/" + self.folder)[1]

    def test_add_and_delete_an_item(self):
        for path in "/api/index.php", "/api":
            with self.subTest(path):
                label, password = f"Item {self.word} {path}", harness.secret()
                [added] = connect(path).add("item", label, "root", password, "said, é", self.folder)
                [item] = self.items()
                want = {"label": label, "login": "root", "pw": password, "description": "said, é",
                        "folder_id": self.folder, "path": "Folder " + self.word, "email": "", "url": ""}
                self.assertEqual({key: item[key] for key in want}, want)
                self.assertEqual(harness.teampass("read/items/" + item["id"]), (200, [item]))
                for value in label, "root", password: # under names of the client's own
                    self.assertIn(value, added.values())
                self.assertTrue(any(label in one.values() for one in connect(path).list("item")))

                self.assertEqual(connect(path).delete("item", item["id"]), "OK")
                self.assertEqual(harness.teampass("read/items/" + item["id"]), (200, {"err": "No results"}))
                self.assertEqual(self.items(), {"err": "No results"})

    def test_refusals(self):
        with self.assertRaisesRegex(TeampassApiException, "Folder ID does not exist"):
            connect().add("item", "Item " + self.word, "root", harness.secret(), "d", "999999999")
        with self.assertRaisesRegex(TeampassApiException, "Password is too long"):
            connect().add("item", "Item " + self.word, "root", "x" * 51, "d", self.folder)
        with self.assertRaisesRegex(TeampassApiException, "Method not authorized"):
            connect().search("item", self.word)
        with self.assertRaisesRegex(TeampassApiException, "doesn't exist"):
            connect(key="x" * 39).delete("item", "1")
        self.assertEqual(self.items(), {"err": "No results"})

    def test_version(self):
        self.assertEqual(harness.teampass("info/version"), (200, {"api-version": "2.1.5"}))


if __name__ == "__main__":
    harness.main()
