#!/usr/bin/env python3
"""Makes vectors.json, plain.xml, encrypted.xml and older.xml: the format of sysPass's exports, written a second time and without a look at
the Go code, so that the tests compare two readings of the format and not one with itself.

    python3 vectors.py          (in this folder; Python 3.11 or 3.12 for the module crypt, and the command openssl for AES)

Every salt comes from a seeded generator: a second run writes the same bytes. The passwords are made up.
"""
import base64, hashlib, hmac, json, random, subprocess, warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import crypt

rng = random.Random(20261122)
MASTER, EXPORT, SIGN_KEY = "master \u00e9\U0001F511 pass", "export pass", "5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b"


def hkdf(secret, salt, info):
    prk = hmac.new(salt, secret, "sha256").digest()
    return hmac.new(prk, info + b"\x01", "sha256").digest()  # 32 bytes are one block


def aes_ctr(key, iv, data):
    if not data:
        return b""
    return subprocess.run(["openssl", "enc", "-aes-256-ctr", "-K", key.hex(), "-iv", iv.hex()], input=data, capture_output=True, check=True).stdout


def enc(root, salt, iv, plaintext):
    head = bytes.fromhex("def50200") + salt + iv
    body = head + aes_ctr(hkdf(root, salt, b"DefusePHP|V2|KeyForEncryption"), iv, plaintext)
    return body + hmac.new(hkdf(root, salt, b"DefusePHP|V2|KeyForAuthentication"), body, "sha256").digest()


def enc_password(password, salt, iv, plaintext):
    root = hashlib.pbkdf2_hmac("sha256", hashlib.sha256(password).digest(), salt, 100000, 32)
    return enc(root, salt, iv, plaintext)


def checksummed(header, data):
    body = bytes.fromhex(header) + data
    return (body + hashlib.sha256(body).digest()).hex()


def raw_key(key):
    return checksummed("def00000", key)


def protected_key(key, password, salt, iv):
    return checksummed("def10000", enc_password(hashlib.sha256(password.encode()).digest(), salt, iv, raw_key(key).encode()))


def salted():
    return rng.randbytes(32), rng.randbytes(16)


# XML: an element is (name, attributes, text or list of elements).

def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def quote(text):
    return escape(text).replace('"', "&quot;").replace("\t", "&#9;").replace("\n", "&#10;")


def xml(element, indent=None):
    name, attributes, content = element
    tag = name + "".join(f' {k}="{quote(str(v))}"' for k, v in attributes.items())
    if not content:
        return f"<{tag}/>"
    if isinstance(content, str):
        return f"<{tag}>{escape(content)}</{name}>"
    if indent is None:
        return f"<{tag}>{''.join(map(xml, content))}</{name}>"
    inner = "".join(f"\n{'  ' * (indent + 1)}{xml(c, indent + 1)}" for c in content)
    return f"<{tag}>{inner}\n{'  ' * indent}</{name}>"


def file(doc, content, sign_key):
    stated = hashlib.sha1("".join(map(xml, content)).encode()).hexdigest()
    sign = hmac.new(sign_key.encode(), stated.encode(), "sha256").hexdigest()
    meta = ("Meta", {}, [
        ("Generator", {}, "sysPass"), ("Version", {}, doc["Version"]), ("Time", {}, str(TIME)),
        ("User", {"id": doc["User"]["ID"]}, doc["User"]["Login"]), ("Group", {"id": doc["Group"]["ID"]}, doc["Group"]["Name"]),
        ("Hash", {"sign": sign}, stated)])
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml(("Root", {}, [meta] + content), 0) + "\n"


def containers(doc, clients="Clients", client="Client", client_id="clientId"):
    def items(of):
        return [("name", {}, of["Name"]), ("description", {}, of["Description"])]

    def account(a):
        fields = [("name", "Name"), (client_id, "ClientID"), ("categoryId", "CategoryID"), ("login", "Login"), ("url", "URL"),
                  ("notes", "Notes"), ("pass", "Pass"), ("key", "Key")]
        children = [(tag, {}, str(a[field])) for tag, field in fields]
        return ("Account", {"id": a["ID"]}, children + [("tags", {}, [("tag", {"id": t}, None) for t in a["Tags"]])])

    return [("Categories", {}, [("Category", {"id": c["ID"]}, items(c)) for c in doc["Categories"]]),
            (clients, {}, [(client, {"id": c["ID"]}, items(c)) for c in doc["Clients"]]),
            ("Tags", {}, [("Tag", {"id": t["ID"]}, [("name", {}, t["Name"])]) for t in doc["Tags"]]),
            ("Accounts", {}, [account(a) for a in doc["Accounts"]])]


def encrypted(parts):
    def data(part):
        key = rng.randbytes(32)
        text = base64.b64encode(enc(key, *salted(), xml(part).encode()).hex().encode()).decode()
        return ("Data", {"key": protected_key(key, EXPORT, *salted())}, text)

    return [("Encrypted", {"hash": crypt.crypt(EXPORT, "$2y$10$abcdefghijklmnopqrstuu")}, [data(p) for p in parts])]


TIME = 1795305600
PASSWORDS = ["hunter2", "", "\u00fc\u20ac\U0001F600 \r\n\t\"'<&>", "x" * 300]


def document():
    accounts = []
    texts = [("router", "root", "https://r.example/?a=1&b=<2>", "one\ntwo\r\nthree\r"), ("", "", "", ""),
             (" leading & \"quoted\" 'text' ]]>", " ", "\t", "  \u00e9\u4e2d\U0001F600\u0085\u2028\u007f\ufffd "), ("last", "x", "y", "z")]
    for n, ((name, login, url, notes), password) in enumerate(zip(texts, PASSWORDS)):
        key = rng.randbytes(32)
        accounts.append({"ID": 10 * (n + 1), "Name": name, "ClientID": 7, "CategoryID": 1 + n % 2, "Login": login, "URL": url, "Notes": notes,
                         "Pass": enc(key, *salted(), password.encode()).hex(), "Key": protected_key(key, MASTER, *salted()),
                         "Tags": [[], [3], [2, 3], [5, 2, 3]][n]})
    return {"Version": "3211.22070201", "Time": "2026-11-22T00:00:00Z", "User": {"ID": 4, "Login": "ann <&> \"b\""}, "Group": {"ID": 2, "Name": ""},
            "Categories": [{"ID": 2, "Name": "a", "Description": "first"}, {"ID": 1, "Name": "B", "Description": ""}],
            "Clients": [{"ID": 7, "Name": "ACME \u2122", "Description": "a\tb"}],
            "Tags": [{"ID": 5, "Name": "alpha"}, {"ID": 2, "Name": "beta"}, {"ID": 3, "Name": "gamma"}], "Accounts": accounts}


def vector(plaintext, iv=None):
    key, (salt, random_iv) = rng.randbytes(32), salted()
    iv = iv or random_iv
    return {"key": key.hex(), "salt": salt.hex(), "iv": iv.hex(), "plaintext": plaintext.hex(), "text": enc(key, salt, iv, plaintext).hex()}


def password_vector(password, plaintext):
    salt, iv = salted()
    return {"password": password, "salt": salt.hex(), "iv": iv.hex(), "plaintext": plaintext.hex(),
            "text": enc_password(password.encode(), salt, iv, plaintext).hex()}


def key_vector(password):
    key, (salt, iv) = rng.randbytes(32), salted()
    return {"password": password, "key": key.hex(), "salt": salt.hex(), "iv": iv.hex(), "raw": raw_key(key),
            "protected": protected_key(key, password, salt, iv)}


def bcrypt_vector(password):
    given = hashlib.sha256(password.encode()).hexdigest() if len(password) > 72 else password
    return {"password": password, "hash": crypt.crypt(given, "$2y$10$abcdefghijklmnopqrstuu")}


def main():
    doc = document()
    vectors = {
        "encrypt": [vector(b""), vector(b"hunter2"), vector(bytes(range(256))), vector(b"the counter passes 2^128 here" * 3, b"\xff" * 15 + b"\xfe")],
        "password": [password_vector("", b"x"), password_vector(MASTER, b"hunter2")],
        "keys": [key_vector(""), key_vector(MASTER)],
        "bcrypt": [bcrypt_vector(p) for p in (EXPORT, "\u00e9" * 72, "a" * 72, "a" * 73, "\u00e9" * 73)],
        "master": MASTER, "export": EXPORT, "signKey": SIGN_KEY, "passwords": PASSWORDS, "document": doc}
    write("vectors.json", json.dumps(vectors, indent=1) + "\n")
    write("plain.xml", file(doc, containers(doc), SIGN_KEY))
    write("encrypted.xml", file(doc, encrypted(containers(doc)), EXPORT))
    write("older.xml", file(doc | {"Version": "2110.17052901"}, containers(doc, "Customers", "Customer", "customerId"), SIGN_KEY))


def write(name, text):
    with open(name, "w", encoding="utf-8", newline="") as f:
        f.write(text)


main()
