"""teampass-cli 0.0.13 (`tpcli`): its client class, and each of its commands as people type them.

Its add of a folder cannot run on Python 3 (it encodes a str), nor its edit of one (it never makes a URL), so folders come from urllib. click is
pinned to the last version that it runs with.
"""

import os
import subprocess
import sys
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

    def test_search_get_and_edit(self):
        [added] = connect().add("item", "Web " + self.word, "root", harness.secret(), "d", self.folder)
        [found] = connect().search("item", self.word.upper())
        self.assertEqual(found, added)
        [again] = connect().get("item", added["ID"])
        self.assertEqual(again, added)
        password = harness.secret().replace(";", "") # the client joins its fields by it
        [edited] = connect().edit("item", added["ID"], "New " + self.word, "admin", password, "e", self.folder)
        self.assertEqual((edited["ID"], edited["Label"], edited["Login"], edited["Password"], edited["Description"]),
                         (added["ID"], "New " + self.word, "admin", password, "e"))
        [folder] = connect().search("folder", self.word)
        self.assertEqual((folder["ID"], folder["Title"]), (self.folder, "Folder " + self.word))
        self.assertEqual(connect().get("folder", self.folder), [folder])
        self.assertIn(folder, connect().list("folder"))
        self.assertEqual(connect().delete("folder", self.folder), "OK")
        self.assertEqual(harness.teampass("read/items/" + added["ID"]), (200, {"err": "No results"}))

    def command(self, *args):
        program = os.path.join(os.path.dirname(sys.executable), "tpcli")
        done = subprocess.run([program, "--api-endpoint", harness.url + "/api/index.php", "--api-key", harness.credentials["teampass"]["apikey"], *args],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout + done.stderr

    def test_every_command(self):
        password = harness.secret().replace(";", "")
        out = self.command("add", "--item", "--title", "Cmd " + self.word, "--login", "root", "--password", password, "--description", "d", "--folder-id", self.folder)
        self.assertIn("Password:    " + password, out)
        number = out.split("ID:")[1].split()[0]
        for args in ("list", "--item"), ("list", "--item", "--table"), ("search", self.word), ("search", "--table", "Cmd " + self.word):
            with self.subTest(args):
                self.assertIn("Cmd " + self.word, self.command(*args))
        for args in ("list", "--folder"), ("list", "--folder", "--table"), ("list", "--folder", "--tree"), ("search", "--folder", self.word):
            with self.subTest(args):
                self.assertIn("Folder " + self.word, self.command(*args))
        out = self.command("edit", "--id", number, "--title", "Changed " + self.word, "--login", "admin", "--password", password, "--description", "x", "--folder-id", self.folder)
        self.assertIn("Label:       Changed " + self.word, out)
        self.command("remove", "--item", "--id", number)
        self.assertEqual(harness.teampass("read/items/" + number), (200, {"err": "No results"}))
        self.command("remove", "--folder", "--id", self.folder)
        self.assertNotIn("Folder " + self.word, self.command("list", "--folder"))

    def test_refusals(self):
        with self.assertRaisesRegex(TeampassApiException, "Folder ID does not exist"):
            connect().add("item", "Item " + self.word, "root", harness.secret(), "d", "999999999")
        with self.assertRaisesRegex(TeampassApiException, "Password is too long"):
            connect().add("item", "Item " + self.word, "root", "x" * 51, "d", self.folder)
        with self.assertRaisesRegex(TeampassApiException, "No results"):
            connect().search("item", "nothing is called " + self.word)
        with self.assertRaisesRegex(TeampassApiException, "doesn't exist"):
            connect(key="x" * 39).delete("item", "1")
        self.assertEqual(self.items(), {"err": "No results"})

    def test_version(self):
        self.assertEqual(harness.teampass("info/version"), (200, {"api-version": "2.1.5"}))


if __name__ == "__main__":
    harness.main()
