"""Checks responses of an EWS server against the contract.

The schema knows which elements are allowed and in which order; nearly all of them are optional in it. What has to
be there all the same, and what the texts may be, is checked here a second time, in words of our own.
"""

import re
from collections import Counter
from pathlib import Path

from lxml import etree

REFERENCE = Path(__file__).parent.parent / "reference"
DATA = "http://www.schneider-electric.com/common/dataexchange/2011/05"
FAULTS = DATA + "/DataExchangeInterface/Fault"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
XSD = "http://www.w3.org/2001/XMLSchema"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

# Elements that clients read without asking whether they are there.
PRESENT = {
    "GetWebServiceInformationResponse": [
        "GetWebServiceInformationVersion/MajorVersion",
        "GetWebServiceInformationVersion/MinorVersion",
        "GetWebServiceInformationVersion/UsedNameSpace",
        "GetWebServiceInformationSupportedOperations/Operation",
    ],
    "GetContainerItemsResponse": [
        "GetContainerItemsItems",
        "GetContainerItemsErrorResults",
        "GetContainerItemsStatus/MoreDataAvailable",
        "GetContainerItemsStatus/MoreDataRef",
    ],
    "GetItemsResponse": [
        "GetItemsItems/ValueItems",
        "GetItemsItems/HistoryItems",
        "GetItemsItems/AlarmItems",
        "GetItemsErrorResults",
    ],
    "GetValuesResponse": ["GetValuesItems", "GetValuesErrorResults"],
    "SetValuesResponse": ["SetValuesResults/Result"],
    "GetHistoryResponse": [
        "GetHistoryResponseStatus/MoreDataAvailable",
        "GetHistoryResponseStatus/MoreDataRef",
        "GetHistoryResponseStatus/TimeFrom",
        "GetHistoryResponseStatus/TimeTo",
        "GetHistoryHistoryRecords/ValueItemId",
        "GetHistoryHistoryRecords/Unit",
        "GetHistoryHistoryRecords/Type",
        "GetHistoryHistoryRecords/List",
    ],
}
CHILD_LISTS = ["ContainerItems", "ValueItems", "HistoryItems", "AlarmItems"]
CONTAINER_FIELDS = ["Id", "Name", "Description", "Type"]
VALUE_FIELDS = CONTAINER_FIELDS + ["Unit", "Writeable"]
HISTORY_FIELDS = CONTAINER_FIELDS + ["Unit", "ValueItemId"]

CONTAINER_TYPES = {"Folder", "Server", "Device", "Structure", "Service"}
MOMENT = r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
VALUE_FORMS = {
    "DateTime": MOMENT,
    "Boolean": "true|false",
    "String": "(?s:.*)",
    "Double": r"-?(0|[1-9]\d*)(\.\d*[1-9])?(E-?[1-9]\d*)?",
    "Long": r"0|-?[1-9]\d*",
    "Integer": r"0|-?[1-9]\d*",
    "Duration": r"-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?",
}


def _data(path):
    return "/".join(f"{{{DATA}}}{name}" for name in path.split("/"))


def _texts(element, path):
    return [found.text or "" for found in element.findall(_data(path))]


def _fault_schema():
    wsdl = etree.parse(REFERENCE / "dataexchange-1.2.wsdl")
    schema = wsdl.find(f".//{{{XSD}}}schema[@targetNamespace='{FAULTS}']")
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


class Contract:
    """The reference contract, and the rules beside it."""

    def __init__(self):
        self.types = etree.XMLSchema(etree.parse(REFERENCE / "dataexchange-1.2.xsd"))
        self.fault_types = _fault_schema()

    def content(self, envelope):
        """The only element in the body of an envelope."""
        root = etree.fromstring(envelope)
        namespace = SOAP_11 if root.tag == f"{{{SOAP_11}}}Envelope" else SOAP_12
        bodies = root.findall(f"{{{namespace}}}Body")
        if root.tag != f"{{{namespace}}}Envelope" or len(bodies) != 1 or len(bodies[0]) != 1:
            raise ValueError("an envelope has one body with one element")
        return bodies[0][0]

    def breaches(self, request, response, status, content_type):
        """Returns the violations of a response as a list of sentences."""
        content = self.content(response)
        asked = self._asked(request)
        if etree.QName(content).localname == "Fault":
            return self._fault_breaches(content, asked, status, content_type)
        return self._response_breaches(content, asked, status, content_type)

    def _asked(self, request):
        try:
            content = self.content(request)
        except (etree.XMLSyntaxError, ValueError):
            return None
        return content if etree.QName(content).namespace == DATA else None

    def _fault_breaches(self, fault, asked, status, content_type):
        if etree.QName(fault).namespace == SOAP_11:
            names = [etree.QName(child).localname for child in fault]
            return [] if status == 500 and names == ["faultcode", "faultstring"] else ["a SOAP 1.1 fault is odd"]
        breaches = []
        code = fault.findtext(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Value")
        text = fault.find(f"{{{SOAP_12}}}Reason/{{{SOAP_12}}}Text")
        if code is None or code.split(":")[-1] not in {"Sender", "Receiver", "MustUnderstand"}:
            breaches.append(f"the fault's code is {code}")
        if text is None or not text.text or not text.get(LANGUAGE):
            return breaches + ["the fault has no reason with a language"]
        if status not in {400, 500, 503}:
            breaches.append(f"a fault comes with status {status}")
        detail = fault.find(f"{{{SOAP_12}}}Detail")
        if detail is not None:
            breaches += self._detail_breaches(detail, text.text, asked, content_type)
        return breaches

    def _detail_breaches(self, detail, reason, asked, content_type):
        element = detail[0]
        breaches = []
        if not self.fault_types.validate(element):
            breaches.append(f"the detail is not a fault of the contract: {self.fault_types.error_log.last_error}")
        if element.text != reason:
            breaches.append("reason and detail differ")
        operation = etree.QName(asked).localname.removesuffix("Request")
        action = f"{DATA}/{operation}{etree.QName(element).localname}"
        # Three actions are irregular in the contract, all of operations that are not served.
        if f'action="{action}"' not in content_type:
            breaches.append(f"the fault's action is not {action}: {content_type}")
        return breaches

    def _response_breaches(self, response, asked, status, content_type):
        name = etree.QName(response).localname
        breaches = []
        if not self.types.validate(response):
            breaches.append(f"the schema refuses it: {self.types.error_log.last_error}")
        if asked is None or name != etree.QName(asked).localname.removesuffix("Request") + "Response":
            return breaches + [f"{name} belongs to another request"]
        if status != 200:
            breaches.append(f"a response has status {status}")
        operation = name.removesuffix("Response")
        if f'action="{DATA}/{operation}Out"' not in content_type:
            breaches.append(f"the action is wrong: {content_type}")
        breaches += [f"{path} is missing" for path in PRESENT[name] if response.find(_data(path)) is None]
        breaches += self._version_breaches(name, response, asked)
        breaches += getattr(self, f"_check_{operation}")(response, asked)
        return breaches

    def _version_breaches(self, name, response, asked):
        wanted = asked.get("version")
        expected = wanted
        if name == "SetValuesResponse":
            expected = None
        elif wanted is not None and wanted not in {"1.0", "1.1"}:
            expected = "1.2" if re.fullmatch(r"[1-9]\d*(\.\d+)*", wanted) else "1.0"
        got = response.get("version")
        return [] if got == expected else [f"version {wanted} gets {got}"]

    def _check_GetWebServiceInformation(self, response, asked):
        is_new = response.get("version") == "1.2"
        newer = ["GetWebServiceInformationSupportedProfiles", "SystemInfo/Version", "SystemInfo/Id", "SystemInfo/Name"]
        return [f"{path} is {'missing' if is_new else 'too new'}" for path in newer
                if (response.find(_data(path)) is not None) != is_new]

    def _check_GetContainerItems(self, response, asked):
        breaches = []
        for container in response.findall(_data("GetContainerItemsItems/ContainerItem")):
            breaches += self._container_breaches(container)
            for name in CHILD_LISTS:
                if len(container.findall(_data(f"Items/{name}"))) != 1:
                    breaches.append(f"a container has not one list {name}")
            for child in container.findall(_data("Items/ContainerItems/ContainerItem")):
                breaches += self._container_breaches(child)
            for child in container.findall(_data("Items/ValueItems/ValueItem")):
                breaches += self._value_breaches(child)
            for child in container.findall(_data("Items/HistoryItems/HistoryItem")):
                breaches += self._missing(child, HISTORY_FIELDS)
        breaches += self._paging_breaches(response, "GetContainerItemsStatus")
        is_whole = _texts(response, "GetContainerItemsStatus/MoreDataAvailable") == ["false"]
        is_first = not any(_texts(asked, "GetContainerItemsParameter/MoreDataRef"))
        ids = _texts(asked, "GetContainerItemsIds/Id") or [""]
        if is_whole and is_first:
            got = _texts(response, "GetContainerItemsItems/ContainerItem/Id")
            root = self._root(response)
            ids = [root if id == "" else id for id in ids]
            breaches += _order_breaches(ids, [got], _texts(response, "GetContainerItemsErrorResults/ErrorResult/Id"))
        return breaches

    def _root(self, response):
        for container in response.findall(_data("GetContainerItemsItems/ContainerItem")):
            if _texts(container, "Type") == ["Server"]:
                return _texts(container, "Id")[0]
        return ""

    def _check_GetItems(self, response, asked):
        breaches = []
        for item in response.findall(_data("GetItemsItems/ValueItems/ValueItem")):
            breaches += self._value_breaches(item) + self._state_breaches(item)
            breaches += self._form_breaches(item, _texts(item, "Type")[0])
        for item in response.findall(_data("GetItemsItems/HistoryItems/HistoryItem")):
            breaches += self._missing(item, HISTORY_FIELDS)
        kinds = [_texts(response, f"GetItemsItems/{kind}s/{kind}/Id") for kind in ["ValueItem", "HistoryItem"]]
        errors = _texts(response, "GetItemsErrorResults/ErrorResult/Id")
        return breaches + _order_breaches(_texts(asked, "GetItemsIds/Id"), kinds, errors)

    def _check_GetValues(self, response, asked):
        breaches = []
        for item in response.findall(_data("GetValuesItems/ValueItem")):
            breaches += self._missing(item, ["Id", "State", "Value"]) + self._state_breaches(item)
        got = _texts(response, "GetValuesItems/ValueItem/Id")
        errors = _texts(response, "GetValuesErrorResults/ErrorResult/Id")
        return breaches + _order_breaches(_texts(asked, "GetValuesIds/Id"), [got], errors)

    def _check_SetValues(self, response, asked):
        breaches = []
        for result in response.findall(_data("SetValuesResults/Result")):
            breaches += self._missing(result, ["Id", "Success", "Message"])
            if (_texts(result, "Success") == ["true"]) != (_texts(result, "Message") == [""]):
                breaches.append("a message belongs to a failure and to nothing else")
        wanted = [(_texts(item, "Id") or [""])[0] for item in asked.findall(_data("SetValuesItems/ValueItem"))]
        got = _texts(response, "SetValuesResults/Result/Id")
        return breaches if got == wanted else breaches + ["the results are not those asked for, in order"]

    def _check_GetHistory(self, response, asked):
        breaches = self._paging_breaches(response, "GetHistoryResponseStatus")
        records = "GetHistoryHistoryRecords"
        kind = _texts(response, f"{records}/Type")[0]
        for record in response.findall(_data(f"{records}/List/HistoryRecord")):
            breaches += self._missing(record, ["Value", "State", "TimeStamp"]) + self._state_breaches(record)
            breaches += self._form_breaches(record, kind)
        times = _texts(response, f"{records}/List/HistoryRecord/TimeStamp")
        start, end = (_texts(response, f"GetHistoryResponseStatus/{name}")[0] for name in ["TimeFrom", "TimeTo"])
        breaches += [f"{time} is not a moment" for time in times + [start, end] if not re.fullmatch(MOMENT, time)]
        if times != sorted(times):
            breaches.append("the samples do not ascend")
        if times and (times[0] < start or times[-1] >= end):
            breaches.append("a sample is outside the range")
        return breaches

    def _missing(self, element, fields):
        return [f"{etree.QName(element).localname} lacks {field}" for field in fields
                if len(element.findall(_data(field))) != 1]

    def _container_breaches(self, container):
        kind = _texts(container, "Type")
        breaches = [] if set(kind) <= CONTAINER_TYPES else [f"a container has the type {kind}"]
        return breaches + self._missing(container, CONTAINER_FIELDS)

    def _value_breaches(self, item):
        breaches = self._missing(item, VALUE_FIELDS)
        if _texts(item, "Type")[0] not in VALUE_FORMS:
            breaches.append(f"a value has the type {_texts(item, 'Type')}")
        if _texts(item, "Writeable")[0] not in {"0", "1"}:
            breaches.append(f"Writeable is {_texts(item, 'Writeable')}")
        return breaches

    def _state_breaches(self, item):
        state = _texts(item, "State")
        return [] if state and state[0] in set("01234") else [f"a state is {state}"]

    def _form_breaches(self, item, kind):
        text = _texts(item, "Value")[0]
        return [] if re.fullmatch(VALUE_FORMS[kind], text) else [f"{text!r} is no {kind}"]

    def _paging_breaches(self, response, status):
        has_more = _texts(response, f"{status}/MoreDataAvailable")[0]
        reference = _texts(response, f"{status}/MoreDataRef")[0]
        is_right = has_more in {"true", "false"} and (has_more == "true") == bool(reference) and len(reference) <= 128
        return [] if is_right else [f"more data {has_more} has the reference {reference!r}"]


def _order_breaches(asked, lists, errors):
    """Each id asked for has to be there once for each time, each list in the order of the request."""
    breaches = []
    if Counter(asked) != Counter([id for got in lists for id in got] + errors):
        breaches.append("not each id asked for is there exactly once")
    for got in [*lists, errors]:
        rest = iter(asked)
        if not all(id in rest for id in got):
            breaches.append("the order of the request is not kept")
    return breaches
