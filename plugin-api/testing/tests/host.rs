//! The host in memory, from the side of a class and from the side of a test.

use riser_plugin::prelude::*;
use riser_plugin::{Ability, ConnectionLimiter, LogLevel, StoredPoint};
use riser_plugin_testing::{ActionResult, LimitedAction, MemoryHost, RunEnd, Service, WriteState, json};

fn tree() -> Tree {
    let mut tree = Tree::new();
    let zone = tree.add(Container::device("z1", "Zone 1"));
    tree.add_in(
        zone,
        Value::new("z1/limit", "Limit", Kind::Double)
            .unit("A")
            .published_by("status")
            .writes_handled_by("status")
            .within(0.0, 63.0)
            .initially(32.0),
    );
    tree.add_in(zone, Value::new("z1/power", "Power", Kind::Double).unit("kW").published_by("status"));
    tree.add_in(zone, History::new("z1/power/log", "Power", "z1/power", Kind::Double).published_by("logs"));
    tree
}

/// Declares, notes when, and ends.
struct Setup;

impl Processor for Setup {
    type Settings = ();
    const CLASS: Class = Class::scheduled("setup", "Setup");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        host.progress("declaring", 0, 1);
        let points = host.declare(tree())?;
        host.state().put("points", &points.all().len().to_string())?;
        host.wait(Duration::from_mins(1))?;
        Ok(())
    }
}

/// Publishes, and confirms each set point.
struct Status;

impl Processor for Status {
    type Settings = ();
    const CLASS: Class = Class::long_running("status", "Status").accepts_writes();

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let points = host.points()?;
        let find = |id: &str| points.find(id).ok_or_else(|| Failure::new("no tree").permanent());
        let (limit, power) = (find("z1/limit")?, find("z1/power")?);
        for set_point in host.open_set_points() {
            set_point.reject("written before I ran");
        }
        loop {
            host.publish(&[power.good(7.5)])?;
            match host.wait(Duration::from_secs(15))? {
                Wake::Write(set_point) => {
                    let Some(write) = set_point.writes.first() else { continue };
                    write.sent();
                    host.publish(&[limit.good(write.value().clone())])?;
                    write.confirmed();
                }
                Wake::TreeChanged => host.log(LogLevel::Info, "the tree changed"),
                _ => {}
            }
        }
    }
}

/// Records the served value.
struct Logs;

impl Processor for Logs {
    type Settings = ();
    const CLASS: Class = Class::scheduled("logs", "Logs");

    fn run(&self, host: &Host, (): ()) -> Outcome {
        for stored in host.points()?.iter().filter(StoredPoint::is_history) {
            let recorded: Vec<u32> = stored.recorded().into_iter().collect();
            for served in host.latest(&recorded)?.into_iter().flatten() {
                host.record(&[stored.point().sample(served.value, served.state, host.now())])?;
            }
        }
        Ok(())
    }
}

#[test]
fn a_second_declaration_changes_nothing_and_keeps_the_initial_value() {
    let host = MemoryHost::new();
    let began = host.now();
    assert_eq!(host.run(Setup), RunEnd::Succeeded);
    assert_eq!(host.now().duration_since(began).unwrap(), Duration::from_mins(1));
    assert_eq!(host.run(Setup), RunEnd::Succeeded);
    let differences = host.declarations();
    assert_eq!((differences[0].added, differences[1].kept), (4, 4));
    assert!(differences[1].is_empty());
    assert_eq!((host.number("z1/limit"), host.value("z1/power")), (Some(32.0), None));
    assert_eq!(host.state("setup", "points").as_deref(), Some("3"));
    assert_eq!(host.progress()[0].step, "declaring");
}

#[test]
fn a_set_point_wakes_the_class_that_handles_it_and_its_statuses_are_kept() {
    let host = MemoryHost::new();
    host.run(Setup);
    let early = host.write("z1/limit", 10.0);
    let status = host.start(Status);
    assert_eq!(host.write_statuses(early)[0].reason, "written before I ran");
    let write = host.write("z1/limit", 16.0);
    let said: Vec<_> = host.write_statuses(write).into_iter().map(|status| status.state).collect();
    assert_eq!((said, host.number("z1/limit")), (vec![WriteState::Sent, WriteState::Confirmed], Some(16.0)));
    assert_eq!(status.stop(), RunEnd::Cancelled);
}

#[test]
#[should_panic(expected = "z1/limit takes 63 or less")]
fn a_set_point_that_the_host_would_refuse_fails_the_test() {
    let host = MemoryHost::new();
    host.run(Setup);
    host.write("z1/limit", 99.0);
}

#[test]
fn runs_side_by_side_share_what_is_stored() {
    let host = MemoryHost::new();
    host.run(Setup);
    let status = host.start(Status);
    assert_eq!(host.run(Logs), RunEnd::Succeeded);
    host.advance(Duration::from_mins(15));
    host.run(Logs);
    let samples = host.history("z1/power/log");
    assert_eq!(samples.len(), 2);
    assert_eq!(samples[1].at.duration_since(samples[0].at).unwrap(), Duration::from_mins(15));
    status.stop();
}

#[test]
fn a_class_that_publishes_a_point_of_another_class_is_refused_as_by_the_host() {
    struct PublishesForeignPoints;
    impl Processor for PublishesForeignPoints {
        type Settings = ();
        const CLASS: Class = Class::scheduled("thief", "PublishesForeignPoints");
        fn run(&self, host: &Host, (): ()) -> Outcome {
            let points = host.declare(tree())?;
            let power = points.all().find("z1/power").ok_or_else(|| Failure::new("no power"))?;
            host.publish(&[power.good(1.0)])?;
            Ok(())
        }
    }
    let host = MemoryHost::new();
    let failure = host.run(PublishesForeignPoints).failure();
    assert!(failure.what.contains("z1/power is written by the class \"status\""), "{}", failure.what);
    assert_eq!(host.broken_rules().len(), 1);
}

#[test]
fn a_refused_service_is_an_error_once() {
    let host = MemoryHost::new();
    host.refuse_next(Service::Declare);
    assert!(host.run(Setup).failure().what.contains("the test refused it"));
    assert_eq!(host.run(Setup), RunEnd::Succeeded);
}

/// Asks the limiter once for each minute.
struct Caller;

/// Where it calls.
#[derive(Connection)]
#[connection(id = "line", name = "Line")]
struct Line {
    /// The number to call.
    number: String,
    /// Said to the other side.
    code_word: Secret<String>,
}

impl Line {
    fn test(&self, host: &TestHost) -> Outcome {
        host.stage("dial", || Ok(((), format!("{} rings", self.number))))?;
        host.stage("login", || {
            let is_right = self.code_word.expose() == "sesame";
            if is_right {
                Ok(((), "let in".to_owned()))
            } else {
                Err(("refused".to_owned(), "ask again".to_owned()))
            }
        })
    }
}

fn pass(limiter: &ConnectionLimiter, result: ActionResult) -> Outcome {
    limiter.acquire(LimitedAction::Request)??.release(result);
    Ok(())
}

impl Processor for Caller {
    type Settings = ();
    const CLASS: Class = Class::scheduled("caller", "Caller").needs::<Line>();

    fn run(&self, host: &Host, (): ()) -> Outcome {
        let line = host.connection::<Line>()?;
        host.log(LogLevel::Info, &line.number);
        pass(&host.connection_limiter(), ActionResult::Done)
    }
}

#[test]
fn a_connection_has_its_settings_its_limiter_and_its_test() {
    let host = MemoryHost::new().connection::<Line>(json!({ "number": "4711", "code_word": "sesame" }));
    assert_eq!(host.run(Caller), RunEnd::Succeeded);
    assert_eq!(host.log()[0].text, "4711");
    assert_eq!(host.limiter_reports()[0].result, ActionResult::Done);
    host.close_limiter(host.now() + Duration::from_mins(5), "the login was refused");
    assert!(host.run(Caller).failure().what.contains("the login was refused"));

    let (stages, end) = host.test_connection::<Line>();
    assert_eq!((stages.len(), stages[0].finding.as_str(), end), (2, "4711 rings", RunEnd::Succeeded));
    let wrong = MemoryHost::new().connection::<Line>(json!({ "number": "4711", "code_word": "?" }));
    let (stages, end) = wrong.test_connection::<Line>();
    assert!(!stages[1].passed);
    assert_eq!(end.failure().what, "login: refused");
    assert!(MemoryHost::new().run(Caller).failure().what.contains("has no connection"));
}

#[test]
fn refused_credentials_keep_all_classes_from_logging_in_for_five_minutes() {
    /// Logs in once, and is refused.
    struct Login;
    impl Processor for Login {
        type Settings = ();
        const CLASS: Class = Class::scheduled("login", "Login").needs::<Line>();
        fn run(&self, host: &Host, (): ()) -> Outcome {
            host.connection_limiter()
                .acquire(LimitedAction::Login)??
                .release(ActionResult::CredentialsRefused);
            Ok(())
        }
    }
    let host = MemoryHost::new().connection::<Line>(json!({ "number": "4711", "code_word": "?" }));
    assert_eq!(host.run(Login), RunEnd::Succeeded);
    assert!(host.run(Login).failure().what.contains("login and password were refused"));
    assert_eq!(host.run(Caller), RunEnd::Succeeded, "a request is not a login");
    host.advance(Duration::from_mins(5));
    assert_eq!(host.run(Login), RunEnd::Succeeded);
}

#[test]
fn a_clock_that_is_set_back_leaves_waits_as_long_as_they_were() {
    let host = MemoryHost::new();
    assert_eq!(host.run(Setup), RunEnd::Succeeded);
    let run = host.start(Status);
    let start = host.now();
    host.set_back(Duration::from_hours(1));
    host.advance(Duration::from_secs(15));
    let published_at = host.value("z1/power").unwrap().source_time;
    assert_eq!(published_at, start - Duration::from_hours(1) + Duration::from_secs(15));
    assert_eq!(run.stop(), RunEnd::Cancelled);
}

#[test]
fn an_ability_is_there_only_when_the_host_has_it() {
    /// Logs a greeting.
    struct Greeting(String);
    impl Ability for Greeting {
        const ID: &'static str = "greeting/1";
        fn of(host: &Host) -> Self {
            Self(format!("hello from {}", host.configuration()))
        }
    }
    struct AsksForAnAbility;
    impl Processor for AsksForAnAbility {
        type Settings = ();
        const CLASS: Class = Class::scheduled("polite", "AsksForAnAbility");
        fn run(&self, host: &Host, (): ()) -> Outcome {
            let words = host.ability::<Greeting>().map_or("nothing".to_owned(), |greeting| greeting.0);
            host.log(LogLevel::Info, &words);
            Ok(())
        }
    }
    let host = MemoryHost::new();
    host.run(AsksForAnAbility);
    host.grant("greeting/1");
    host.run(AsksForAnAbility);
    let said: Vec<_> = host.log().into_iter().map(|line| line.text).collect();
    assert_eq!(said, ["nothing", "hello from AsksForAnAbility"]);
}

#[test]
fn a_panic_fails_the_run_with_its_place_and_not_the_test() {
    struct Panics;
    impl Processor for Panics {
        type Settings = ();
        const CLASS: Class = Class::scheduled("clumsy", "Panics");
        fn run(&self, _host: &Host, (): ()) -> Outcome {
            panic!("dropped it")
        }
    }
    let failure = MemoryHost::new().run(Panics).failure();
    assert!(failure.is_panic && failure.what.contains("dropped it at "), "{}", failure.what);
}

#[test]
fn a_run_puts_the_command_that_shows_its_log_into_a_problem() {
    struct RaisesAProblem;
    impl Processor for RaisesAProblem {
        type Settings = ();
        const CLASS: Class = Class::scheduled("problem", "Problem");
        fn run(&self, host: &Host, (): ()) -> Outcome {
            host.raise(Problem::new("odd", "odd").remedy(format!("see `{}`", host.run_log_link()?)));
            Ok(())
        }
    }
    let host = MemoryHost::new();
    for log in ["riser log 1", "riser log 2"] {
        assert_eq!(host.run(RaisesAProblem), RunEnd::Succeeded);
        assert_eq!(host.problems()[0].remedy, format!("see `{log}`"));
    }
}
