//! Changes all its values at each beat. Not shipped: `cargo xtask bench` measures the latency of values with
//! it.

mod year;

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use riser_plugin::prelude::*;

pub use year::Year;

/// Values in one folder, which fit one page of the BMS.
const POINTS_IN_A_FOLDER: u32 = 1_000;
/// The value with the time of its batch.
const PUBLISHED_AT: &str = "published-at-ns";

/// Settings of the metronome.
#[derive(Settings)]
pub struct MetronomeSettings {
    /// Values that change.
    #[setting(default = 10_000, min = 1, max = 100_000)]
    points: u32,
    /// Time between two beats.
    #[setting(default = "100 ms", min = "10 ms", max = "1 h")]
    beat_every: Duration,
}

/// Publishes the number of the beat on every point, and the time of publishing.
pub struct Metronome;

impl Processor for Metronome {
    type Settings = MetronomeSettings;
    const CLASS: Class =
        Class::long_running("metronome", "Metronome").about("Changes all its values at each beat.");

    fn run(&self, host: &Host, settings: MetronomeSettings) -> Outcome {
        let stored = host.points()?;
        let (points, published_at) = match find(&stored, settings.points) {
            Some(found) => found,
            None => find(host.declare(tree(settings.points))?.all(), settings.points)
                .ok_or_else(|| Failure::new("a declared point is missing"))?,
        };
        host.publishes_every(settings.beat_every)?;
        let mut batch = Vec::with_capacity(points.len() + 1);
        for beat in 1_u32.. {
            batch.clear();
            batch.extend(points.iter().map(|point| point.good(f64::from(beat) + 0.25)));
            batch.push(published_at.good(now_ns()?));
            host.publish(&batch)?;
            host.wait(settings.beat_every)?;
        }
        Ok(())
    }
}

fn tree(points: u32) -> Tree {
    let mut tree = Tree::new();
    let value = |id: &str, kind| Value::new(id, id, kind).published_by("metronome");
    for first in (0..points).step_by(POINTS_IN_A_FOLDER as usize) {
        let id = folder_id(first);
        let folder = tree.add(Container::new(&id, &id));
        for index in first..points.min(first + POINTS_IN_A_FOLDER) {
            tree.add_in(folder, value(&point_id(index), Kind::Double));
        }
    }
    // Published last: a reader of the new stamp finds all other values changed.
    tree.add(value(PUBLISHED_AT, Kind::Long));
    tree
}

/// Returns the points in order and the time stamp; `None` if one is missing.
fn find(stored: &Points, points: u32) -> Option<(Vec<Point>, Point)> {
    let mut id = String::new();
    let found = (0..points).map(|index| {
        id.clear();
        write_point_id(&mut id, index);
        stored.find(&id)
    });
    let found = found.collect::<Option<Vec<_>>>()?;
    Some((found, stored.find(PUBLISHED_AT)?))
}

fn folder_id(index: u32) -> String {
    format!("folder-{}", index / POINTS_IN_A_FOLDER)
}

fn point_id(index: u32) -> String {
    let mut id = String::new();
    write_point_id(&mut id, index);
    id
}

/// Adds the id of a point to a text: a run looks up all of them before its first batch.
fn write_point_id(id: &mut String, index: u32) {
    // Writing to a string cannot fail.
    let _ = write!(id, "folder-{}/point-{index}/Beat", index / POINTS_IN_A_FOLDER);
}

/// Nanoseconds since 1970 by this machine's clock, which the reader shares.
#[expect(
    clippy::disallowed_methods,
    reason = "the host's clock counts milliseconds, too few for a measurement"
)]
fn now_ns() -> Result<i64, Failure> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}

riser_plugin::export_plugin! { id: "riser.metronome", name: "Metronome", company: "Riser", classes: [Metronome, Year] }
