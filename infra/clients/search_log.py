"""search_log.py CREDENTIALS FILE... fails if a credential or a stored secret is in a FILE, without repeating it."""

import json
import sys

import harness


def values(node, path=""):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from values(value, f"{path}.{key}")
    elif isinstance(node, str) and path != ".admin.username":
        yield path, node


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        credentials = json.load(file)
    forbidden = dict(values(credentials))
    # The public key names its owner and opens nothing.
    forbidden.pop(".tpm.public_key")
    # TeamPass carries it in the path, in base64: six bytes precede the canary, so its first nine are twelve characters.
    forbidden |= {"a stored secret": harness.CANARY, "a stored secret in base64": harness.encode(harness.CANARY)[:12]}
    # Basic is base64 of both together; the rest stands in no line that is not a URL, a header or a body.
    admin = credentials["admin"]
    forbidden |= {"a Basic header": harness.encode(f"{admin['username']}:{admin['password']}"), "a URL's query": "apikey=", "a header": "Authorization", "a body": "authToken"}
    found = 0
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8", errors="replace") as file:
            text = file.read()
        for what, value in forbidden.items():
            if value in text:
                print(f"{name}: holds {what}", file=sys.stderr)
                found += 1
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
