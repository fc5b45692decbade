"""An AWS Lambda function that gives an entry of tresor a new password, on the system that it is for and in the vault, when an event says that it expires.

It needs Python's standard library alone (and boto3, which Lambda has, to read its own key). docs/rotation.md explains it; `Elasticsearch` below is where the
password is for, to be replaced by what you have.

The steps are those of AWS's rotation functions: create, set, test, finish. What the next step needs lies in the entry itself, in an encrypted custom field
called "rotation", before the step before it does anything outside. So the function may be ended anywhere, and run again: it goes on where it was.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import secrets
import string
import time
import urllib.error
import urllib.request

FIELD = "rotation"
LENGTH = 32
TIMEOUT = 10  # seconds, of one request


class Failed(Exception):
    """Says what went wrong, and never a secret. Lambda runs the function again."""


class Tresor:
    """The TPM API of tresor, with a key pair of `tresor token add --dialect tpm`."""

    tries = 3

    def __init__(self, url, public_key, private_key):
        self.url = url.rstrip("/")
        self.public_key, self.private_key = public_key, private_key

    def request(self, method, path, body=None):
        """One call, again where the vault is busy. Each try is signed anew: a signature is good for one write."""
        for attempt in range(self.tries):
            if attempt:
                time.sleep(1 + attempt)
            status, answer = self.once(method, path, body)
            if status < 300:
                return answer
            if status not in (429, 500, 502, 503, 504):
                break
        raise Failed(f"tresor answers {status} to {method} {path}")

    def once(self, method, path, body):
        data = b"" if body is None else json.dumps(body).encode()
        now = str(int(time.time()))
        message = path.encode() + now.encode() + data
        request = urllib.request.Request(f"{self.url}/index.php/{path}", data or None, {
            "Content-Type": "application/json; charset=utf-8",
            "X-Public-Key": self.public_key,
            "X-Request-Timestamp": now,
            "X-Request-Hash": hmac.new(self.private_key.encode(), message, hashlib.sha256).hexdigest(),
        }, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            error.close()
            return error.code, None
        except OSError:  # no answer: it may have happened all the same
            return 503, None

    def show(self, entry):
        return self.request("GET", f"api/v6/passwords/{entry}.json")

    def update(self, entry, **values):
        self.request("PUT", f"api/v6/passwords/{entry}.json", values)


class Elasticsearch:
    """What the password is for. Another system needs the same two methods."""

    def __init__(self, url):
        self.url = url.rstrip("/")

    def request(self, method, path, username, password, body=None):
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        request = urllib.request.Request(self.url + path, body and json.dumps(body).encode(), {
            "Authorization": f"Basic {login}", "Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except OSError:
            raise Failed("the target does not answer") from None

    def login(self, username, password):
        """Whether the password is the user's."""
        status = self.request("GET", "/_security/_authenticate", username, password)
        if status not in (200, 401):
            raise Failed(f"the target answers {status} to a login")
        return status == 200

    def change(self, username, old, new):
        status = self.request("POST", "/_security/user/_password", username, old, {"password": new})
        if status != 200:
            raise Failed(f"the target answers {status} to a change")


def custom_field(entry):
    """The number of the entry's field for rotations and what is in it; None where there is no field: such an entry is not rotated."""
    for number in range(1, 11):
        field = entry.get(f"custom_field{number}")
        if field and field["label"] == FIELD:
            if not field["type"].startswith("Encrypted"):
                raise Failed(f"the field {FIELD} is not encrypted")
            try:
                return number, json.loads(field["data"] or "{}")
            except ValueError:
                raise Failed(f"the field {FIELD} holds what this function did not write") from None
    return None, {}


def new_password():
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(LENGTH))


def rotate(vault, target, number, event, days=90):
    """Rotates one entry, and says what it did. event has the id and the time of an event."""
    entry = vault.show(number)
    if entry["locked"]:
        raise Failed(f"entry {number} is locked")  # and shows neither its password nor its fields
    field, state = custom_field(entry)
    if field is None:
        return "not to be rotated"
    if state.get("done", "") >= event["time"]:
        return "rotated since"  # the event comes again, or another one came before it
    username, current = entry["username"], entry["password"]

    # create: the new password is in the vault before anything else knows it.
    pending = state.get("pending")
    if not pending:
        pending = new_password()
        vault.update(number, **{f"custom_data{field}": json.dumps({"pending": pending, "event": event["id"]})})

    # set: unless a run before this one did, or its answer was lost.
    if not target.login(username, pending):
        if not target.login(username, current):
            raise Failed(f"entry {number}: neither its password nor the new one is the target's")
        target.change(username, current, pending)

    # test
    if not target.login(username, pending):
        raise Failed(f"entry {number}: the new password does not work")

    # finish: the password, and that this is done, in one write.
    now = datetime.datetime.now(datetime.timezone.utc)
    values = {"password": pending, f"custom_data{field}": json.dumps({"done": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "event": event["id"]})}
    if entry["expiry_date"]:
        values["expiry_date"] = (now + datetime.timedelta(days=days)).strftime("%Y-%m-%d")
    vault.update(number, **values)
    return "rotated"


def private_key():
    """The private key, out of a parameter that KMS encrypts."""
    import boto3

    return boto3.client("ssm").get_parameter(Name=os.environ["TRESOR_KEY_PARAMETER"], WithDecryption=True)["Parameter"]["Value"]


def handler(event, _context):
    detail = event["detail"]
    if detail["version"] != 1:
        raise Failed("an event of a version that this function does not know")
    vault = Tresor(os.environ["TRESOR_URL"], os.environ["TRESOR_PUBLIC_KEY"], private_key())
    target = Elasticsearch(os.environ["TARGET_URL"])
    for number in detail.get("targets", []):
        result = rotate(vault, target, number, detail, int(os.environ.get("DAYS", "90")))
        print(json.dumps({"entry": number, "event": detail["id"], "result": result}))
