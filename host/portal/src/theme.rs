//! Light or dark: a choice kept in a cookie, so that a page comes in the right colours from the start.

use axum::http::{HeaderMap, HeaderValue};

use crate::cookies;

/// Name of the cookie; the script writes it too.
const COOKIE: &str = "riser-theme";

/// A choice; without one the system decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// The word in the cookie and in `data-theme`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice that a request carries.
    pub(crate) fn of_request(headers: &HeaderMap) -> Option<Self> {
        let word = cookies::find(headers, COOKIE)?;
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == word)
    }

    /// The other one; dark for who has not chosen.
    pub(crate) const fn other(chosen: Option<Self>) -> Self {
        match chosen {
            Some(Self::Dark) => Self::Light,
            Some(Self::Light) | None => Self::Dark,
        }
    }

    /// The cookie that keeps the choice for a year. It is no secret: the script may read and write it.
    pub(crate) fn cookie(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Light => "riser-theme=light; Path=/; SameSite=Strict; Max-Age=31536000",
            Self::Dark => "riser-theme=dark; Path=/; SameSite=Strict; Max-Age=31536000",
        })
    }
}
