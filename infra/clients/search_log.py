"""search_log.py CREDENTIALS FILE... fails if a credential or a stored secret is in a FILE, without repeating it."""

import json
import sys

import harness


def values(node, path=""):
    if isinstance(node, dict):
        for key, value in node.items():
            yield from values(value, f"{path}.{key}")
    elif isinstance(node, str) and not path.endswith(".username"):
        yield path, node


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        credentials = json.load(file)
    forbidden = dict(values(credentials))
    # A public key names its owner and opens nothing.
    forbidden = {path: value for path, value in forbidden.items() if not path.endswith(".public_key")}
    # TeamPass carries it in the path, in base64: six bytes precede the canary, so its first nine are twelve characters.
    forbidden |= {"a stored secret": harness.CANARY, "a stored secret in base64": harness.encode(harness.CANARY)[:12]}
    # Basic is base64 of both together; the rest stands in no line that is not a URL, a header or a body.
    forbidden |= {f"a Basic header of {user['username']}": harness.encode(f"{user['username']}:{user['password']}")
                  for user in (credentials["admin"], credentials["colleague"])}
    forbidden |= {"a URL's query": "apikey=", "a header": "Authorization", "a body": "authToken"}
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
