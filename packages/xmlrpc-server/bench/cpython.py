"""Decodes each document that is named on the command line with xmlrpc.client; prints the least CPU seconds of each."""

import json
import sys
import time
import xmlrpc.client

results = []
for path, repeat in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    with open(path, "rb") as file:
        document = file.read()
    least = float("inf")
    for _ in range(5):
        start = time.process_time()
        for _ in range(repeat):
            xmlrpc.client.loads(document, use_builtin_types=True)
        least = min(least, (time.process_time() - start) / repeat)
    results.append(least)
print(json.dumps(results))
