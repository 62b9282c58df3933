//! `check_processor` finds each broken rule, and nothing in a class that follows all rules.

use riser_plugin::LogLevel;
use riser_plugin::prelude::*;
use riser_plugin_testing::{Finding, MemoryHost, check_processor, json};

/// Settings of the classes here.
#[derive(Settings)]
struct Plain {
    /// How often.
    #[setting(default = "15 s", min = "5 s", example = "1 min")]
    every: Duration,
    /// Said to the device.
    code_word: Option<Secret<String>>,
}

struct KeepsAllRules;

impl Processor for KeepsAllRules {
    type Settings = Plain;
    const CLASS: Class = Class::long_running("keeps-all-rules", "KeepsAllRules").about("Follows all rules.");

    fn run(&self, host: &Host, settings: Plain) -> Outcome {
        let mut tree = Tree::new();
        let power =
            tree.add(Value::new("p", "Power", Kind::Double).unit("kW").published_by("keeps-all-rules"));
        let points = host.declare(tree)?;
        loop {
            host.publish(&[points[power].good(1.0)])?;
            host.wait(settings.every)?;
        }
    }
}

/// Settings that describe themselves badly.
#[derive(Settings)]
struct DescribesItselfPoorly {
    #[setting(default = "1 s", min = "5 s")]
    every: Duration,
    /// Said to the device.
    #[setting(default = "sesame")]
    code_word: Secret<String>,
    /// A number.
    #[setting(default = 5, min = 9, max = 1)]
    number: i64,
}

struct LogsItsSecret;

impl Processor for LogsItsSecret {
    type Settings = DescribesItselfPoorly;
    const CLASS: Class = Class::scheduled("care less", "LogsItsSecret");

    fn run(&self, host: &Host, settings: DescribesItselfPoorly) -> Outcome {
        host.log(LogLevel::Info, settings.code_word.expose());
        host.wait(settings.every * u32::try_from(settings.number)?)?;
        Ok(())
    }
}

fn rules_broken(findings: &[Finding]) -> Vec<&'static str> {
    let mut rules: Vec<_> = findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

#[test]
fn a_class_that_keeps_all_rules_has_no_findings() {
    let host = MemoryHost::new().settings(json!({ "code_word": "sesame" }));
    assert_eq!(check_processor(&host, || KeepsAllRules), []);
    assert!(host.tree().is_empty(), "the host that was given is left alone");
}

#[test]
fn each_broken_rule_has_a_finding() {
    let host = MemoryHost::new().settings(json!({ "every": "9 s", "code_word": "open up", "number": 5 }));
    let findings = check_processor(&host, || LogsItsSecret);
    let all: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let all = all.join("\n");
    for expected in [
        "\"care less\" is not a valid id",
        "the class care less has no sentence about its purpose",
        "the setting every has no help",
        "the default of every: it takes 5 s or more",
        "the secret code_word has a default",
        "the least of number is more than its most",
        "with the settings given it goes well",
    ] {
        assert!(all.contains(expected), "{expected} is not in\n{all}");
    }
}

#[test]
fn a_run_that_breaks_rules_has_findings() {
    /// Like [`LogsItsSecret`] with settings that fit.
    struct BreaksManyRules;
    impl Processor for BreaksManyRules {
        type Settings = Plain;
        const CLASS: Class = Class::scheduled("hasty", "BreaksManyRules").about("Breaks rules.");
        fn run(&self, host: &Host, settings: Plain) -> Outcome {
            let word = settings.code_word.as_ref().map_or("", |word| word.expose());
            host.log(LogLevel::Info, word);
            let mut tree = Tree::new();
            let old = host.points()?.len();
            let nameless = tree.add(Value::new(&format!("item-{old}"), " ", Kind::Long).unit("kW\n"));
            let points = host.declare(tree).expect("trees are always taken");
            host.publish(&[points[nameless].good(1_i64)])?;
            Ok(())
        }
    }
    let host = MemoryHost::new().settings(json!({ "code_word": "open up" }));
    let findings = check_processor(&host, || BreaksManyRules);
    assert_eq!(
        rules_broken(&findings),
        [
            "a refused service fails a run at most",
            "a second declaration of the same tree changes nothing",
            "declared items are well formed",
            "it stops within 2 s of being asked",
            "no secret is in a text that leaves",
            "the class publishes and records only its own declared points",
            "with the settings given it goes well",
        ],
        "{findings:#?}"
    );
}
