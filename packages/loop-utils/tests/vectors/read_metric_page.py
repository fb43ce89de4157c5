# Reads a page of metrics with the parser of Prometheus' Python client, and writes what it found as JSON:
#   python read_metric_page.py < page.txt > metric-page.json
import json
import sys

from prometheus_client.parser import text_string_to_metric_families

text = sys.stdin.read()
families = []
for family in text_string_to_metric_families(text):
    families.append(
        {
            # the client keeps counters without their ending, and has a newer word for what has no type
            "name": family.name + ("_total" if family.type == "counter" else ""),
            "type": {"unknown": "untyped"}.get(family.type, family.type),
            "help": family.documentation,
            "samples": [
                {"name": sample.name, "labels": dict(sample.labels), "value": repr(sample.value)}
                for sample in family.samples
            ],
        }
    )
json.dump({"text": text, "families": families}, sys.stdout, indent=2, ensure_ascii=False)
sys.stdout.write("\n")
