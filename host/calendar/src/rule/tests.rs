use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    let moment: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_unix_ms(moment.as_millisecond())
}

fn berlin() -> Zone {
    "Europe/Berlin".parse().unwrap()
}

fn rule(text: &str) -> ScheduleRule {
    ScheduleRule::parse(text, &berlin()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> String {
    match ScheduleRule::parse(text, &berlin()) {
        Ok(rule) => panic!("{text} is accepted as {rule}"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn check(text: &str, after: &str, expected: &[&str]) {
    let expected: Vec<Timestamp> = expected.iter().map(|text| at(text)).collect();
    assert_eq!(rule(text).next_times(at(after), expected.len()), expected, "{text} after {after}");
}

mod faults_of_issue_8 {
    use super::*;

    #[test]
    fn a_backward_range_in_a_list_is_refused() {
        assert!(refusal("0 9 * * 5-1,3").contains("runs backwards over the end of the week; write 5-7,1"));
    }

    #[test]
    fn a_step_without_an_end_counts_to_the_end_of_the_week() {
        check(
            "0 9 * * 2/2",
            "2026-11-28T12:00:00Z",
            &["2026-12-01T09:00:00+01:00", "2026-12-03T09:00:00+01:00", "2026-12-05T09:00:00+01:00"],
        );
    }

    #[test]
    fn an_hourly_rule_has_no_extra_run_at_a_skipped_hour() {
        check(
            "30 * * * *",
            "2027-03-28T00:00:00Z",
            &["2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00", "2027-03-28T04:30:00+02:00"],
        );
    }

    #[test]
    fn a_nightly_rule_runs_once_when_asked_within_the_repeated_hour() {
        check("30 2 * * *", "2026-10-25T01:10:00Z", &["2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn a_date_that_no_month_has_is_refused() {
        for text in ["0 9 31 4 *", "30 2 30 2 *", "0 9 31 2,4,6,9,11 *", "0 0 30,31 FEB *"] {
            assert!(refusal(text).starts_with("no such date: "), "{text}: {}", refusal(text));
        }
        check("0 9 29 2 *", "2096-03-01T00:00:00Z", &["2104-02-29T08:00:00Z"]);
    }

    #[test]
    fn backward_ranges_of_weekdays_are_refused_with_the_right_way() {
        for (text, meant) in [
            ("0 9 * * 5-1", "write 5-7,1"),
            ("0 9 * * FRI-MON", "write 5-7,1"),
            ("0 9 * * 6-0", "write 6-7"),
            ("0 9 * * fri-tue/2", "write 5-7,1-2"),
            ("weekly on Fri-Mon at 09:00", "write Mon, Fri-Sun"),
        ] {
            assert!(
                refusal(text).contains(meant) && refusal(text).contains("runs backwards"),
                "{}",
                refusal(text)
            );
        }
    }

    #[test]
    fn a_rule_without_a_zone_takes_that_of_the_site() {
        let new_york: Zone = "America/New_York".parse().unwrap();
        let rule = ScheduleRule::parse("0 9 * * *", &new_york).unwrap();
        assert_eq!(rule.to_string(), "0 9 * * *; zone America/New_York");
        assert_eq!(rule.next_after(at("2026-11-28T00:00:00Z")), Some(at("2026-11-28T14:00:00Z")));
    }

    #[test]
    fn vancouver_runs_by_the_rules_of_2026() {
        let rule: ScheduleRule = "0 7 * * *; zone America/Vancouver".parse().unwrap();
        assert_eq!(rule.next_after(at("2026-12-15T00:00:00Z")), Some(at("2026-12-15T14:00:00Z")));
    }
}

mod clock_changes {
    use super::*;

    #[test]
    fn a_skipped_time_runs_once_directly_after_the_change() {
        let expected = ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"];
        for text in ["30 2 * * *", "weekly on Mon-Sun at 02:30"] {
            check(text, "2026-03-28T12:00:00Z", &expected);
        }
        check("monthly on 29 at 02:30", "2026-03-28T12:00:00Z", &expected[..1]);
        // Three times stand for one moment.
        check(
            "weekly on Mon-Sun at 02:15, 02:45, 03:00",
            "2026-03-28T12:00:00Z",
            &["2026-03-29T03:00:00+02:00", "2026-03-30T02:15:00+02:00"],
        );
        // Asked at the change itself.
        check("30 2 * * *", "2026-03-29T01:00:00Z", &["2026-03-30T00:30:00Z"]);
        check("30 2 * * *", "2026-03-29T00:59:59.999Z", &["2026-03-29T01:00:00Z"]);
    }

    #[test]
    fn a_repeated_time_runs_once() {
        check(
            "0,30 2 * * *",
            "2026-10-24T12:00:00Z",
            &["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:00:00Z"],
        );
        check("weekly on Sun at 02:30, 03:00", "2026-10-25T00:45:00Z", &["2026-10-25T02:00:00Z"]);
    }

    #[test]
    fn quarter_hours_run_in_real_time() {
        check(
            "*/15 * * * *",
            "2026-10-25T02:30:00+02:00",
            &[
                "2026-10-25T02:45:00+02:00",
                "2026-10-25T02:00:00+01:00",
                "2026-10-25T02:15:00+01:00",
                "2026-10-25T02:30:00+01:00",
                "2026-10-25T02:45:00+01:00",
                "2026-10-25T03:00:00+01:00",
            ],
        );
        // Wildcards in the minute or second follow real time, too.
        check("*/30 2 * * *", "2026-03-28T12:00:00Z", &["2026-03-30T00:00:00Z", "2026-03-30T00:30:00Z"]);
        check("*/30 0 2 * * *", "2026-03-28T12:00:00Z", &["2026-03-30T00:00:00Z", "2026-03-30T00:00:30Z"]);
    }

    #[test]
    fn a_missing_day_runs_once_at_its_end() {
        // Pacific/Apia went from 2011-12-29 to 2011-12-31.
        check(
            "monthly on 30 at 09:00, 17:00; zone Pacific/Apia",
            "2011-12-02T00:00:00Z",
            &["2011-12-30T10:00:00Z", "2012-01-29T19:00:00Z"],
        );
        check("30 * 30 12 *; zone Pacific/Apia", "2011-12-01T00:00:00Z", &["2012-12-29T10:30:00Z"]);
    }

    #[test]
    fn half_hours_and_two_hours_are_followed() {
        check(
            "15 2 * * *; zone Australia/Lord_Howe",
            "2026-10-03T00:00:00Z",
            &["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
        );
        check("30 1 * * *; zone Antarctica/Troll", "2026-03-28T12:00:00Z", &["2026-03-29T01:00:00Z"]);
    }
}

#[test]
fn an_interval_counts_from_its_begin_or_1970() {
    check("every 15 min", "2026-01-01T00:07:00Z", &["2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"]);
    check(
        "every 7 min; from 2026-01-01T00:05:00Z",
        "2025-01-01T00:00:00Z",
        &["2026-01-01T00:05:00Z", "2026-01-01T00:12:00Z"],
    );
    check("every 1 d; from 2026-06-01", "2026-06-02T00:00:00Z", &["2026-06-02T22:00:00Z"]);
    check("every 1500 ms", "1970-01-01T00:00:00Z", &["1970-01-01T00:00:01.5Z", "1970-01-01T00:00:03Z"]);
    check("every 10 s", "1969-12-31T23:59:49Z", &["1969-12-31T23:59:50Z", "1970-01-01T00:00:00Z"]);
}

#[test]
fn weekly_and_monthly_days_are_found() {
    check(
        "weekly on Mon-Fri, Sun at 07:00, 12:30",
        "2026-11-27T12:00:00Z",
        &["2026-11-29T07:00:00+01:00", "2026-11-29T12:30:00+01:00", "2026-11-30T07:00:00+01:00"],
    );
    check(
        "monthly on 1, 15, last at 06:00",
        "2027-02-01T12:00:00Z",
        &["2027-02-15T06:00:00+01:00", "2027-02-28T06:00:00+01:00", "2027-03-01T06:00:00+01:00"],
    );
    check(
        "monthly on 2nd Tue, last Fri at 06:00",
        "2026-12-01T00:00:00Z",
        &["2026-12-08T06:00:00+01:00", "2026-12-25T06:00:00+01:00", "2027-01-12T06:00:00+01:00"],
    );
    check("monthly on 5th Sun at 00:00", "2027-01-01T00:00:00Z", &["2027-01-31T00:00:00+01:00"]);
    check("monthly on 31 at 00:00", "2027-04-01T00:00:00Z", &["2027-05-31T00:00:00+02:00"]);
}

#[test]
fn clauses_limit_the_times() {
    check(
        "0 6 * * *; until 2026-12-27; except 2026-12-24..2026-12-26",
        "2026-12-22T12:00:00Z",
        &["2026-12-23T05:00:00Z", "2026-12-27T05:00:00Z"],
    );
    let ended = rule("0 6 * * *; until 2026-12-27").next_after(at("2026-12-27T05:00:00Z"));
    assert_eq!(ended, None);
    let until = rule("0 6 * * *; until 2026-12-27T06:00");
    assert_eq!(until.next_times(at("2026-12-26T12:00:00Z"), 2), [at("2026-12-27T05:00:00Z")]);
    check("0 6 * * *; from 2027-01-01T06:00", "2026-01-01T00:00:00Z", &["2027-01-01T05:00:00Z"]);
    check(
        "every 12 h; except 2026-12-24, 2026-12-26; zone Europe/Berlin",
        "2026-12-23T12:00:00Z",
        &["2026-12-25T00:00:00Z", "2026-12-25T12:00:00Z", "2026-12-27T00:00:00Z"],
    );
}

#[test]
fn weekday_numbers_are_those_of_crontab() {
    for (field, expected) in [
        ("0", "2026-11-29"),
        ("7", "2026-11-29"),
        ("1", "2026-11-30"),
        ("SAT-SUN", "2026-11-29"),
        ("MON-FRI", "2026-11-30"),
        ("*/3", "2026-11-29"),
        ("3/4", "2026-11-29"),
        ("Wednesday", "2026-12-02"),
    ] {
        check(&format!("0 3 * * {field}"), "2026-11-28T12:00:00Z", &[&format!("{expected}T03:00:00+01:00")]);
    }
}

#[test]
fn a_text_that_cannot_be_read_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "unknown kind of schedule"),
        ("hourly", "unknown kind of schedule"),
        ("yearly on 1 at 06:00", "unknown kind of schedule"),
        ("* * *", "5 fields"),
        ("0 0 0 1 1 * 2027", "5 fields"),
        ("@daily", "write 0 0 * * *"),
        ("0 0 1 * 1", "not both"),
        ("0 99 * * *", "an hour is 0 to 23"),
        ("0 0 * * 1-9", "0 to 7"),
        ("0 0 * * MOONDAY", "0 to 7"),
        ("0 22-6 * * *", "runs backwards"),
        ("0 0 1 NOV-FEB *", "runs backwards"),
        ("0 0 L * *", "monthly on last"),
        ("0 0 15W * *", "monthly on last Fri"),
        ("0 0 * * 2#2", "monthly on 2nd Tue at 00:00"),
        ("0 0 * * 5L", "monthly on last Fri"),
        ("every", "is not a time span"),
        ("every fortnight", "is not a time span"),
        ("every 999 ms", "once a second"),
        ("every 0 s", "once a second"),
        ("every 367 d", "at most 366 d"),
        ("every 100000000 d", "at most 366 d"),
        ("every 9223372036854775807 ms", "at most 366 d"),
        ("15 min", "write every 15 min"),
        ("0 6 * * *; jitter 1 h 30 min", "is not a time span"),
        ("0 6 * * *; jitter 25 h", "jitter is 1 d at most"),
        ("0 6 * * *; jitter 1 d", "a jitter of 1 d is too long, because two runs of the rule are 1 d apart"),
        ("every 15 min; jitter 15 min", "two runs of the rule are 15 min apart; make it shorter than that"),
        ("weekly on Mon at 07:00, 07:30; jitter 45 min", "two runs of the rule are 30 min apart"),
        ("0 6 * * *; misfire all within 400 d", "at most 366 d late; leave \"within\" out"),
        ("0 6 * * *; misfire once within 1000000 d", "at most 366 d late"),
        ("0 6 * * *; misfire all within 0 s", "write misfire skip"),
        ("weekly at 07:00", "weekly on Mon-Fri at"),
        ("weekly on Mon at 24:00", "00:00 to 23:59"),
        ("weekly on Mon at 7", "00:00 to 23:59"),
        ("monthly on 32 at 06:00", "1 to 31"),
        ("monthly on 6th Tue at 06:00", "1 to 31"),
        ("0 6 * * *; zone Europe/Pari", "did you mean Europe/Paris?"),
        ("0 6 * * *; from 2027-02-30", "date that exists"),
        ("0 6 * * *; from 2027-01-02; until 2027-01-01", "no such date"),
        ("0 6 31 * *; from 2027-02-01; until 2027-02-28", "no such date"),
        ("0 6 * * *; from 2027-02-01; until 2027-02-02; except 2027-01-31..2027-02-02", "no such date"),
        ("every 1 s; except 1970-01-01..9999-12-31", "no such date"),
        ("* * * * * *; except 1969-12-31..9999-12-31", "no such date"),
        ("0 6 * * *; except 2027-01-02..2027-01-01", "ends before it begins"),
        ("0 6 * * *; misfire skip within 1 h", "misfire"),
        ("0 6 * * *; overlap both", "overlap"),
        ("0 6 * * *; jitter long", "is not a time span"),
        ("0 6 * * *; jitter 1 s; jitter 2 s", "given twice"),
        ("0 6 * * *; repeat 3", "a clause begins with"),
        ("0 6 * * *;", "a clause begins with"),
    ] {
        assert!(refusal(text).contains(reason), "{text}: {}", refusal(text));
    }
    let long = "0 6 * * *".to_owned() + &" ".repeat(10_000);
    assert_eq!(ScheduleRule::parse(&long, &berlin()), Err(RuleError::TooLong { length: 10_009 }));
    assert_eq!("0 6 * * *".parse::<ScheduleRule>(), Err(RuleError::MissingZone));
}

#[test]
fn the_longest_spans_are_accepted() {
    for text in [
        "every 366 d",
        "every 15 min; jitter 14.9 min",
        "0 6 * * *; jitter 86399 s",
        "0 6 1 * *; jitter 1 d",
        // One run alone has no next one.
        "0 6 * * *; from 2026-12-01; until 2026-12-01; jitter 1 d",
        // A clock change brings the two runs closer than an hour.
        "0,59 2,4 29 3 *; zone Europe/Berlin; from 2026-03-01; jitter 58 min",
        "0 6 * * *; misfire all within 366 d",
        "0 6 * * *; misfire once within 1 s",
    ] {
        rule(text);
    }
}

#[test]
fn texts_are_made_canonical() {
    for (text, canonical) in [
        ("EVERY 900s", "every 15 min"),
        ("every 1 h; zone utc", "every 1 h; zone UTC"),
        ("every 1 d; from 2026-12-01", "every 1 d; zone Europe/Berlin; from 2026-12-01"),
        (
            "Weekly on sunday, mon-wednesday AT 12:30,7:00",
            "weekly on Mon-Wed, Sun at 07:00, 12:30; zone Europe/Berlin",
        ),
        (
            "monthly on last fri, 15, 2ND tue, last, 1 at 6:00:30",
            "monthly on 1, 15, last, 2nd Tue, last Fri at 06:00:30; zone Europe/Berlin",
        ),
        ("cron 0  6 * *  1-5", "0 6 * * 1-5; zone Europe/Berlin"),
        (
            "0 6 * * *;overlap QUEUE;misfire all within 2h;jitter 60 s;except 2026-12-26 , 2026-12-24 .. 2026-12-25;until 2027-01-01 06:30;from 2026-12-01T06:00+01:00",
            "0 6 * * *; zone Europe/Berlin; from 2026-12-01T05:00:00Z; until 2027-01-01T06:30; except 2026-12-24..2026-12-25, 2026-12-26; jitter 1 min; misfire all within 2 h; overlap queue",
        ),
    ] {
        let parsed = rule(text);
        assert_eq!(parsed.to_string(), canonical);
        assert_eq!(canonical.parse(), Ok(parsed), "{canonical}");
    }
}

#[test]
fn delays_are_spread_and_repeatable() {
    let rule = rule("every 1 h; jitter 10 s");
    let hour = at("2026-12-01T00:00:00Z");
    let delays: Vec<Duration> = (0..1_000).map(|key| rule.delay(hour, key)).collect();
    assert!(delays.iter().all(|delay| *delay < Duration::from_secs(10)));
    let early = delays.iter().filter(|delay| **delay < Duration::from_secs(5)).count();
    assert!((400..600).contains(&early), "{early}");
    assert_eq!(rule.delay(hour, 7), delays[7]);
    assert_ne!(rule.delay(hour.plus(Duration::from_hours(1)), 7), delays[7]);
    assert_eq!(self::rule("every 1 h").delay(hour, 7), Duration::ZERO);
}

#[test]
fn times_ascend_up_to_the_end_of_the_calendar() {
    let end_ms = at("9999-12-30T22:00:00Z").unix_ms();
    for text in [
        "every 1 s",
        "every 15 min",
        "every 366 d",
        "every 1 d; from 2026-12-01",
        "every 1 h; except 2026-12-01..2026-12-02",
        "0 6 * * *",
        "* * * * *",
        "* * * * * *",
        "weekly on Mon-Sun at 00:00, 23:59:59; zone Pacific/Kiritimati",
        "weekly on Mon-Sun at 00:00, 23:59:59; zone Pacific/Pago_Pago",
        "monthly on last at 06:00",
    ] {
        let moments =
            [i64::MIN, i64::MIN + 1, -400_000_000_000_000, 0, end_ms - 400 * 86_400_000].into_iter().chain([
                end_ms - 86_400_000,
                end_ms - 2_000,
                end_ms,
                end_ms + 86_400_000,
                i64::MAX - 1,
                i64::MAX,
            ]);
        for moment in moments {
            let times = rule(text).next_times(Timestamp::from_unix_ms(moment), 1_000);
            let times: Vec<i64> = times.into_iter().map(Timestamp::unix_ms).collect();
            assert!(times.iter().all(|time| *time > moment), "{text} after {moment}: {times:?}");
            assert!(times.is_sorted_by(|one, next| one < next), "{text} after {moment}: {times:?}");
            // The preview shows each time once.
            let shown = rule(text).preview(Timestamp::from_unix_ms(moment), 1_000);
            assert!(shown.windows(2).all(|pair| pair[0].local != pair[1].local), "{text} after {moment}");
            if moment >= end_ms {
                assert_eq!(times, [0; 0], "{text} after {moment}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", long in "[0-9*/,;\\-a-zA-Z :.]{0,10240}") {
        let _ = ScheduleRule::parse(&text, &berlin());
        let _ = ScheduleRule::parse(&long, &berlin());
    }

    #[test]
    fn texts_of_the_words_of_rules_do_not_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "every", "weekly", "monthly", "cron", "on", "at", "last", "2nd", "Mon", "Fri-Mon", ",", ";", "zone",
            "from", "until", "except", "..", "2026-12-01", "misfire", "within", "all", "overlap", "jitter", "15",
            "min", "*", "*/7", "1-5", "0", "31", "07:00", "é", "at at", "Europe/Paris",
        ]), 0..24),
    ) {
        let text = words.join(" ");
        if let Ok(rule) = ScheduleRule::parse(&text, &berlin()) {
            let times = rule.next_times(Timestamp::from_unix_ms(1_800_000_000_000), 50);
            prop_assert!(times.is_sorted_by(|one, next| one < next), "{}: {:?}", text, times);
            prop_assert_eq!(rule.to_string().parse(), Ok(rule));
        }
    }
}
