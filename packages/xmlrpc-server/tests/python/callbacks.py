"""Calls a callback server through CPython's xmlrpc.client, as a CCU would, and prints what it answered as JSON."""

import json
import sys
import xmlrpc.client

url, interface_id = sys.argv[1:3]
answers = {}
with xmlrpc.client.ServerProxy(url, encoding="iso-8859-1", allow_none=True) as server:
    answers["listMethods"] = server.system.listMethods(None)
    answers["listDevices"] = server.listDevices(interface_id)
    answers["newDevices"] = server.newDevices(interface_id, [{"ADDRESS": "INT1", "CHILDREN": "", "NAME": "Küche"}])
    answers["event"] = server.event(interface_id, "MEQ1:1", "NAME", "Küche 21 °C <&>")
    calls = xmlrpc.client.MultiCall(server)
    for index in range(100):
        calls.event(interface_id, "MEQ1:1", "LEVEL", index / 4)
    answers["multicall"] = list(calls())
    try:
        server.unheardOf()
    except xmlrpc.client.Fault as fault:
        answers["fault"] = [fault.faultCode, fault.faultString]
    answers["echo"] = server.echo({"list": [1, -2.5, True, "ü"], "empty": "", "none": []})
print(json.dumps(answers))
