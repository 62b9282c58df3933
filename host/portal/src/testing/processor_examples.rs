//! Examples of the pages of processors, runs, schedules, problems and the audit trail.

use std::time::Duration;

use askama::Template;
use riser_calendar::{Schedule, ScheduleRule};
use riser_domain::{
    ClassId, ConfigurationId, EwsServerId, LogLevel, ProcessorConfiguration, ProcessorFlags, Role, Run,
    RunId, RunState, RunTrigger, ScheduleId, Timestamp,
};
use riser_runtime::Progress;
use riser_store::{Configuration, RunLogCounts, RunLogLine};

use super::HOSTILE;
use super::examples::{ago, broken, empty, flowing, signed_in, times};
use crate::page_layout::{MenuEntry, PageLayout};
use crate::pages::audit::{AuditPage, AuditQuery, ShownEntry};
use crate::pages::problems::ProblemsPage;
use crate::pages::processor::Frame;
use crate::pages::processor::history::{Difference, HistoryTab, ShownVersion};
use crate::pages::processors::{ProcessorsPage, RemovedLine};
use crate::pages::run::{LogAddress, RunPage, RunRecord};
use crate::pages::schedules::{ScheduleRow, SchedulesPage};
use crate::parts::{ProblemList, ProcessorHead, ProcessorLine, TabLink, Week};
use crate::system_status::SystemStatus;

fn layout(entry: MenuEntry, address: &str, system: &SystemStatus) -> PageLayout {
    let signed_in = signed_in(Role::Admin, "Anna Keller", address);
    PageLayout::new(entry, "Office Park North", signed_in.context, system, &times())
}

fn run(id: i64, trigger: RunTrigger, state: RunState, reason: &str, seconds: (u64, Option<u64>)) -> Run {
    Run {
        id: RunId(id),
        configuration: ConfigurationId(1),
        trigger,
        state,
        reason: reason.to_owned(),
        library_sha256: Some("9f3c".repeat(16)),
        queued_at: ago(seconds.0 + 1),
        started_at: Some(ago(seconds.0)),
        ended_at: seconds.1.map(ago),
    }
}

fn log() -> Vec<RunLogLine> {
    let lines = [
        (100_000, LogLevel::Info, "EVCE Setup 1.4.0 starts"),
        (47, LogLevel::Debug, "POST evce.example/api/v2/login, user riser"),
        (45, LogLevel::Error, "EVCE responded 503 Service Unavailable after 2.0 s"),
        (45, LogLevel::Warn, "3000 more lines were left out"),
        (17, LogLevel::Info, HOSTILE),
        (4, LogLevel::Info, "9 of 14 connectors read"),
    ];
    let line = |(number, (seconds, level, text)): (i64, (u64, LogLevel, &str))| RunLogLine {
        number,
        at: ago(seconds),
        level,
        line: text.to_owned(),
    };
    (1..).zip(lines).map(line).collect()
}

fn runs() -> Vec<(String, String)> {
    let failed =
        run(41, RunTrigger::Person("Anna Keller".to_owned()), RunState::Failed, HOSTILE, (47, Some(45)));
    let running = run(42, RunTrigger::Restart, RunState::Running, "", (17, None));
    let missed = Run {
        started_at: None,
        ..run(43, RunTrigger::Schedule(ago(9_000)), RunState::Missed, "Riser did not run", (0, Some(0)))
    };
    let counts = RunLogCounts { debug: 1, info: 3, warn: 1, error: 1, trimmed: 0 };
    let flooded = RunLogCounts { trimmed: 12_000, ..counts };
    [
        ("running", running.clone(), vec![failed.clone(), running.clone()], log(), counts),
        ("failed", failed.clone(), vec![failed, running], log(), flooded),
        ("missed", missed.clone(), vec![missed], Vec::new(), RunLogCounts::default()),
    ]
    .into_iter()
    .map(|(name, run, attempts, lines, counts)| {
        let mut system = flowing();
        let processor = &mut system.processors[0];
        if run.state == RunState::Running
            && let Some(last_run) = &mut processor.last_run
        {
            last_run.id = run.id;
            processor.progress = Some(Progress { step: "reading connectors".to_owned(), done: 9, of: 14 });
        }
        let record = RunRecord { run, processor: processor.clone(), attempts, counts };
        let layout = layout(MenuEntry::Processors, "/runs/42", &system);
        let page = RunPage::new(layout, &record, &lines, &LogAddress::default(), &times());
        (format!("run-{name}"), page.render().unwrap())
    })
    .collect()
}

fn lists() -> Vec<(String, String)> {
    [("flowing", flowing()), ("broken", broken()), ("empty", empty())]
        .into_iter()
        .map(|(name, system)| {
            let user = signed_in(Role::Admin, "Anna Keller", "/processors").context.user;
            let line = |status| ProcessorLine::new(status, &system, (&[], 3), &user, &times());
            let removed = RemovedLine {
                id: 9,
                name: HOSTILE.to_owned(),
                class: "riser.evce/logs".to_owned(),
                by: "Anna Keller".to_owned(),
                at: times().moment(ago(100_000)),
            };
            let page = ProcessorsPage {
                is_added: true,
                lines: system.processors.iter().map(line).collect(),
                removed: if name == "broken" { vec![removed] } else { Vec::new() },
                layout: layout(MenuEntry::Processors, "/processors", &system),
            };
            (format!("processors-{name}"), page.render().unwrap())
        })
        .collect()
}

fn configuration(id: i64, name: &str, schedule: Option<ScheduleId>) -> ProcessorConfiguration {
    ProcessorConfiguration {
        id: ConfigurationId(id),
        name: name.to_owned(),
        class: ClassId { plugin: "riser.evce".to_owned(), class: "setup".to_owned() },
        connection: None,
        ews_server: EwsServerId(1),
        schedule,
        flags: ProcessorFlags::default(),
        settings_json: "{}".to_owned(),
        secret_keys: Vec::new(),
        memory_limit_mib: 256,
    }
}

fn history() -> (String, String) {
    let system = broken();
    let user = signed_in(Role::Admin, "Anna Keller", "/").context.user;
    let stored = configuration(1, HOSTILE, None);
    let head = ProcessorHead::new(&system.processors[0], &stored, &system, &user, &times());
    let tab = |name, is_current| TabLink { name, href: "/processors/1".to_owned(), is_current };
    let version = |version, differences: Vec<Difference>| ShownVersion {
        version,
        at: times().moment(ago(1_000)),
        by: HOSTILE.to_owned(),
        is_first: version == 1,
        is_current: version == 2,
        new_secrets: if version == 2 { vec![HOSTILE.to_owned()] } else { Vec::new() },
        differences,
    };
    let difference = |field: &str, before: &str, after: &str| Difference {
        field: field.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let page = HistoryTab {
        frame: Frame {
            head,
            events: "/events/processors/1".to_owned(),
            tabs: vec![tab("Processor", false), tab("History", true)],
            notice: Some("Saved and in use."),
        },
        versions: vec![
            version(2, vec![difference("Poll every", "15 s", "5 s"), difference(HOSTILE, "", HOSTILE)]),
            version(1, Vec::new()),
        ],
        layout: layout(MenuEntry::Processors, "/processors/1/history", &system),
    };
    ("processor-history".to_owned(), page.render().unwrap())
}

fn schedules() -> Vec<(String, String)> {
    let rule = |text: &str| ScheduleRule::parse(text, &"Europe/Paris".parse().unwrap()).unwrap();
    let schedule = |id, name: &str, rule| Schedule { id: ScheduleId(id), name: name.to_owned(), rule };
    let Ok(unreadable) = "yearly on 2026-12-24".parse();
    let whole = Configuration {
        schedules: vec![
            schedule(1, "Every 15 Minutes", rule("every 15 min; overlap queue").into()),
            schedule(2, HOSTILE, rule("weekly on Sun at 02:30; misfire skip; except 2027-12-26").into()),
            schedule(3, "Old", unreadable),
        ],
        processors: vec![
            configuration(1, "EVCE Logs", Some(ScheduleId(1))),
            configuration(2, HOSTILE, Some(ScheduleId(2))),
        ],
        ..Configuration::default()
    };
    [("some", whole), ("empty", Configuration::default())]
        .into_iter()
        .map(|(name, whole)| {
            let row = |schedule| ScheduleRow::new(schedule, &whole, &times());
            let page = SchedulesPage {
                zone: "Europe/Paris".to_owned(),
                notice: None,
                may_change: true,
                week: Week::new(&whole, &times()),
                rows: whole.schedules.iter().map(row).collect(),
                layout: layout(MenuEntry::Schedules, "/schedules", &flowing()),
            };
            (format!("schedules-{name}"), page.render().unwrap())
        })
        .collect()
}

fn audit() -> (String, String) {
    let entry = |number, at: Timestamp| ShownEntry {
        number,
        at: times().moment(at),
        actor: HOSTILE.to_owned(),
        action: "Update".to_owned(),
        subject: "processor".to_owned(),
        name: HOSTILE.to_owned(),
        detail: format!("class riser.evce/setup, {HOSTILE}"),
        before: (number == 2).then(|| HOSTILE.to_owned()),
    };
    let page = AuditPage {
        query: AuditQuery { q: HOSTILE.to_owned(), ..AuditQuery::default() },
        error: Some(format!("From: {HOSTILE}")),
        subjects: vec!["connection".to_owned(), HOSTILE.to_owned()],
        actions: vec!["add".to_owned()],
        entries: vec![entry(2, ago(3)), entry(1, ago(1_000).minus(Duration::from_hours(48)))],
        older: Some("/audit?before=1".to_owned()),
        newest: None,
        csv: "/audit/export.csv".to_owned(),
        json_lines: "/audit/export.jsonl".to_owned(),
        layout: layout(MenuEntry::Audit, "/audit", &flowing()),
    };
    ("audit".to_owned(), page.render().unwrap())
}

fn problems() -> (String, String) {
    let system = broken();
    let page = ProblemsPage {
        problems: ProblemList::new(&system.problems, &times()),
        layout: layout(MenuEntry::Problems, "/problems", &system),
    };
    ("problems".to_owned(), page.render().unwrap())
}

/// Returns the name and the HTML of every example.
pub(super) fn all() -> Vec<(String, String)> {
    [runs(), lists(), schedules(), vec![history(), audit(), problems()]].concat()
}
