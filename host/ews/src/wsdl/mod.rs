//! The WSDL for client generators. The types are in `types.xsd`; messages, operations and faults are written
//! from the tables that the server dispatches on.

use std::fmt::Write;

use strum::VariantArray;

use crate::contract::{FaultName, OperationName};
use crate::names;
use crate::xml::push_escaped;

/// The contract's types.
const TYPES: &str = include_str!("types.xsd");

/// The schema of the contract's types.
pub(crate) fn types() -> String {
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{TYPES}")
}

/// Returns the whole WSDL, including types, for a service at this address.
pub(crate) fn definitions(address: &str) -> String {
    let mut out = String::with_capacity(2 * TYPES.len());
    let namespace = names::DATA_EXCHANGE;
    let faults = names::FAULTS;
    out.push_str("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    append(
        &mut out,
        format_args!(
            "<wsdl:definitions name=\"DataExchange\" targetNamespace=\"{namespace}\" \
             xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" \
             xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\" \
             xmlns:wsaw=\"http://www.w3.org/2006/05/addressing/wsdl\" \
             xmlns:tns=\"{namespace}\" xmlns:f=\"{faults}\">\n<wsdl:types>\n"
        ),
    );
    out.push_str(TYPES);
    write_fault_types(&mut out);
    out.push_str("</wsdl:types>\n");
    write_messages(&mut out);
    write_port_type(&mut out);
    write_binding(&mut out);
    out.push_str(
        "<wsdl:service name=\"DataExchange\"><wsdl:port name=\"DataExchange\" \
         binding=\"tns:DataExchangeBinding\"><soap12:address location=\"",
    );
    push_escaped(&mut out, address);
    out.push_str("\"/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n");
    out
}

fn write_fault_types(out: &mut String) {
    append(
        out,
        format_args!(
            "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"{}\" \
             elementFormDefault=\"qualified\">\n",
            names::FAULTS
        ),
    );
    for fault in FaultName::VARIANTS.iter().map(|fault| fault.as_str()) {
        append(out, format_args!(" <xs:element name=\"Fault_{fault}\" type=\"xs:string\"/>\n"));
    }
    out.push_str("</xs:schema>\n");
}

fn write_messages(out: &mut String) {
    let mut message = |name: String, part: &str, element: String| {
        append(
            out,
            format_args!(
                "<wsdl:message name=\"{name}\"><wsdl:part name=\"{part}\" element=\"{element}\"/></wsdl:message>\n"
            ),
        );
    };
    for operation in OperationName::VARIANTS.iter().copied() {
        let name = operation.as_str();
        message(format!("{name}In"), "parameters", format!("tns:{name}{}", operation.request_suffix()));
        message(format!("{name}Out"), "parameters", format!("tns:{name}Response"));
    }
    for fault in FaultName::VARIANTS.iter().map(|fault| fault.as_str()) {
        message(format!("Fault_{fault}"), "detail", format!("f:Fault_{fault}"));
    }
}

fn write_port_type(out: &mut String) {
    out.push_str("<wsdl:portType name=\"IDataExchange\">\n");
    for operation in OperationName::VARIANTS.iter().copied() {
        let name = operation.as_str();
        append(
            out,
            format_args!(
                " <wsdl:operation name=\"{name}\">\n\
                 \x20 <wsdl:input wsaw:Action=\"{}\" message=\"tns:{name}In\"/>\n\
                 \x20 <wsdl:output wsaw:Action=\"{}\" message=\"tns:{name}Out\"/>\n",
                operation.request_action(),
                operation.response_action(),
            ),
        );
        for fault in operation.faults() {
            let action = operation.fault_action(*fault);
            let fault = fault.as_str();
            append(
                out,
                format_args!(
                    "  <wsdl:fault name=\"Fault_{fault}\" wsaw:Action=\"{action}\" message=\"tns:Fault_{fault}\"/>\n"
                ),
            );
        }
        out.push_str(" </wsdl:operation>\n");
    }
    out.push_str("</wsdl:portType>\n");
}

fn write_binding(out: &mut String) {
    out.push_str(
        "<wsdl:binding name=\"DataExchangeBinding\" type=\"tns:IDataExchange\">\n \
         <soap12:binding transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n",
    );
    for operation in OperationName::VARIANTS.iter().copied() {
        append(
            out,
            format_args!(
                " <wsdl:operation name=\"{}\">\n\
                 \x20 <soap12:operation soapAction=\"{}\" style=\"document\"/>\n\
                 \x20 <wsdl:input><soap12:body use=\"literal\"/></wsdl:input>\n\
                 \x20 <wsdl:output><soap12:body use=\"literal\"/></wsdl:output>\n",
                operation.as_str(),
                operation.request_action(),
            ),
        );
        for fault in operation.faults() {
            let fault = fault.as_str();
            append(
                out,
                format_args!(
                    "  <wsdl:fault name=\"Fault_{fault}\">\
                     <soap12:fault name=\"Fault_{fault}\" use=\"literal\"/></wsdl:fault>\n"
                ),
            );
        }
        out.push_str(" </wsdl:operation>\n");
    }
    out.push_str("</wsdl:binding>\n");
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes any text");
}
