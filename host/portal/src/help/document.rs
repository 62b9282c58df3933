use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A guide as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its name in addresses.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
    pub(crate) headings: Vec<Heading>,
}

/// A part of a guide, as HTML. Markup in the text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Text(String),
    /// A table, which may be wider than the page.
    Table(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    pub(crate) id: String,
    pub(crate) title: String,
    /// It is a part of the heading before it.
    pub(crate) is_inner: bool,
}

impl Block {
    #[cfg(test)]
    pub(crate) fn html(&self) -> &str {
        match self {
            Self::Text(html) | Self::Table(html) => html,
        }
    }
}

impl Document {
    /// Reads a guide in Markdown. `address_of` returns the address of a link; the text of a link without one stays.
    pub(crate) fn read(
        name: &'static str,
        markdown: &str,
        address_of: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let mut document = Self { name, title: String::new(), blocks: Vec::new(), headings: Vec::new() };
        let events: Vec<Event<'_>> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
        let mut kept: Vec<Event<'_>> = Vec::new();
        let mut open_links = Vec::new();
        let mut events = events.into_iter().peekable();
        while let Some(event) = events.next() {
            match event {
                Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                    let mut inner = Vec::new();
                    while let Some(event) = events.next_if(|it| !matches!(it, Event::End(TagEnd::Heading(_))))
                    {
                        inner.push(event);
                    }
                    let end = events.next();
                    let title = text_of(&inner);
                    if level == HeadingLevel::H1 {
                        document.title = title;
                        continue;
                    }
                    let id = slug(&title);
                    let heading = Heading { id: id.clone(), title, is_inner: level != HeadingLevel::H2 };
                    document.headings.push(heading);
                    kept.push(Event::Start(Tag::Heading { level, id: Some(id.into()), classes, attrs }));
                    kept.extend(inner.into_iter().chain(end));
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let address = address_of(&dest_url);
                    open_links.push(address.is_some());
                    if let Some(address) = address {
                        let dest_url = CowStr::from(address);
                        kept.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                    }
                }
                Event::End(TagEnd::Link) if open_links.pop() == Some(false) => {}
                Event::Html(markup) | Event::InlineHtml(markup) => kept.push(Event::Text(markup)),
                Event::Start(Tag::Table(_)) => {
                    document.add(&mut kept, Block::Text);
                    kept.push(event);
                }
                Event::End(TagEnd::Table) => {
                    kept.push(event);
                    document.add(&mut kept, Block::Table);
                }
                other => kept.push(other),
            }
        }
        document.add(&mut kept, Block::Text);
        document
    }

    fn add(&mut self, events: &mut Vec<Event<'_>>, block: fn(String) -> Block) {
        if !events.is_empty() {
            let mut text = String::new();
            html::push_html(&mut text, events.drain(..));
            self.blocks.push(block(text));
        }
    }
}

fn text_of(events: &[Event<'_>]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    texts.collect()
}

/// Returns the id of a heading, as on GitHub: `HTTPS for an EWS server` is `https-for-an-ews-server`.
pub(crate) fn slug(title: &str) -> String {
    let kept = title.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_tables_are_apart_and_links_are_rewritten() {
        let markdown = "# Title\n\nSee <img src=x> [in](a.md#b) and [out](../x.rs).\n\n## A `b` C?\n\n\
            | a | b |\n|---|---|\n| 1 | <b>2</b> |\n\nEnd.\n";
        let address = |link: &str| link.strip_prefix("a.md").map(|rest| format!("/help/a{rest}"));
        let document = Document::read("x", markdown, address);
        assert_eq!(document.title, "Title");
        assert_eq!(
            document.headings,
            [Heading { id: "a-b-c".to_owned(), title: "A b C?".to_owned(), is_inner: false }]
        );
        let [Block::Text(before), Block::Table(table), Block::Text(after)] = &*document.blocks else {
            panic!("{:?}", document.blocks)
        };
        assert_eq!(
            before,
            "<p>See &lt;img src=x&gt; <a href=\"/help/a#b\">in</a> and out.</p>\n\
             <h2 id=\"a-b-c\">A <code>b</code> C?</h2>\n"
        );
        assert!(table.starts_with("<table>") && table.contains("&lt;b&gt;2&lt;/b&gt;"), "{table}");
        assert_eq!(after, "<p>End.</p>\n");
    }
}
