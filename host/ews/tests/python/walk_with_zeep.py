"""Walks a server with zeep, a SOAP client that knows the service from its WSDL alone.

Arguments: WSDL, address or empty (the WSDL's own), user, password, set point, its new value. Each response is held
against the contract. The result is one line of JSON.
"""

import json
import sys

import requests
import zeep
from lxml import etree
from requests.auth import HTTPDigestAuth
from zeep.transports import Transport

from contract import DATA, Contract

contract = Contract()


class CheckingTransport(Transport):
    """Checks each response against the contract."""

    responses = 0

    def post(self, address, message, headers):
        response = super().post(address, message, headers)
        breaches = contract.breaches(message, response.content, response.status_code, response.headers["Content-Type"])
        if breaches:
            raise SystemExit(f"{breaches}\n{response.text}")
        self.responses += 1
        return response


def items(wrapper, name):
    """A list, which zeep gives as nothing when it is empty; that its element came is checked in `contract`."""
    return (wrapper and wrapper[name]) or []


def walk(service):
    """All containers and ids of values and histories, pages included."""
    containers, values, histories, waiting = 0, [], [], [""]
    while waiting:
        ids, waiting, reference = {"Id": waiting}, [], None
        while True:
            parameter = {"MoreDataRef": reference} if reference else None
            page = service.GetContainerItems(
                GetContainerItemsIds=ids, GetContainerItemsParameter=parameter, version="1.2", metadata=False
            )
            for container in items(page.GetContainerItemsItems, "ContainerItem"):
                containers += 1
                waiting += [child.Id for child in items(container.Items.ContainerItems, "ContainerItem")]
                values += [child.Id for child in items(container.Items.ValueItems, "ValueItem")]
                histories += [child.Id for child in items(container.Items.HistoryItems, "HistoryItem")]
            status = page.GetContainerItemsStatus
            if not status.MoreDataAvailable:
                break
            reference = status.MoreDataRef
    return containers, values, histories


def main():
    wsdl, address, user, password, set_point, new_value = sys.argv[1:]
    session = requests.Session()
    session.auth = HTTPDigestAuth(user, password)
    transport = CheckingTransport(session=session)
    client = zeep.Client(wsdl, transport=transport)
    service = client.create_service(f"{{{DATA}}}DataExchangeBinding", address) if address else client.service

    information = service.GetWebServiceInformation(version="1.2")
    containers, values, histories = walk(service)
    thousand = service.GetValues(GetValuesIds={"Id": values[:1000]}, version="1.2")
    details = service.GetItems(GetItemsIds={"Id": values[:10] + histories}, version="1.2", metadata=False)
    # zeep returns a response with one list as that list.
    written = service.SetValues(
        SetValuesItems={"ValueItem": [{"Id": set_point, "Value": new_value}]}, version="1.2"
    )
    history = service.GetHistory(GetHistoryParameter={"Id": histories[0]}, version="1.2", metadata=False)
    try:
        service.GetHistory(GetHistoryParameter={"Id": "unknown"}, version="1.2", metadata=False)
        refusal = None
    except zeep.exceptions.Fault as fault:
        refusal = fault.message
    print(json.dumps({
        "operations": items(information.GetWebServiceInformationSupportedOperations, "Operation"),
        "containers": containers,
        "values": len(values),
        "values_in_one_call": len(items(thousand.GetValuesItems, "ValueItem")),
        "details": len(items(details.GetItemsItems.ValueItems, "ValueItem")),
        "histories": len(items(details.GetItemsItems.HistoryItems, "HistoryItem")),
        "written": [[it.Id, it.Success] for it in written],
        "samples": len(items(history.GetHistoryHistoryRecords.List, "HistoryRecord")),
        "refusal": refusal,
        "responses_checked": transport.responses,
    }))


main()
