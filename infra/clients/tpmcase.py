"""What the cases about the tpm client share: its class with a record of what was called, and a TestCase for each way to log in."""

import base64
import pathlib
import tempfile
import unittest

import tpm

import harness

WAYS = ("hmac", "basic")

LOCKED = "The password is locked: use the X-Unlock-Reason header."


class Recorded:
    """Comes before a published class, and remembers which of its methods are used."""

    published = None
    called = None

    def __init__(self, way, user, **options):
        self.way = way
        if way == "hmac":
            login = user["tpm"]
        else:
            login = {"username": user["username"], "password": user["password"]}
        super().__init__(harness.url, **login, **options)

    def __getattribute__(self, name):
        cls = type(self)
        if hasattr(cls.published, name):
            cls.called[object.__getattribute__(self, "way")].add(name)
        return super().__getattribute__(name)


def recorded(published):
    """The class, with the names of its methods by the way they were called: a check compares them with its table when all cases have run."""
    return type(published.__name__, (Recorded, published), {"published": published, "called": {way: set() for way in WAYS}})


Client = recorded(tpm.TpmApiv6)
called = Client.called


def admin():
    return harness.credentials["admin"] | {"tpm": harness.credentials["tpm"]}


def colleague():
    """A Normal user, who has no permission but what a case grants."""
    return harness.credentials["colleague"]


class Case(unittest.TestCase):
    """Runs once for each way: in_both_ways makes the classes."""

    way = ""
    api = Client

    def setUp(self):
        self.client = self.connect()
        self.other = self.connect(colleague())
        self.word = harness.tag()

    def connect(self, user=None, **options):
        client = self.api(self.way, user or admin(), **options)
        self.addCleanup(client.session.close)
        return client

    def new_project(self, name="Project", parent=0):
        return self.client.create_project({"name": f"{name} {self.word}", "parent_id": parent})

    def new_password(self, project, name="Password", **values):
        return self.client.create_password({"name": f"{self.word} {name}", "project_id": project, "password": harness.secret()} | values)

    def put(self, path, data=""):
        """A PUT that the client has no method for."""
        self.done(self.client, self.client.put, path, data)

    def done(self, client, method, *arguments):
        """The call succeeds without an answer."""
        self.assertIsNone(method(*arguments))
        self.assertEqual((client.req.status_code, client.req.content), (204, b""))

    def made(self, client, method, *arguments):
        """The call makes something, and its answer is the new id."""
        answer = method(*arguments)
        made = answer["id"] if isinstance(answer, dict) else answer
        self.assertEqual((client.req.status_code, client.req.json()), (201, {"id": made}))
        self.assertIsInstance(made, int)
        return made

    def refused(self, status, client, method, *arguments, text=None):
        """The call fails with the client's exception, whose text is the server's message."""
        with self.assertRaises(tpm.TPMException) as raised:
            method(*arguments)
        answer = client.req.json()
        self.assertEqual((client.req.status_code, answer["error"], answer["type"]), (status, True, client.req.reason))
        self.assertEqual(str(raised.exception), answer["message"])
        self.assertTrue(answer["message"])
        if text is not None:
            self.assertEqual(answer["message"], text)

    def shows(self, shown, **values):
        """The object has these values, whatever else it has."""
        self.assertEqual({key: shown.get(key, "absent") for key in values}, values)

    def entry_of(self, listed, number):
        """The only item with this id in a list."""
        found = [item for item in listed if item["id"] == number]
        self.assertEqual(len(found), 1, f"{number} is in the list {len(found)} times")
        return found[0]

    def absent(self, listed, number):
        self.assertNotIn(number, [item["id"] for item in listed])

    def pages(self, made, lister, *arguments, exactly=True):
        """Lists more than one page, with pages of 5 and of the default size: all that was made, each once, along the Links."""
        for options in {"page_size": 5}, {}:
            client = self.connect(**options)
            ids = [item["id"] for item in getattr(client, lister)(*arguments)]
            self.assertEqual(len(ids), len(set(ids)), "an item is on two pages")
            self.assertLessEqual(set(made), set(ids))
            if exactly:
                self.assertEqual(sorted(ids), sorted(made))
            size = options.get("page_size", 20)
            last = (len(ids) + size - 1) // size
            self.assertGreater(last, 1, "the list has one page only")
            self.assertTrue(client.req.url.endswith(f"/page/{last}.json"), client.req.url)

    def sent_file(self, content):
        """A file on disk, its name not of ASCII alone."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name, f"Pl\u00e4ne {self.word}.bin")
        path.write_bytes(content)
        return path

    def file_travels(self, upload, lister, number):
        """A file goes up, is listed and comes back; returns its id. Every byte is in it, and its end is inside a chunk."""
        content = bytes(range(256)) * 5000 + b"end"
        path = self.sent_file(content)
        made = upload(number, path, notes="the plans")
        self.assertEqual((self.client.req.status_code, self.client.req.json()), (201, {"id": made}))
        listed = self.entry_of(lister(number), made)
        self.shows(listed, filename=path.name, size_bytes=len(content), size_txt="1.22 mb", notes_snippet="the plans")
        return made, path.name, content

    def comes_back(self, client, number, name, content):
        shown = client.download_file(number)
        self.assertEqual(base64.b64decode(shown["file_data_base64"], validate=True), content)
        self.shows(shown, file_name=name, size_bytes=len(content))


def in_both_ways(loader, *cases, suffix="", **attributes):
    """The tests of these cases, for each way to log in. The classes get the attributes."""
    suite = unittest.TestSuite()
    for case in cases:
        for way in WAYS:
            suite.addTests(loader.loadTestsFromTestCase(type(f"{case.__name__}{suffix}_{way}", (case,), {"way": way, **attributes})))
    return suite
