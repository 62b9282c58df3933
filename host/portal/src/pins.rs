//! The pinned points of a browser. A cookie keeps them by their handles, which never change and are short.

use axum::http::HeaderMap;
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use riser_domain::PointHandle;

/// Points on a watch list.
pub(crate) const MOST_PINS: usize = 50;
const COOKIE: &str = "riser-watch";

/// The pinned points, in the order in which they were pinned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pins(Vec<PointHandle>);

/// The watch list is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WatchListFull;

impl Pins {
    /// Returns the points in the cookie of a request. Anything else in it is left out.
    pub(crate) fn of_request(headers: &HeaderMap) -> Self {
        let jar = CookieJar::from_headers(headers);
        let text = jar.get(COOKIE).map_or("", |cookie| cookie.value());
        let mut pins = Self::default();
        for handle in text.split('.').filter_map(|number| number.parse().ok()) {
            let _full = pins.add(PointHandle(handle));
        }
        pins
    }

    /// Returns the cookie that keeps the points. Scripts need not read it.
    pub(crate) fn cookie(&self) -> Cookie<'static> {
        let numbers: Vec<String> = self.0.iter().map(|point| point.0.to_string()).collect();
        Cookie::build((COOKIE, numbers.join(".")))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .permanent()
            .build()
    }

    pub(crate) fn points(&self) -> &[PointHandle] {
        &self.0
    }

    pub(crate) fn contains(&self, point: PointHandle) -> bool {
        self.0.contains(&point)
    }

    /// Adds a point at the end. A point that is pinned already keeps its place.
    pub(crate) fn add(&mut self, point: PointHandle) -> Result<(), WatchListFull> {
        if self.contains(point) {
            return Ok(());
        }
        if self.0.len() >= MOST_PINS {
            return Err(WatchListFull);
        }
        self.0.push(point);
        Ok(())
    }

    pub(crate) fn retain(&mut self, is_kept: impl Fn(PointHandle) -> bool) {
        self.0.retain(|point| is_kept(*point));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::COOKIE as HEADER;

    use super::*;

    fn read(text: &str) -> Pins {
        Pins::of_request(&HeaderMap::from_iter([(HEADER, text.parse().unwrap())]))
    }

    #[test]
    fn pins_come_back_from_their_cookie() {
        let mut pins = Pins::default();
        for number in [7, 300, 7, 1] {
            pins.add(PointHandle(number)).unwrap();
        }
        let cookie = pins.cookie();
        assert_eq!(
            (cookie.value(), read(&format!("a=b; {}={}", cookie.name(), cookie.value()))),
            ("7.300.1", pins)
        );
    }

    #[test]
    fn a_foreign_cookie_is_read_as_far_as_it_makes_sense() {
        assert_eq!(read("riser-watch=1.x.-2..99999999999.3"), read("riser-watch=1.3"));
        assert_eq!(read("other=1"), Pins::default());
        let many: Vec<String> = (0..500).map(|number| number.to_string()).collect();
        let mut full = read(&format!("riser-watch={}", many.join(".")));
        assert_eq!(full.points().len(), MOST_PINS);
        assert_eq!((full.add(PointHandle(3)), full.add(PointHandle(900))), (Ok(()), Err(WatchListFull)));
        full.retain(|point| point != PointHandle(3));
        assert_eq!((full.contains(PointHandle(3)), full.add(PointHandle(900))), (false, Ok(())));
    }
}
