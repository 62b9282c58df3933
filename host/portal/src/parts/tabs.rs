/// A link to a tab of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TabLink {
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) is_current: bool,
}
