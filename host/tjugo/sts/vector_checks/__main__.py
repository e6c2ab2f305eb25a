"""Run by MicroPython: one vector a line as JSON in, one line of JSON out for each.

The answer is null for a kind that is not known, else the list of what does not agree. The folder
above this one must be on the path.
"""

import json
import sys

from vector_checks import check

for line in sys.stdin:
    if line.strip():
        print(json.dumps(check(json.loads(line))))
