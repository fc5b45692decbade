"""team-password-cli 1.0.1 (`passctl`): its two commands as people type them, with API v4 and a password.

It has no command that writes, so the entries come from the tpm client. It asks for pages 1, 2, ... as long as there is a Link header.
"""

import os
import subprocess
import sys
import tempfile
import unittest

import tpm

import harness


class CheckPassctl(unittest.TestCase):
    def setUp(self):
        self.word = harness.tag()
        self.tpm = tpm.TpmApiv4(harness.url, **harness.credentials["tpm"])
        self.addCleanup(self.tpm.session.close)
        self.project = self.tpm.create_project({"name": "Project " + self.word, "parent_id": 0})

    def create(self, name, **values):
        return self.tpm.create_password({"name": f"{name} {self.word}", "project_id": self.project, "password": harness.secret()} | values)

    def passctl(self, *args, base="/index.php", **login):
        login = harness.credentials["admin"] | login
        with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
            config.write(f"[passctl]\nbaseurl = {harness.url}{base}\nusername = {login['username']}\npassword = {login['password']}\n")
            config.flush()
            program = os.path.join(os.path.dirname(sys.executable), "passctl")
            done = subprocess.run([program, "--config", config.name, *args], capture_output=True, text=True, timeout=60, check=False)
        return done

    def rows(self, *args):
        """The lines of the table that a search prints, without its head."""
        done = self.passctl("search", *args)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        head, line, *rows = done.stdout.splitlines()
        self.assertEqual((head.split(), set(line)), (["id", "name", "access", "info", "username", "tags"], {"-", " "}))
        return rows

    def test_search(self):
        entry = self.create("Web server", access_info="ssh://web01/a?b", username="root", tags="linux,ssh")
        other = self.create("Mail server", access_info="ssh://mail", username="postmaster", tags="linux")
        want = [str(entry), "Web", "server", self.word, "ssh://web01/a?b", "root", "linux,ssh"]
        for text in (f"name:web {self.word}", f"{self.word} access:web01/a?b", f"tag:ssh {self.word}", f"username:root {self.word.upper()}",
                     f"name:[Web server {self.word}]", f"in:[Project {self.word}] web", f'"web server" {self.word}'):
            [row] = self.rows(text)
            self.assertEqual(row.split(), want, text)
        self.assertEqual({row.split()[0] for row in self.rows(self.word)}, {str(entry), str(other)})
        self.assertEqual(self.rows("nothing is called " + self.word), [])

    def test_pages(self):
        made = [self.create(f"page {i}") for i in range(45)]
        rows = self.rows(self.word + " page")
        self.assertEqual(sorted(int(row.split()[0]) for row in rows), made)

    def test_show(self):
        password = harness.secret()
        entry = self.create("Wéb", access_info="ssh://web01", username="root", tags="linux,ssh", password=password)
        done = self.passctl("show", str(entry))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([line.split(None, 1) for line in done.stdout.splitlines()],
                         [["Name:", "Wéb " + self.word], ["Id:", str(entry)], ["Group:", "Project " + self.word], ["Access:", "ssh://web01"],
                          ["Username:", "root"], ["Password:", password], ["Tags:", "linux,ssh"]])
        raw = self.passctl("show", "--raw", str(entry))
        self.assertEqual((raw.returncode, raw.stderr), (0, ""))
        self.assertIn(f"'id': {entry},", raw.stdout)
        self.assertIn(repr(password), raw.stdout)

    def test_refusals(self):
        """A search says "Error!" and no more. A show of nothing dies of a name that the client does not have."""
        entry = self.create("Web")
        self.assertEqual(self.passctl("search", self.word, username=self.word).stdout, "Error!\n")
        self.assertEqual(self.passctl("search", self.word, base="/no").stdout, "Error!\n")
        for done in self.passctl("show", str(2**40)), self.passctl("show", str(entry), username=self.word):
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("NameError", done.stderr)


if __name__ == "__main__":
    harness.main()
