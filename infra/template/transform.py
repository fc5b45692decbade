"""Transforms SAM templates to what CloudFormation gets, as a deployment would but for the code's location, with SAM's own translator.

Reads a JSON list of [template, {parameter: value}] from stdin; parameters that are not named have their defaults. Prints JSON: the templates, of each type of
resource in them the properties whose change replaces it, by CloudFormation's own schemas, which cfn-lint brings along, and what `sam deploy --guided` would ask for
the first one: whether it is right that a route has no authentication.
"""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
logging.disable(logging.WARNING)

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from samcli.commands.deploy.auth_utils import auth_per_resource
from samcli.lib.providers.provider import Stack
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator


def transform(text, parameters):
    template = yaml_parse(text)
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    unknown = parameters.keys() - template["Parameters"].keys()
    if unknown:
        sys.exit(f"no parameters of the template: {sorted(unknown)}")
    return Translator({}, Parser()).translate(template, parameters, {})


jobs = json.load(sys.stdin)
made = [transform(*job) for job in jobs]
routes = auth_per_resource([Stack("", "", "template.yaml", {}, yaml_parse(jobs[0][0]))])
replacing = {}
for kind in {r["Type"] for template in made for r in template["Resources"].values()}:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    replacing[kind] = sorted(schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", []))
asked = [name for name, has_auth in routes if not has_auth]
json.dump({"templates": made, "replacing": replacing, "routes": len(routes), "asked": asked}, sys.stdout)
