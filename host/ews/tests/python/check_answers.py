"""Checks answers that come line by line as JSON; answers each with what is wrong and with its content as a tree."""

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
        answer = exchange["answer"].encode()
        breaches = contract.breaches(
            bytes.fromhex(exchange["request_hex"]), answer, exchange["status"], exchange["content_type"]
        )
        print(json.dumps({"breaches": breaches, "content": tree(contract.content(answer))}), flush=True)


main()
