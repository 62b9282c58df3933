"""Checks responses that arrive as JSON lines. Writes the violations and the content of each as a tree."""

import json
import sys

from lxml import etree

from contract import Contract


def tree(element):
    return {
        "name": etree.QName(element).localname,
        "attributes": {etree.QName(name).localname: text for name, text in element.attrib.items()},
        "text": element.text or "",
        "children": [tree(child) for child in element],
    }


def main():
    contract = Contract()
    for line in sys.stdin:
        exchange = json.loads(line)
        response = exchange["response"].encode()
        breaches = contract.breaches(
            bytes.fromhex(exchange["request_hex"]), response, exchange["status"], exchange["content_type"]
        )
        print(json.dumps({"breaches": breaches, "content": tree(contract.content(response))}), flush=True)


main()
