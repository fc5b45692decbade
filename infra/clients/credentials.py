"""credentials.py ADMIN COLLEAGUE KEYS joins what `tresor init`, `user add` and `token add` printed: init's, and a Normal user with a key pair."""

import json
import sys


def read(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def main():
    credentials, colleague, keys = map(read, sys.argv[1:])
    colleague["tpm"] = {name: keys[name] for name in ("public_key", "private_key")}
    json.dump(credentials | {"colleague": colleague}, sys.stdout)


if __name__ == "__main__":
    main()
