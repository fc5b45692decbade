"""Transforms SAM templates to what CloudFormation gets, as a deployment would but for the code's location, with SAM's own translator.

Reads a JSON list of [template, {parameter: value}] from stdin; parameters that are not named have their defaults. Prints JSON: the templates, and of each type of
resource in them the properties whose change replaces it, by CloudFormation's own schemas, which cfn-lint brings along.
"""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
logging.disable(logging.WARNING)

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
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


made = [transform(*job) for job in json.load(sys.stdin)]
replacing = {}
for kind in {r["Type"] for template in made for r in template["Resources"].values()}:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    replacing[kind] = sorted(schema.get("createOnlyProperties", []) + schema.get("conditionalCreateOnlyProperties", []))
json.dump({"templates": made, "replacing": replacing}, sys.stdout)
