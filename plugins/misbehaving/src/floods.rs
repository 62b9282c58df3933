use std::io::{Write as _, stdout};

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

/// Logs as fast as it can.
pub(crate) struct FloodsLog;

impl Processor for FloodsLog {
    type Settings = ();
    const CLASS: Class = Class::long_running("floods-log", "Floods the log").about("Logs as fast as it can.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        loop {
            for _ in 0..1_000 {
                host.log(LogLevel::Info, "again");
            }
            host.wait(Duration::ZERO)?;
        }
    }
}

/// Publishes as fast as it can.
pub(crate) struct FloodsValues;

impl Processor for FloodsValues {
    type Settings = ();
    const CLASS: Class =
        Class::long_running("floods-values", "Floods values").about("Publishes as fast as it can.");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let mut tree = Tree::new();
        let count = tree.add(Value::new("count", "Count", Kind::Long).published_by("floods-values"));
        let points = host.declare(tree)?;
        let mut number = 0_i64;
        loop {
            number += 1;
            host.publish(&[points[count].good(number)])?;
        }
    }
}

/// Bytes of its long line.
const LONG_LINE_BYTES: usize = 1 << 20;

/// Prints escape sequences, bytes that are not text, and a line of 1 MB on standard output.
pub(crate) struct Prints;

impl Processor for Prints {
    type Settings = ();
    const CLASS: Class = Class::scheduled("prints", "Prints")
        .about("Prints escape sequences, bytes that are not text, and a line of 1 MB on standard output.");

    fn run(&self, _host: &Host, (): ()) -> Outcome {
        let mut output = stdout().lock();
        output.write_all(b"printed\x1b[2J as \xff ordered\n")?;
        output.write_all(&vec![b'x'; LONG_LINE_BYTES])?;
        Ok(output.write_all(b"\n")?)
    }
}
