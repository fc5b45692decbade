"""What the check_*.py scripts share: the server under test, and requests that no published client makes.

Each script drives one published client and is run as `check_x.py URL CREDENTIALS`, where CREDENTIALS is the file that
credentials.py made. Names carry a random tag, so a script may be run again on the same vault.
"""

import argparse
import base64
import json
import secrets
import unittest
import urllib.error
import urllib.request

# In every secret that a check stores. run.sh searches the server's output for it.
CANARY = "canary-7f3a"

url = ""
credentials = {}


def secret():
    """A password that is awkward in each dialect: quotes, tags, `;`, UTF-8, and base64 with a slash and a plus."""
    return f"???>>>{CANARY}<b>\"'é;{secrets.token_hex(4)}"


def tag():
    """A word that occurs in no other run. Letters only: sysPass drops punctuation when it compares names."""
    return "t" + "".join(secrets.choice("abcdefghkmnpqrstuvwxyz") for _ in range(10))


def encode(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


def teampass(path):
    """One TeamPass call: the status and the decoded answer. An HTTP error is an answer too."""
    request = f"{url}/api/index.php/{path}?apikey={credentials['teampass']['apikey']}"
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


def teampass_add_folder(title, parent=0):
    """Adds a folder (one base64 blob) and returns its id, a string as all ids of this dialect are."""
    status, answer = teampass("add/folder/" + encode(f"{title};0;{parent};0;0"))
    assert status == 200 and answer.get("status") == "folder created", answer
    return answer["new_folder_id"]


def teampass_add_item(label, password, folder, login="", description=""):
    """Adds an item (each field in base64) and returns its id."""
    fields = [label, password, description, str(folder), login, "", "", "", "1"]
    status, answer = teampass("add/item/" + ";".join(encode(f) for f in fields))
    assert status == 200 and answer.get("status") == "item added", answer
    return answer["new_item_id"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="where the server is, e.g. http://127.0.0.1:8080")
    parser.add_argument("credentials", help="file with the output of credentials.py")
    arguments = parser.parse_args()

    # The scripts import this module by name, so these are not the globals of __main__.
    global url, credentials
    url = arguments.url.rstrip("/")
    with open(arguments.credentials, encoding="utf-8") as file:
        credentials = json.load(file)
    unittest.main(module="__main__", argv=["check"], verbosity=2)
