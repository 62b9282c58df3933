//! Misbehaving plugins: each run ends with its exact reason, the host keeps working, and no process is left. How
//! soon a slot is free, and how little others are disturbed, is measured by the benchmark `misbehaving`.

use crate::bms::{read, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::host::{Host, Installation, marked_processes};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

/// The EWS server of the cases.
const CASES_SERVER: &str = "Cases";
/// A processor that behaves well, and its EWS server.
const NEIGHBOUR: &str = "Neighbour";

/// What ends the run of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    ByItself,
    /// It works until a person stops it.
    WhenStopped,
}
use Ends::{ByItself, WhenStopped};

struct Case {
    /// The class, which is also the name of its processor.
    class: &'static str,
    ends: Ends,
    memory_mib: u32,
    /// The reason in the host's log, as an administrator reads it.
    reason: &'static str,
}

const fn case(class: &'static str, ends: Ends, reason: &'static str) -> Case {
    Case { class, ends, memory_mib: 64, reason }
}

const NOT_STOPPED: &str = "stopped by anna; did not stop within 10 s of being asked";
const STOPPED: &str = "stopped by anna";

const CASES: [Case; 26] = [
    // Those that a person has to stop come first, because most of them take their whole grace.
    case("endless-loop", WhenStopped, NOT_STOPPED),
    case("ignores-stop", WhenStopped, NOT_STOPPED),
    case("deadlock", WhenStopped, NOT_STOPPED),
    case("signal-handlers", WhenStopped, NOT_STOPPED),
    case("floods-log", WhenStopped, STOPPED),
    case("floods-values", WhenStopped, STOPPED),
    case("panic", ByItself, "panicked: panicked as ordered at plugins/misbehaving/src/panics.rs:"),
    case("panic-in-drop", ByItself, "panicked in a drop as ordered"),
    case("double-panic", ByItself, "ended with signal 6 (aborted)"),
    case("panic-in-thread", ByItself, "receiving on a closed channel"),
    case("segfault", ByItself, "ended with signal 11 (segmentation fault)"),
    case("abort", ByItself, "ended with signal 6 (aborted)"),
    case("exit-zero", ByItself, "exited with code 0 before it finished"),
    case(
        "stack-overflow",
        ByItself,
        "ended with a stack overflow: its functions called each other too deeply",
    ),
    case("memory-leak", ByItself, "memory limit 64 MiB reached"),
    case("many-threads", ByItself, "limit of 256 threads exceeded"),
    case("opens-files", ByItself, "limit of 256 open files reached: Too many open files (os error 24)"),
    case("closes-descriptors", ByItself, "closed its connection to the host before it finished"),
    case("prints", ByItself, "printed\\u{1b}[2J as \u{fffd} ordered"),
    case("not-finite", ByItself, "was given a number that is not finite"),
    case("invalid-utf8", ByItself, "or a text in it is not valid UTF-8"),
    case("others-points", ByItself, "is published by another class"),
    case("double-ids", ByItself, "the item id same is declared twice"),
    case(
        "cycle",
        ByItself,
        "the item first has the parent second, which is not a container declared before it",
    ),
    case("long-names", ByItself, "the item one has a name of 1048576 bytes, which exceeds the limit of 1000"),
    Case { memory_mib: 2_048, ..case("many-points", ByItself, "the tree has 1000000 items") },
];

#[tokio::test(flavor = "multi_thread")]
async fn each_case_has_its_exact_reason_and_harms_no_other_processor() {
    let libraries = [programs::library("riser-example"), programs::library("riser-misbehaving")];
    let installation = Installation::new(&libraries);
    let mut file = ConfigurationFile::new().ews_server(NEIGHBOUR).ews_server(CASES_SERVER).processor(
        NEIGHBOUR,
        "riser.example/counter",
        NEIGHBOUR,
        "settings = { step_every = \"100 ms\" }",
    );
    for Case { class, memory_mib, .. } in CASES.iter().chain([&LEFT_BEHIND]) {
        let more = format!("runs_at_start = false\nmemory_limit_mib = {memory_mib}");
        file = file.processor(class, &format!("riser.misbehaving/{class}"), CASES_SERVER, &more);
    }
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let tree = walk_until_there(&host.bms(NEIGHBOUR), "Count").await;
    let marker = host.marker().await;
    let portal = Portal::sign_in(&host).await;

    let (stopped, others): (Vec<_>, Vec<_>) = CASES.iter().partition(|case| case.ends == WhenStopped);
    for case in &stopped {
        portal.press("run", case.class).await;
        row_with(&portal, case.class, "Running").await;
    }
    until("the stage of the cases", async || {
        let log = host.log();
        let lines = ["looping", "working", "locking", "in the host's group"];
        // The flood has reached its limit, so further lines are counted only.
        let is_flooded = lines_of_flood(&log) == FLOOD_LIMIT;
        if is_flooded && lines.iter().all(|line| log.contains(line)) { Ok(()) } else { Err(log) }
    })
    .await;
    for case in &stopped {
        portal.press("stop", case.class).await;
    }
    for case in others.into_iter().chain([&LEFT_BEHIND]) {
        portal.press("run", case.class).await;
        assert_reason(&host, case).await;
    }
    for case in stopped {
        assert_reason(&host, case).await;
    }
    assert!(portal.page("/").await.contains("ended with signal 11 (segmentation fault)"));
    assert_flood_is_counted(&installation, &host).await;
    assert_neighbour_works(&host, &tree["Count"].0).await;

    host.stop();
    assert_eq!(marked_processes(&marker), Vec::<i32>::new(), "a process was left behind");
}

/// A run that succeeds, and whose process is ended.
const LEFT_BEHIND: Case = case("left-behind", ByItself, "it left a process behind, which was ended");

async fn assert_reason(host: &Host, case: &Case) {
    let start = format!("{}: ", case.class);
    until(&format!("the reason of {}: {}", case.class, case.reason), async || {
        let log = host.log();
        let mut lines = log.lines().filter(|line| line.contains(&start));
        if lines.any(|line| line.contains(case.reason)) {
            return Ok(());
        }
        Err(log.lines().filter(|line| line.contains(&start)).map(str::to_owned).collect::<Vec<_>>())
    })
    .await;
}

async fn row_with(portal: &Portal, processor: &str, text: &str) {
    until(&format!("{text} of {processor}"), async || {
        let row = portal.row(processor).await;
        if row.contains(text) { Ok(()) } else { Err(row) }
    })
    .await;
}

/// The log of a run names the lines that it leaves out.
async fn assert_flood_is_counted(installation: &Installation, host: &Host) {
    let run = until("the run of the flood", async || {
        let runs = installation.ask(&["runs", "floods-log"]).text;
        let number = runs.split_whitespace().find_map(|word| word.parse::<u32>().ok());
        number.ok_or(runs)
    })
    .await;
    until("the number of lines that are left out", async || {
        let log = installation.ask(&["log", &run.to_string()]).text;
        if log.contains("more lines left out here") { Ok(()) } else { Err(log.lines().count()) }
    })
    .await;
    assert_eq!(lines_of_flood(&host.log()), FLOOD_LIMIT);
}

/// Lines of a run that are kept in a minute.
const FLOOD_LIMIT: usize = 2_000;

fn lines_of_flood(log: &str) -> usize {
    log.lines().filter(|line| line.contains(" floods-log: again ")).count()
}

async fn assert_neighbour_works(host: &Host, count: &str) {
    let bms = host.bms(NEIGHBOUR);
    let before = read(&bms, count).await.unwrap();
    until("another value of the neighbour", async || match read(&bms, count).await {
        Ok(now) if now.0 != before.0 => Ok(()),
        seen => Err(seen),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_problem_of_a_failed_run_remains_until_a_run_succeeds() {
    let installation = Installation::new(&[programs::library("riser-misbehaving")]);
    let class = "riser.misbehaving/needs-operator";
    let file = ConfigurationFile::new().ews_server("Cases").processor(
        "Barrier",
        class,
        "Cases",
        "runs_at_start = true",
    );
    installation.apply(file.text());
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let remedy = "Open the barrier and start it again; its log: `riser log 1`";
    until("the problem with its remedy", async || {
        let page = portal.page("/").await;
        if page.contains(remedy) && page.contains("action=\"/processors/1/run\"") {
            Ok(())
        } else {
            Err(page)
        }
    })
    .await;
    portal.press("run", "Barrier").await;
    until("the end of the problem", async || {
        let page = portal.page("/").await;
        if page.contains(remedy) { Err(page) } else { Ok(()) }
    })
    .await;
    host.stop();
}
