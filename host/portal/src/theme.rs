//! Light or dark. A cookie keeps the choice, so the server can write each page in the right colours.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};

/// Name of the cookie. The page's script writes it, too.
const COOKIE: &str = "riser-theme";

/// A choice of colours. Without a choice the browser's setting applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// Returns the text used in the cookie and in `data-theme`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Returns the choice in the cookie of a request.
    pub(crate) fn of_request(headers: &HeaderMap) -> Option<Self> {
        let jar = CookieJar::from_headers(headers);
        let chosen = jar.get(COOKIE)?.value();
        [Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == chosen)
    }

    /// Returns the opposite choice; dark if there is none yet.
    pub(crate) const fn other(chosen: Option<Self>) -> Self {
        match chosen {
            Some(Self::Dark) => Self::Light,
            Some(Self::Light) | None => Self::Dark,
        }
    }

    /// Returns the cookie that keeps the choice. Scripts may read it: it is not a secret.
    pub(crate) fn cookie(self) -> Cookie<'static> {
        Cookie::build((COOKIE, self.as_str())).path("/").same_site(SameSite::Strict).permanent().build()
    }
}
