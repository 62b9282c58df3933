use riser_plugin::abi::messages::ItemMessage;
use riser_plugin::prelude::*;

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
        let mut tree = Tree::new();
        let first = tree.add(Container::new("first", "First"));
        tree.add_in(first, Container::new("second", "Second"));
        items_of(&mut tree)[0].parent = Some("second".to_owned());
        Ok(host.declare(tree).map(drop)?)
    }
}

/// Returns the items of a tree, which the kit keeps to itself.
#[expect(unsafe_code, reason = "the fault itself")]
const fn items_of(tree: &mut Tree) -> &mut Vec<ItemMessage> {
    const { assert!(size_of::<Tree>() == size_of::<Vec<ItemMessage>>()) };
    // SAFETY: the items are the only field of a tree. No rule promises this, and a real plugin must not use it.
    unsafe { &mut *(&raw mut *tree).cast::<Vec<ItemMessage>>() }
}

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
