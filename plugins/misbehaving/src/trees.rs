use riser_plugin::abi::PackedTree;
use riser_plugin::prelude::*;
use riser_plugin::serde_json;

/// Declares the same id twice.
pub(crate) struct DoubleIds;

impl Processor for DoubleIds {
    type Settings = ();
    const CLASS: Class = Class::scheduled("double-ids", "Double ids").about("Declares the same id twice.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        for name in ["One", "Two"] {
            tree.add(Value::new("same", name, Kind::Long).published_by("double-ids"));
        }
        Ok(host.declare(tree).map(drop)?)
    }
}

/// Declares two containers, each in the other one.
pub(crate) struct Cycle;

impl Processor for Cycle {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("cycle", "Cycle").about("Declares two containers, each in the other one.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let packed = serde_json::from_str::<PackedTree>(CYCLE)?;
        Ok(host.declare(packed.into()).map(drop)?)
    }
}

/// A tree that the kit cannot build.
const CYCLE: &str = r#"{
    "prefixes": [],
    "shapes": [
        { "id": "first", "name": "First", "description": "", "node": { "container": { "kind": "Folder" } } },
        { "id": "second", "name": "Second", "description": "", "node": { "container": { "kind": "Folder" } } }
    ],
    "rows": [[2, 0, 0], [1, 0, 1]],
    "initial": [],
    "recorded_prefixes": []
}"#;

/// Bytes of a name.
const NAME_BYTES: usize = 1 << 20;

/// Declares names of 1 MB.
pub(crate) struct LongNames;

impl Processor for LongNames {
    type Settings = ();
    const CLASS: Class = Class::scheduled("long-names", "Long names").about("Declares names of 1 MB.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        let name = "x".repeat(NAME_BYTES);
        for id in ["one", "two"] {
            tree.add(Value::new(id, &name, Kind::Long).published_by("long-names"));
        }
        Ok(host.declare(tree).map(drop)?)
    }
}

/// Points of the large tree.
const POINTS: usize = 1_000_000;

/// Declares 1,000,000 points.
pub(crate) struct ManyPoints;

impl Processor for ManyPoints {
    type Settings = ();
    const CLASS: Class = Class::scheduled("many-points", "Many points").about("Declares 1,000,000 points.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        for number in 0..POINTS {
            tree.add(Value::new(&number.to_string(), "Point", Kind::Long).published_by("many-points"));
        }
        Ok(host.declare(tree).map(drop)?)
    }
}
