use askama::Template;
use askama::filters::HtmlSafe;
use strum::{EnumIter, IntoStaticStr};

/// An icon in `web/static/icons.svg`. The id of its symbol there is `i-` and its name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, IntoStaticStr, Template)]
#[strum(serialize_all = "lowercase")]
#[template(path = "parts/icon.html")]
pub(crate) enum Icon {
    Mark,
    Overview,
    Items,
    Menu,
    Theme,
    More,
    Bell,
    Copy,
    Close,
    Edit,
    /// The arrow of a branch in the tree.
    Right,
    Play,
    Stop,
    // States.
    Good,
    Uncertain,
    Forced,
    Offline,
    Error,
    None,
    Waiting,
    Running,
    Retrying,
    Done,
    Failed,
    Alarm,
    Skipped,
    Disabled,
    Sent,
    // Containers of the item tree.
    Server,
    Station,
    Connections,
    Plugins,
    Folder,
    // Pages.
    Problems,
    Processors,
    Schedules,
    Logs,
    Book,
    Key,
    Info,
    Plus,
    Pin,
    Search,
    Shield,
    Download,
}

impl HtmlSafe for Icon {}

impl Icon {
    fn name(self) -> &'static str {
        self.into()
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Mark => "i i-mark",
            Self::Right => "i tw",
            _ => "i",
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;
    use crate::static_files::StaticFiles;

    #[test]
    fn every_icon_has_a_symbol_in_the_sprite() {
        let sprite = StaticFiles::get("icons.svg").unwrap();
        let sprite = std::str::from_utf8(&sprite.data).unwrap();
        for icon in Icon::iter() {
            let id = format!("id=\"i-{}\"", icon.name());
            assert_eq!(sprite.matches(&id).count(), 1, "{icon:?}");
        }
    }

    #[test]
    fn no_template_names_an_icon_around_the_type() {
        let templates = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/templates");
        let mut directories = vec![std::path::PathBuf::from(templates)];
        let mut naming = Vec::new();
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    directories.push(path);
                } else if std::fs::read_to_string(&path).unwrap().contains("icons.svg#") {
                    naming.push(path.file_name().unwrap().to_owned());
                }
            }
        }
        assert_eq!(naming, ["icon.html"]);
    }
}
