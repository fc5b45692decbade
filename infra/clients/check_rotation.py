"""The rotation of docs/rotation/rotate.py, against a real vault and a target that fails when it is told to: wherever it is ended, run again it comes to one password."""

import base64
import datetime
import http.server
import importlib.util
import io
import contextlib
import json
import os
import pathlib
import threading
import unittest

import harness

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "rotation"
USER = "app"


def load():
    spec = importlib.util.spec_from_file_location("rotate", FOLDER / "rotate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rotate = load()


class Killed(BaseException):
    """What the function cannot catch."""


class Target:
    """As much of Elasticsearch as has to do with passwords."""

    def __init__(self, password):
        self.password, self.changes, self.fault = password, 0, None
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                self.answer(self.path == "/_security/_authenticate")

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fault, target.fault = target.fault, None
                if self.known() and fault != "refuse":
                    target.password, target.changes = body["password"], target.changes + 1
                if fault == "lose":
                    self.connection.close()
                    return
                self.send(500 if fault == "refuse" else 200)

            def known(self):
                login = base64.b64encode(f"{USER}:{target.password}".encode()).decode()
                return self.headers["Authorization"] == f"Basic {login}"

            def answer(self, path):
                self.send(404 if not path else 200 if self.known() else 401)

            def send(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def keys(of):
    return of["public_key"], of["private_key"]


class Rotation(unittest.TestCase):
    def setUp(self):
        self.word = harness.tag()
        self.admin = rotate.Tresor(harness.url, *keys(harness.credentials["tpm"]))
        self.rotator = rotate.Tresor(harness.url, *keys(harness.credentials["colleague"]["tpm"]))
        self.target = Target(harness.secret())
        self.addCleanup(self.target.close)
        self.system = rotate.Elasticsearch(self.target.url)
        self.event = json.loads((FOLDER / "event.json").read_text())["detail"] | {"time": self.at(datetime.timedelta(0))}

    @staticmethod
    def at(offset):
        return (datetime.datetime.now(datetime.timezone.utc) + offset).strftime("%Y-%m-%dT%H:%M:%SZ")

    def entry(self, **values):
        """An entry of the target's password that the rotator may edit, with a field for the rotation."""
        project = self.admin.request("POST", "api/v6/projects.json", {"name": self.word + harness.tag(), "parent_id": 0})["id"]
        number = self.admin.request("POST", "api/v6/passwords.json", {"name": self.word, "project_id": project, "username": USER, "password": self.target.password, "expiry_date": "2026-12-01"} | values)["id"]
        self.admin.request("PUT", f"api/v6/passwords/{number}/security.json", {"users_permissions": [[harness.credentials["colleague"]["id"], 20]]})
        self.admin.request("PUT", f"api/v6/passwords/{number}/custom_fields.json", {"custom_label10": rotate.FIELD, "custom_type10": "Encrypted notes"})
        return number

    def rotate(self, number, vault=None):
        return rotate.rotate(vault or self.rotator, self.system, number, self.event)

    def settled(self, number, old):
        """The vault and the target agree on a new password, and nothing is pending."""
        shown = self.admin.show(number)
        self.assertEqual(shown["password"], self.target.password)
        self.assertNotEqual(shown["password"], old)
        self.assertEqual(len(shown["password"]), rotate.LENGTH)
        self.assertEqual(set(json.loads(shown["custom_field10"]["data"])), {"done", "event"})
        due = datetime.date.fromisoformat(shown["expiry_date"])
        self.assertGreater(due, datetime.date.today() + datetime.timedelta(days=88))

    def test_rotates_once(self):
        number, old = self.entry(), self.target.password
        self.assertEqual(self.rotate(number), "rotated")
        self.settled(number, old)
        new = self.target.password
        for _ in range(2):  # the same event again
            self.assertEqual(self.rotate(number), "rotated since")
        self.assertEqual((self.target.password, self.target.changes), (new, 1))
        self.event["time"] = self.at(datetime.timedelta(seconds=5))  # a later one
        self.assertEqual(self.rotate(number), "rotated")
        self.settled(number, new)

    def test_ended_anywhere(self):
        """Ended before each call, and after it, and then run again."""
        calls = 0
        while True:
            number, old = self.entry(), self.target.password
            self.target.changes = 0
            if not self.killed_at(number, calls):
                break
            calls += 1
            done = self.admin.show(number)["password"] != old
            self.assertEqual(self.rotate(number), "rotated since" if done else "rotated")
            self.settled(number, old)
            self.assertEqual(self.target.changes, 1)
        self.assertEqual(calls, 2 * 7)  # show, create, two logins, change, test, finish

    def killed_at(self, number, at):
        """Runs a rotation that is ended before (even) or after (odd) one of its calls; False if it has no such call."""
        left = [at]

        def spoiled(call):
            def run(*arguments):
                before = left[0] == 0
                after = left[0] == 1
                left[0] -= 2
                if before:
                    raise Killed
                result = call(*arguments)
                if after:
                    raise Killed
                return result
            return run

        vault, system = rotate.Tresor(harness.url, *keys(harness.credentials["colleague"]["tpm"])), rotate.Elasticsearch(self.target.url)
        vault.once, system.request = spoiled(vault.once), spoiled(system.request)
        try:
            rotate.rotate(vault, system, number, self.event)
        except Killed:
            return True
        return False

    def test_the_target_fails(self):
        for fault in ("lose", "refuse"):
            number, old = self.entry(), self.target.password
            self.target.fault = fault
            with self.assertRaises(rotate.Failed) as failure:
                self.rotate(number)
            self.assertNotIn(harness.CANARY, str(failure.exception))
            self.assertEqual(self.admin.show(number)["password"], old)  # until it is certain
            self.assertEqual(self.rotate(number), "rotated")
            self.settled(number, old)

    def test_the_target_has_another_password(self):
        number = self.entry(password=harness.secret())
        with self.assertRaises(rotate.Failed):
            self.rotate(number)
        self.assertEqual(self.target.changes, 0)

    def test_answers_are_lost(self):
        """Of each call to the vault, which was carried out all the same."""
        for lost in range(3):  # show, create, finish
            number, old = self.entry(), self.target.password
            self.target.changes = 0
            vault = rotate.Tresor(harness.url, *keys(harness.credentials["colleague"]["tpm"]))
            once, calls = vault.once, []

            def spoiled(*arguments, once=once, calls=calls, lost=lost):
                answer = once(*arguments)
                calls.append(arguments[0])
                return (503, None) if len(calls) == lost + 1 else answer

            vault.once = spoiled
            self.assertEqual(self.rotate(number, vault), "rotated")
            self.assertEqual(len(calls), 4)
            self.settled(number, old)
            self.assertEqual(self.target.changes, 1)

    def test_the_vault_does_not_answer(self):
        number = self.entry()
        vault = rotate.Tresor("http://127.0.0.1:9", *keys(harness.credentials["colleague"]["tpm"]))
        vault.tries = 2
        with self.assertRaises(rotate.Failed):
            self.rotate(number, vault)
        self.assertEqual(self.target.changes, 0)

    def test_not_allowed(self):
        """A locked entry, one that the rotator may only read, one that it does not see, and one that is in the trash."""
        number = self.entry()
        self.admin.request("PUT", f"api/v6/passwords/{number}/lock.json")
        readable, hidden, trashed = self.entry(), self.entry(), self.entry()
        self.admin.request("PUT", f"api/v6/passwords/{readable}/security.json", {"users_permissions": [[harness.credentials["colleague"]["id"], 10]]})
        self.admin.request("PUT", f"api/v6/passwords/{hidden}/security.json", {"users_permissions": [[harness.credentials["colleague"]["id"], 0]]})
        self.admin.request("DELETE", f"api/v6/passwords/{trashed}.json")
        for name, entry in {"locked": number, "readable": readable, "hidden": hidden, "trashed": trashed, "none": 10**9}.items():
            with self.subTest(name):
                with self.assertRaises(rotate.Failed) as failure:
                    self.rotate(entry)
                self.assertNotIn(harness.CANARY, str(failure.exception))
        self.assertEqual(self.target.changes, 0)

    def test_not_to_be_rotated(self):
        number, old = self.entry(), self.target.password
        self.admin.request("PUT", f"api/v6/passwords/{number}/custom_fields.json", {"custom_type10": ""})
        self.assertEqual(self.rotate(number), "not to be rotated")
        self.admin.request("PUT", f"api/v6/passwords/{number}/custom_fields.json", {"custom_label10": rotate.FIELD, "custom_type10": "Notes"})
        with self.assertRaises(rotate.Failed):
            self.rotate(number)
        self.assertEqual((self.target.password, self.target.changes), (old, 0))

    def test_the_function(self):
        """The handler, with the event that docs show."""
        number, old = self.entry(), self.target.password
        event = json.loads((FOLDER / "event.json").read_text())
        event["detail"] |= {"targets": [number], "target": number}
        public, private = keys(harness.credentials["colleague"]["tpm"])
        os.environ |= {"TRESOR_URL": harness.url, "TRESOR_PUBLIC_KEY": public, "TARGET_URL": self.target.url}
        rotate.private_key = lambda: private
        written = io.StringIO()
        with contextlib.redirect_stdout(written):
            rotate.handler(event, None)
        self.settled(number, old)
        self.assertEqual(json.loads(written.getvalue()), {"entry": number, "event": event["detail"]["id"], "result": "rotated"})
        with self.assertRaises(rotate.Failed):
            rotate.handler(event | {"detail": event["detail"] | {"version": 2}}, None)

    def test_wrong_key(self):
        number = self.entry()
        with self.assertRaises(rotate.Failed) as failure:
            self.rotate(number, rotate.Tresor(harness.url, harness.credentials["colleague"]["tpm"]["public_key"], "0" * 64))
        self.assertIn("401", str(failure.exception))


if __name__ == "__main__":
    harness.main()
