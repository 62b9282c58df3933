"""Tells where two WSDLs describe different services; prints one difference a line. Names of types and of parts
of the WSDL are free, what travels is not."""

import sys

from lxml import etree

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
ACTION = "{http://www.w3.org/2006/05/addressing/wsdl}Action"


def full_name(element, name):
    prefix, _, local = name.rpartition(":")
    return f"{{{element.nsmap[prefix or None]}}}{local}"


class Service:
    """The meaning of a WSDL."""

    def __init__(self, source):
        root = etree.parse(source).getroot()
        self.types, self.elements = {}, {}
        for schema in root.iter(f"{XSD}schema"):
            assert schema.get("elementFormDefault") == "qualified"
            for child in schema.iterchildren(etree.Element):
                known = self.elements if child.tag == f"{XSD}element" else self.types
                known[f"{{{schema.get('targetNamespace')}}}{child.get('name')}"] = child
        self.messages = {
            message.get("name"): full_name(part, part.get("element"))
            for message in root.iter(f"{WSDL}message")
            for part in message.iter(f"{WSDL}part")
        }
        self.root = root

    def facts(self):
        yield from ((f"element {name}", self.content(element, ())) for name, element in self.elements.items())
        for operation in self.root.find(f"{WSDL}portType").iter(f"{WSDL}operation"):
            for message in operation:
                element = self.messages[message.get("message").rpartition(":")[2]]
                part = f"{operation.get('name')} {etree.QName(message).localname} {message.get('name')}"
                yield f"operation {part if message.tag.endswith('fault') else part.rsplit(' ', 1)[0]}", (
                    message.get(ACTION), element)
        binding = self.root.find(f"{WSDL}binding")
        for operation in binding.iter(f"{WSDL}operation"):
            yield f"binding {operation.get('name')}", (
                operation.find(f"{SOAP}operation").get("soapAction"),
                sorted(element.get("use") for element in operation.iter(f"{SOAP}body", f"{SOAP}fault")),
            )

    def content(self, element, path):
        """Returns the content model of an element. A recursive type is named by its distance."""
        kind = element.get("type")
        occurs = (element.get("minOccurs", "1"), element.get("maxOccurs", "1"), element.get("nillable", "false"))
        if kind is None:
            return occurs, self.type_content(element, path)
        kind = full_name(element, kind)
        if kind.startswith(XSD):
            return occurs, kind
        if kind in path:
            return occurs, len(path) - path.index(kind)
        return occurs, self.type_content(self.types[kind], (*path, kind))

    def type_content(self, holder, path):
        elements = [(element.get("name"), self.content(element, path)) for element in self.in_sequence(holder)]
        bases = [full_name(base, base.get("base")) for base in holder.iter(f"{XSD}restriction", f"{XSD}extension")]
        values = [value.get("value") for value in holder.iter(f"{XSD}enumeration")]
        attributes = sorted(
            (attribute.get("name"), full_name(attribute, attribute.get("type")), attribute.get("use", "optional"),
             attribute.get("default"))
            for attribute in self.attributes_of(holder)
        )
        return elements, bases, values, attributes

    def in_sequence(self, holder):
        for sequence in holder.iterchildren(f"{XSD}sequence", f"{XSD}complexType"):
            if sequence.tag == f"{XSD}complexType":
                yield from self.in_sequence(sequence)
            else:
                yield from sequence.iterchildren(f"{XSD}element")

    def attributes_of(self, holder):
        for child in holder.iterchildren(etree.Element):
            if child.tag == f"{XSD}attribute":
                yield child
            elif child.tag in {f"{XSD}complexType", f"{XSD}simpleContent", f"{XSD}extension"}:
                yield from self.attributes_of(child)


def main():
    one, other = (dict(Service(source).facts()) for source in sys.argv[1:])
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            print(f"{name}: {one.get(name)} against {other.get(name)}")
    print(len(one), "facts compared", file=sys.stderr)


main()
