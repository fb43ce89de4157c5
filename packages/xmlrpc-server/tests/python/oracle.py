"""An independent XML-RPC codec for the tests: CPython's xmlrpc.client behind lines of JSON.

Each line on stdin is {"op": "loads", "xml": base64} or {"op": "dumps", "method": name, "params": [tagged …]};
each line on stdout is its answer. Values carry their type, as in {"t": "int", "v": "7"}.
"""

import base64
import json
import sys
import xmlrpc.client


def tag(value):
    if value is None:
        return {"t": "nil"}
    if isinstance(value, bool):
        return {"t": "boolean", "v": value}
    if isinstance(value, int):
        return {"t": "int", "v": str(value)}
    if isinstance(value, float):
        return {"t": "double", "v": repr(value)}
    if isinstance(value, str):
        return {"t": "string", "v": value}
    if isinstance(value, xmlrpc.client.DateTime):
        return {"t": "dateTime", "v": value.value}
    if isinstance(value, xmlrpc.client.Binary):
        return {"t": "base64", "v": base64.b64encode(value.data).decode()}
    if isinstance(value, (list, tuple)):
        return {"t": "array", "v": [tag(item) for item in value]}
    return {"t": "struct", "v": [[name, tag(item)] for name, item in value.items()]}


def untag(tagged):
    kind = tagged["t"]
    if kind == "nil":
        return None
    value = tagged["v"]
    if kind == "int":
        return int(value)
    if kind == "double":
        return float(value)
    if kind == "dateTime":
        return xmlrpc.client.DateTime(value)
    if kind == "base64":
        return xmlrpc.client.Binary(base64.b64decode(value))
    if kind == "array":
        return [untag(item) for item in value]
    if kind == "struct":
        return {name: untag(item) for name, item in value}
    return value


def answer(request):
    if request["op"] == "loads":
        params, method = xmlrpc.client.loads(base64.b64decode(request["xml"]))
        return {"method": method, "params": [tag(param) for param in params]}
    params = tuple(untag(param) for param in request["params"])
    encoding = request.get("encoding")
    text = xmlrpc.client.dumps(params, request["method"], encoding=encoding, allow_none=True)
    return {"xml": base64.b64encode(text.encode(encoding or "utf-8", "xmlcharrefreplace")).decode()}


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except xmlrpc.client.Fault as fault:
        result = {"fault": [fault.faultCode, fault.faultString]}
    except Exception as error:  # whatever the parser raises is the answer
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
