use askama::Template;
use askama::filters::HtmlSafe;
use riser_domain::Wish;
use riser_runtime::ServerTree;

use super::StateMark;
use super::shown_value::wish_words;
use crate::items_address::ItemsAddress;
use crate::wall_time::{Moment, WallTime};

/// The set points written last, newest first.
#[derive(Clone, Debug, PartialEq, Template)]
#[template(path = "parts/set_point_list.html")]
pub(crate) struct SetPointList {
    pub(crate) set_points: Vec<ShownSetPoint>,
}

/// A set point in a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownSetPoint {
    pub(crate) item: String,
    pub(crate) place: String,
    pub(crate) href: String,
    pub(crate) value: String,
    pub(crate) author: String,
    pub(crate) mark: StateMark,
    pub(crate) at: Moment,
}

impl HtmlSafe for SetPointList {}

impl SetPointList {
    /// `tree_of` answers the tree of a wish's server.
    pub(crate) fn new(
        wishes: &[Wish],
        tree_of: impl Fn(&Wish) -> std::sync::Arc<ServerTree>,
        times: &WallTime,
    ) -> Self {
        let set_points = wishes.iter().map(|wish| ShownSetPoint::new(wish, &tree_of(wish), times)).collect();
        Self { set_points }
    }
}

impl ShownSetPoint {
    fn new(wish: &Wish, tree: &ServerTree, times: &WallTime) -> Self {
        let item = tree.node(wish.point).and_then(|node| node.item.as_ref());
        let parent = item.and_then(|item| item.parent());
        let place = parent.and_then(|id| tree.node(tree.find(id)?)?.item.as_ref());
        let unit = match item {
            Some(riser_domain::EwsItem::Value(value)) => &*value.unit,
            _ => "",
        };
        let address = ItemsAddress {
            server: Some(wish.ews_server.0),
            container: parent.map(ToString::to_string),
            item: Some(wish.item.to_string()),
            from: 0,
        };
        Self {
            item: item.map_or_else(|| wish.item.to_string(), |item| item.name().to_string()),
            place: place.map_or_else(String::new, |place| place.name().to_string()),
            href: address.to_string(),
            value: wish_words(&wish.value, unit, times),
            author: wish.author.to_string(),
            mark: StateMark::of_wish(wish.state),
            at: times.moment(wish.accepted_at),
        }
    }
}
