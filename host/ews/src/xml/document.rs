//! Parses a document in one pass into a flat list of elements, without recursion: depth costs no stack.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::XmlError;
use crate::names;

/// Elements inside elements.
const DEPTH: usize = 32;
/// Attributes of one element, namespace declarations included.
const ATTRIBUTES: usize = 64;
/// Namespace declarations in scope.
const NAMESPACES: usize = 32;
/// Bytes of a name.
const NAME_BYTES: usize = 256;
/// Bytes of the text of one element or attribute.
const TEXT_BYTES: usize = 64 * 1024;
/// Tags, attributes, texts, comments and references of a request.
const NODES: usize = 100_000;
/// The same limit for a response to our client: thousands of items with a dozen elements each.
const RESPONSE_NODES: usize = 2_000_000;

/// The namespaces this protocol tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    None,
    Soap11,
    Soap12,
    DataExchange,
    XmlSchemaInstance,
    Foreign,
}

impl Namespace {
    fn of(uri: &str) -> Self {
        match uri {
            "" => Self::None,
            names::SOAP_11 => Self::Soap11,
            names::SOAP_12 => Self::Soap12,
            names::DATA_EXCHANGE => Self::DataExchange,
            names::XML_SCHEMA_INSTANCE => Self::XmlSchemaInstance,
            _ => Self::Foreign,
        }
    }
}

#[derive(Debug)]
struct Attribute<'a> {
    /// The element it belongs to.
    element: usize,
    namespace: Namespace,
    name: &'a str,
    value: String,
}

#[derive(Debug)]
struct Node<'a> {
    namespace: Namespace,
    name: &'a str,
    /// The texts directly inside, joined.
    text: Cow<'a, str>,
    /// The index after the last nested element.
    end: usize,
}

/// A document as a list of its elements in document order.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
}

/// One element of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl<'a> Document<'a> {
    /// Parses a request within the limits.
    pub(crate) fn read(text: &'a str) -> Result<Self, XmlError> {
        Self::read_nodes(text, NODES)
    }

    /// Parses a response, which may have more elements than a request.
    pub(crate) fn read_response(text: &'a str) -> Result<Self, XmlError> {
        Self::read_nodes(text, RESPONSE_NODES)
    }

    fn read_nodes(text: &'a str, limit: usize) -> Result<Self, XmlError> {
        // quick-xml does not check control characters.
        if text.bytes().any(|byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) {
            return Err(XmlError::Malformed);
        }
        DocumentReader::new(text, limit).read()
    }

    /// The outermost element.
    pub(crate) fn root(&self) -> Element<'_> {
        Element { document: self, index: 0 }
    }
}

impl<'d> Element<'d> {
    fn node(self) -> &'d Node<'d> {
        &self.document.nodes[self.index]
    }

    /// The element's name without its prefix.
    pub(crate) fn name(self) -> &'d str {
        self.node().name
    }

    pub(crate) fn namespace(self) -> Namespace {
        self.node().namespace
    }

    /// Whether it has this name in this namespace.
    pub(crate) fn is(self, namespace: Namespace, name: &str) -> bool {
        self.namespace() == namespace && self.name() == name
    }

    /// The texts directly inside, joined.
    pub(crate) fn text(self) -> &'d str {
        &self.node().text
    }

    /// The value of an attribute that has no prefix.
    pub(crate) fn attribute(self, name: &str) -> Option<&'d str> {
        self.attribute_in(Namespace::None, name)
    }

    /// The value of an attribute in a namespace.
    pub(crate) fn attribute_in(self, namespace: Namespace, name: &str) -> Option<&'d str> {
        let attributes = &self.document.attributes;
        let first = attributes.partition_point(|it| it.element < self.index);
        attributes[first..]
            .iter()
            .take_while(|it| it.element == self.index)
            .find(|it| it.namespace == namespace && it.name == name)
            .map(|it| it.value.as_str())
    }

    /// Whether `xsi:nil` is set.
    pub(crate) fn is_nil(self) -> bool {
        matches!(self.attribute_in(Namespace::XmlSchemaInstance, "nil"), Some("true" | "1"))
    }

    /// The elements directly inside.
    pub(crate) fn children(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.node().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let element = (next < end).then_some(Element { document: self.document, index: next })?;
            next = element.node().end;
            Some(element)
        })
    }

    /// The elements directly inside with this name of the contract.
    pub(crate) fn children_named(self, name: &'static str) -> impl Iterator<Item = Element<'d>> {
        self.children().filter(move |child| child.is(Namespace::DataExchange, name))
    }
}

struct DocumentReader<'a> {
    source: &'a str,
    document: Document<'a>,
    /// Indices of the open elements.
    open: Vec<usize>,
    /// Depth, prefix and namespace of each declaration in scope.
    bindings: Vec<(usize, &'a str, Namespace)>,
    nodes: usize,
    limit: usize,
}

impl<'a> DocumentReader<'a> {
    fn new(source: &'a str, limit: usize) -> Self {
        let document = Document { nodes: Vec::new(), attributes: Vec::new() };
        Self { source, document, open: Vec::new(), bindings: Vec::new(), nodes: 0, limit }
    }

    fn read(mut self) -> Result<Document<'a>, XmlError> {
        let mut reader = Reader::from_str(self.source);
        reader.config_mut().check_comments = true;
        loop {
            self.count_node()?;
            match reader.read_event().map_err(|_| XmlError::Malformed)? {
                Event::Start(start) => self.open(&start)?,
                Event::Empty(start) => {
                    self.open(&start)?;
                    self.close();
                }
                Event::End(_) => self.close(),
                Event::Text(text) => self.append(text.xml10_content())?,
                Event::CData(text) => self.append(text.xml10_content())?,
                Event::GeneralRef(reference) => self.append(Cow::Owned(resolve(&reference)?.into()))?,
                Event::Comment(_) => {}
                Event::Decl(declaration) => {
                    let version = declaration.version().map_err(|_| XmlError::Malformed)?;
                    if self.nodes != 1 || version != "1.0" {
                        return Err(XmlError::Malformed);
                    }
                }
                Event::PI(_) | Event::DocType(_) => return Err(XmlError::Forbidden),
                Event::Eof => break,
            }
        }
        if self.open.is_empty() && !self.document.nodes.is_empty() {
            Ok(self.document)
        } else {
            Err(XmlError::Malformed)
        }
    }

    fn count_node(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limit { Err(XmlError::TooLarge("the number of nodes")) } else { Ok(()) }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        let index = self.document.nodes.len();
        if self.open.is_empty() && index > 0 {
            return Err(XmlError::Malformed);
        }
        if self.open.len() == DEPTH {
            return Err(XmlError::TooLarge("32 levels"));
        }
        self.open.push(index);
        let attributes = self.declare_namespaces(start)?;
        for (name, value) in attributes {
            let (namespace, name) = self.resolve_name(name, Namespace::None)?;
            self.document.attributes.push(Attribute { element: index, namespace, name, value });
        }
        let default = self.lookup("").unwrap_or(Namespace::None);
        let name = self.own(start.name().0)?;
        check_name_length(name)?;
        let (namespace, name) = self.resolve_name(name, default)?;
        self.document.nodes.push(Node { namespace, name, text: Cow::Borrowed(""), end: index + 1 });
        Ok(())
    }

    /// Records an element's namespace declarations. Returns its other attributes.
    fn declare_namespaces(&mut self, start: &BytesStart<'_>) -> Result<Vec<(&'a str, String)>, XmlError> {
        let mut others = Vec::new();
        let mut attributes = start.attributes();
        // The check for duplicate names is quadratic; it runs only within the limit on their number.
        for count in 0.. {
            let Some(attribute) = attributes.next() else { break };
            self.count_node()?;
            if count == ATTRIBUTES {
                return Err(XmlError::TooLarge("64 attributes"));
            }
            let attribute = attribute.map_err(|_| XmlError::Malformed)?;
            if attribute.value.len() > TEXT_BYTES {
                return Err(XmlError::TooLarge("64 KiB of text"));
            }
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                .map_err(|_| XmlError::Malformed)?;
            let key = self.own(attribute.key.0)?;
            check_name_length(key)?;
            if key == "xmlns" {
                self.bind("", &value)?;
            } else if let Some(prefix) = key.strip_prefix("xmlns:") {
                self.bind(prefix, &value)?;
            } else {
                others.push((key, value.into_owned()));
            }
        }
        Ok(others)
    }

    fn bind(&mut self, prefix: &'a str, uri: &str) -> Result<(), XmlError> {
        if self.bindings.len() == NAMESPACES {
            return Err(XmlError::TooLarge("32 namespaces"));
        }
        self.bindings.push((self.open.len(), prefix, Namespace::of(uri)));
        Ok(())
    }

    fn lookup(&self, prefix: &str) -> Option<Namespace> {
        self.bindings.iter().rev().find(|(_, bound, _)| *bound == prefix).map(|(_, _, namespace)| *namespace)
    }

    fn resolve_name(&self, name: &'a str, default: Namespace) -> Result<(Namespace, &'a str), XmlError> {
        match name.split_once(':') {
            None => Ok((default, name)),
            Some(("xml", local)) => Ok((Namespace::Foreign, local)),
            Some((prefix, local)) => Ok((self.lookup(prefix).ok_or(XmlError::Malformed)?, local)),
        }
    }

    fn close(&mut self) {
        let depth = self.open.len();
        let end = self.document.nodes.len();
        // The reader has matched the tags, so an element is open.
        if let Some(index) = self.open.pop() {
            self.document.nodes[index].end = end;
        }
        while self.bindings.last().is_some_and(|(bound_at, _, _)| *bound_at == depth) {
            self.bindings.pop();
        }
    }

    fn append(&mut self, more: Cow<'a, str>) -> Result<(), XmlError> {
        let Some(index) = self.open.last() else {
            return if more.trim_ascii().is_empty() { Ok(()) } else { Err(XmlError::Malformed) };
        };
        // Indentation between children is meaningless, and in a long list it would exceed the limit on a
        // text.
        let has_children = self.document.nodes.len() > index + 1;
        if has_children && more.trim_ascii().is_empty() {
            return Ok(());
        }
        let text = &mut self.document.nodes[*index].text;
        if text.len() + more.len() > TEXT_BYTES {
            return Err(XmlError::TooLarge("64 KiB of text"));
        }
        if text.is_empty() {
            *text = more;
        } else {
            text.to_mut().push_str(&more);
        }
        Ok(())
    }

    /// Returns the same text, borrowed from the source. The reader lends parts of it only for the duration of
    /// an event.
    fn own(&self, part: &str) -> Result<&'a str, XmlError> {
        let start = (part.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
        self.source.get(start..start.wrapping_add(part.len())).ok_or(XmlError::Malformed)
    }
}

fn check_name_length(name: &str) -> Result<(), XmlError> {
    if name.len() > NAME_BYTES { Err(XmlError::TooLarge("256 bytes of a name")) } else { Ok(()) }
}

/// Returns the character of a reference: by number, or one of the five that XML predefines.
fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| XmlError::Malformed)? {
        let is_xml = !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        return if is_xml { Ok(character) } else { Err(XmlError::Malformed) };
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Forbidden),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> XmlError {
        Document::read(text).expect_err("the document is refused")
    }

    #[test]
    fn elements_are_found_by_name_and_namespace_independent_of_prefixes() {
        let text = format!(
            "<?xml version=\"1.0\"?><!-- c --><a:r xmlns:a=\"{0}\" v=\"1\"><x xmlns=\"{0}\">1</x><a:x>2</a:x><x>3</x></a:r>",
            names::DATA_EXCHANGE
        );
        let document = Document::read(&text).unwrap();
        let root = document.root();
        assert_eq!((root.name(), root.attribute("v")), ("r", Some("1")));
        assert_eq!(root.children_named("x").map(Element::text).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(root.children().count(), 3);
    }

    #[test]
    fn character_references_and_cdata_sections_are_joined() {
        let document = Document::read("<a> x&amp;&#65;<![CDATA[<b>]]>\r\n<c>no</c>y</a>").unwrap();
        assert_eq!(document.root().text(), " x&A<b>\ny");
    }

    #[test]
    fn constructs_that_soap_forbids_are_refused() {
        assert_eq!(refusal("<!DOCTYPE a><a/>"), XmlError::Forbidden);
        assert_eq!(
            refusal("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"),
            XmlError::Forbidden
        );
        assert_eq!(refusal("<a>&b;</a>"), XmlError::Forbidden);
        assert_eq!(refusal("<?xml-stylesheet href=\"x\"?><a/>"), XmlError::Forbidden);
    }

    #[test]
    fn malformed_xml_is_refused() {
        for text in [
            "",
            " ",
            "text",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>text",
            "<a x='1' x='2'/>",
            "<p:a/>",
            "<a>\u{1}</a>",
            "<a>&#1;</a>",
            "<a/><?xml version=\"1.0\"?>",
            "<?xml version=\"1.1\"?><a/>",
            "<a",
            "<a>&",
        ] {
            assert_eq!(refusal(text), XmlError::Malformed, "{text:?}");
        }
    }

    #[test]
    fn each_limit_refuses_one_more_than_it_allows() {
        let deep = |levels: usize| format!("{}{}", "<a>".repeat(levels), "</a>".repeat(levels));
        let attributes = |count: usize| {
            let list: String =
                (0..count).flat_map(|n| [" a".to_owned(), n.to_string(), "=''".to_owned()]).collect();
            format!("<a{list}/>")
        };
        let namespaces = |count: usize| {
            let list: String =
                (0..count).flat_map(|n| [" xmlns:a".to_owned(), n.to_string(), "='u'".to_owned()]).collect();
            format!("<a{list}/>")
        };
        let name = |bytes: usize| format!("<{}/>", "a".repeat(bytes));
        let attribute_name = |bytes: usize| format!("<a {}=''/>", "b".repeat(bytes));
        let declaration = |bytes: usize| format!("<a {:b<bytes$}='u'/>", "xmlns:");
        let text = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes));
        let attribute_text = |bytes: usize| format!("<a b='{}'/>", "x".repeat(bytes));
        let check = |make: &dyn Fn(usize) -> String, limit: usize| {
            assert!(Document::read(&make(limit)).is_ok(), "{limit}");
            assert!(matches!(refusal(&make(limit + 1)), XmlError::TooLarge(_)), "{limit}");
        };
        check(&deep, DEPTH);
        check(&attributes, ATTRIBUTES);
        check(&namespaces, NAMESPACES);
        check(&name, NAME_BYTES);
        check(&attribute_name, NAME_BYTES);
        check(&declaration, NAME_BYTES);
        check(&text, TEXT_BYTES);
        check(&attribute_text, TEXT_BYTES);
        assert!(matches!(refusal(&format!("<a>{}</a>", "<b/>".repeat(NODES))), XmlError::TooLarge(_)));
    }

    #[test]
    fn a_namespace_ends_with_its_element() {
        let per_element = format!("<a>{}</a>", "<b xmlns='u' xmlns:c='v'/>".repeat(1_000));
        assert!(Document::read(&per_element).is_ok());
        assert_eq!(refusal("<a><b xmlns:c='v'/><c:d/></a>"), XmlError::Malformed);
    }
}
