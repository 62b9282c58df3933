//! Changes all of its values at each beat. Not shipped: `cargo xtask bench` measures the way of a value with it.
use std::time::{SystemTime, UNIX_EPOCH};

use riser_plugin::prelude::*;

/// Values in one folder; a page of the BMS holds as many.
const POINTS_IN_A_FOLDER: usize = 1_000;

/// How many values, and how often.
#[derive(Settings)]
pub struct MetronomeSettings {
    /// Values that change.
    #[setting(default = 10_000, min = 1, max = 100_000)]
    points: i64,
    /// Time between two beats.
    #[setting(default = "100 ms", min = "10 ms", max = "1 h")]
    beat_every: Duration,
}

/// Publishes the number of the beat on every point, and when it did so.
pub struct Metronome;

impl Processor for Metronome {
    type Settings = MetronomeSettings;
    const CLASS: Class =
        Class::long_running("metronome", "Metronome").about("Changes all of its values at each beat.");

    fn run(&self, host: &Host, settings: MetronomeSettings) -> Outcome {
        let mut tree = Tree::new();
        let value = |id: &str, kind| Value::new(id, id, kind).written_by("metronome");
        let mut keys = Vec::new();
        let mut folder = None;
        for index in 0..usize::try_from(settings.points)? {
            let number = index / POINTS_IN_A_FOLDER;
            if index % POINTS_IN_A_FOLDER == 0 {
                let id = format!("folder-{number}");
                folder = Some(tree.add(Container::new(&id, &id)));
            }
            let point = value(&format!("folder-{number}/point-{index}/Beat"), Kind::Double);
            keys.extend(folder.map(|folder| tree.add_in(folder, point)));
        }
        // Published last: who reads it finds all others changed.
        let published_at = tree.add(value("published-at-ns", Kind::Long));
        let points = host.declare(tree)?;
        host.publishes_every(settings.beat_every)?;
        let mut beat = 0_u32;
        let mut batch = Vec::with_capacity(keys.len() + 1);
        loop {
            beat += 1;
            batch.clear();
            batch.extend(keys.iter().map(|key| points[*key].good(f64::from(beat) + 0.25)));
            batch.push(points[published_at].good(now_ns()?));
            host.publish(&batch)?;
            host.wait(settings.beat_every)?;
        }
    }
}

/// Nanoseconds since 1970 by this machine's clock, which the reader shares.
#[expect(
    clippy::disallowed_methods,
    reason = "the host's clock counts milliseconds, too few for a measurement"
)]
fn now_ns() -> Result<i64, Failure> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}

riser_plugin::export_plugin! { id: "riser.metronome", name: "Metronome", company: "Riser", classes: [Metronome] }
