use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

/// Publishes numbers that are not finite.
pub(crate) struct NotFinite;

impl Processor for NotFinite {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("not-finite", "Not finite").about("Publishes numbers that are not finite.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        let power = tree.add(Value::new("power", "Power", Kind::Double).published_by("not-finite"));
        let points = host.declare(tree)?;
        let mut wrong_tree = Tree::new();
        let initial = Value::new("power", "Power", Kind::Double).published_by("not-finite");
        wrong_tree.add(initial.initially(f64::NAN));
        let declared = host.declare(wrong_tree).map(drop);
        let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let published = numbers.map(|number| host.publish(&[points[power].good(number)]));
        refused([declared].into_iter().chain(published))
    }
}

/// Publishes and logs texts that are not valid UTF-8.
pub(crate) struct InvalidUtf8;

impl Processor for InvalidUtf8 {
    type Settings = ();
    const CLASS: Class = Class::scheduled("invalid-utf8", "Invalid UTF-8")
        .about("Publishes and logs texts that are not valid UTF-8.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        let name = tree.add(Value::new("name", "Name", Kind::String).published_by("invalid-utf8"));
        let points = host.declare(tree)?;
        host.log(LogLevel::Info, &invalid_text());
        let mut wrong_tree = Tree::new();
        wrong_tree.add(Container::new("wrong", &invalid_text()));
        let value = host.publish(&[points[name].good(invalid_text())]);
        let reason = host.publish(&[points[name].offline(invalid_text())]);
        refused([host.declare(wrong_tree).map(drop), value, reason])
    }
}

#[expect(unsafe_code, reason = "the fault itself")]
fn invalid_text() -> String {
    // SAFETY: none; a text must be valid UTF-8.
    unsafe { String::from_utf8_unchecked(b"not \xc3\x28 text".to_vec()) }
}

/// Points of other processors that it tries to publish.
const OTHER_POINTS: u32 = 5_000;

/// Publishes points of other processors.
pub(crate) struct OthersPoints;

impl Processor for OthersPoints {
    type Settings = ();
    const CLASS: Class =
        Class::scheduled("others-points", "Others' points").about("Publishes points of other processors.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        let count = tree.add(Value::new("count", "Count", Kind::Long).published_by("others-points"));
        let own = host.declare(tree)?[count];
        let others = (1..OTHER_POINTS).filter(|handle| *handle != own.handle());
        // Handles that do not exist are refused for another reason. Those of other processors decide.
        let results: Vec<_> = others.map(|handle| host.publish(&[forged(own, handle).good(1_i64)])).collect();
        let foreign = |result: &Result<(), HostError>| !matches!(result, Err(HostError::Refused { what, .. }) if what.contains("does not exist"));
        refused(results.into_iter().filter(foreign))
    }
}

/// Returns a point with another handle, which the kit does not offer.
#[expect(unsafe_code, reason = "the fault itself")]
fn forged(mut point: Point, handle: u32) -> Point {
    let own = point.handle();
    let fields = (&raw mut point).cast::<u32>();
    for index in 0..size_of::<Point>() / size_of::<u32>() {
        // SAFETY: it stays within the point. The padding after its kind may be read, since it is initialized
        // by the copy that the host's table was read into.
        unsafe {
            if fields.add(index).read() == own {
                fields.add(index).write(handle);
                break;
            }
        }
    }
    point
}

/// Returns the last refusal; a success if the host accepted anything.
fn refused(results: impl IntoIterator<Item = Result<(), HostError>>) -> Outcome {
    let mut last = Ok(());
    for result in results {
        match result {
            Ok(()) => return Ok(()),
            Err(refusal) => last = Err(refusal),
        }
    }
    Ok(last?)
}
