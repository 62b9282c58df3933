//! Random schedule rules.

use std::fmt::Write as _;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Numbers of `SplitMix64`.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ number >> 31
    }

    pub(crate) fn below(&mut self, end: u32) -> u32 {
        u32::try_from((u128::from(self.next()) * u128::from(end)) >> 64).unwrap()
    }

    pub(crate) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    pub(crate) fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(u32::try_from(items.len()).unwrap()) as usize]
    }
}

/// A pattern, and the cron expression with the same days and times for croner.
pub(crate) struct RandomPattern {
    pub(crate) text: String,
    pub(crate) for_croner: Option<String>,
}

pub(crate) fn random_pattern(random: &mut Random) -> RandomPattern {
    match random.below(10) {
        0 => {
            let (unit, most) = *random.pick(&[("s", 90), ("min", 200), ("h", 50), ("d", 20)]);
            let least = if unit == "s" { 20 } else { 1 };
            RandomPattern { text: format!("every {} {unit}", random.between(least, most)), for_croner: None }
        }
        1 | 2 => weekly(random),
        3 | 4 => monthly(random),
        _ => cron(random),
    }
}

/// Hours around clock changes come up more often.
fn hour(random: &mut Random) -> u32 {
    if random.one_in(2) { random.below(5) } else { random.below(24) }
}

fn minute(random: &mut Random) -> u32 {
    if random.one_in(2) { *random.pick(&[0, 1, 15, 30, 45, 59]) } else { random.below(60) }
}

/// Times in the text of a rule; croner gets one time as `minute hour`.
fn times(random: &mut Random) -> (String, Option<String>) {
    let count = if random.one_in(2) { 1 } else { random.between(2, 4) };
    let times: Vec<(u32, u32)> = (0..count).map(|_| (hour(random), minute(random))).collect();
    let texts: Vec<String> = times.iter().map(|(hour, minute)| format!("{hour:02}:{minute:02}")).collect();
    let single = (count == 1).then(|| format!("{} {}", times[0].1, times[0].0));
    (texts.join(", "), single)
}

fn weekly(random: &mut Random) -> RandomPattern {
    let (mut days, mut cron_days) = (Vec::new(), Vec::new());
    for _ in 0..random.between(1, 3) {
        let (first, last) = (random.below(7), random.below(7));
        if first < last {
            days.push(format!("{}-{}", WEEKDAYS[first as usize], WEEKDAYS[last as usize]));
            cron_days.push(format!("{}-{}", first + 1, last + 1));
        } else {
            days.push(WEEKDAYS[first as usize].to_owned());
            cron_days.push((first + 1).to_string());
        }
    }
    let (times, single) = times(random);
    RandomPattern {
        text: format!("weekly on {} at {times}", days.join(", ")),
        for_croner: single.map(|time| format!("{time} * * {}", cron_days.join(","))),
    }
}

fn monthly(random: &mut Random) -> RandomPattern {
    let (mut texts, mut days, mut weekdays) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..random.between(1, 3) {
        let weekday = random.below(7);
        let name = WEEKDAYS[weekday as usize];
        match random.below(5) {
            0 => {
                texts.push("last".to_owned());
                days.push("L".to_owned());
            }
            1 => {
                texts.push(format!("last {name}"));
                weekdays.push(format!("{}#L", weekday + 1));
            }
            2 => {
                let nth = random.between(1, 5);
                let ordinal = ["1st", "2nd", "3rd", "4th", "5th"][nth as usize - 1];
                texts.push(format!("{ordinal} {name}"));
                weekdays.push(format!("{}#{nth}", weekday + 1));
            }
            _ => {
                let day = random.between(1, 31);
                texts.push(day.to_string());
                days.push(day.to_string());
            }
        }
    }
    let (times, single) = times(random);
    let field = |values: &[String]| if values.is_empty() { "*".to_owned() } else { values.join(",") };
    RandomPattern {
        text: format!("monthly on {} at {times}", texts.join(", ")),
        for_croner: single.map(|time| format!("{time} {} * {}", field(&days), field(&weekdays))),
    }
}

fn cron(random: &mut Random) -> RandomPattern {
    let second = random.one_in(8).then(|| match random.below(3) {
        0 => "*/20".to_owned(),
        _ => random.below(60).to_string(),
    });
    let minute = match random.below(3) {
        0 => minute(random).to_string(),
        _ => field(random, 0, 59),
    };
    let hour = match random.below(3) {
        0 => hour(random).to_string(),
        1 => field(random, 0, 5),
        _ => field(random, 0, 23),
    };
    let (mut day, mut month, mut weekday) = ("*".to_owned(), "*".to_owned(), "*".to_owned());
    match random.below(4) {
        0 => day = field(random, 1, 31),
        1 => weekday = weekday_field(random),
        _ => {}
    }
    if random.one_in(4) {
        month = if random.one_in(2) { (*random.pick(&MONTHS)).to_owned() } else { field(random, 1, 12) };
    }
    let mut text = second.map(|second| format!("{second} ")).unwrap_or_default();
    write!(text, "{minute} {hour} {day} {month} {weekday}").unwrap();
    RandomPattern { for_croner: Some(text.clone()), text }
}

fn field(random: &mut Random, first: u32, last: u32) -> String {
    let part = |random: &mut Random| {
        let (one, other) = (random.between(first, last), random.between(first, last));
        let (low, high) = (one.min(other), one.max(other));
        let step = random.between(1, (last - first).min(20));
        match random.below(4) {
            0 => format!("{low}-{high}"),
            1 => format!("{low}-{high}/{step}"),
            2 => format!("{low}/{step}"),
            _ => low.to_string(),
        }
    };
    match random.below(4) {
        0 => "*".to_owned(),
        1 => format!("*/{}", random.between(1, (last - first).min(30))),
        2 => part(random),
        _ => (0..random.between(2, 3)).map(|_| part(random)).collect::<Vec<_>>().join(","),
    }
}

fn weekday_field(random: &mut Random) -> String {
    match random.below(3) {
        0 => WEEKDAYS[random.below(7) as usize].to_uppercase(),
        1 => field(random, 0, 7).replace("*/7", "*/6"),
        _ => {
            let first = random.below(6);
            format!("{}-{}", WEEKDAYS[first as usize], WEEKDAYS[random.between(first + 1, 6) as usize])
        }
    }
}

/// Clauses with dates around a moment; often none.
pub(crate) fn random_clauses(random: &mut Random, around_s: i64) -> String {
    let mut text = String::new();
    let date = |random: &mut Random| {
        let days = i64::from(random.below(9)) - 4;
        let moment = jiff::Timestamp::from_second(around_s + days * 86_400).unwrap();
        jiff::tz::Offset::UTC.to_datetime(moment).date()
    };
    if random.one_in(6) {
        let date = date(random);
        match random.below(3) {
            0 => write!(text, "; from {date}"),
            1 => write!(text, "; from {date}T{:02}:{:02}", hour(random), minute(random)),
            _ => write!(text, "; from {date}T{:02}:{:02}:00Z", hour(random), minute(random)),
        }
        .unwrap();
    }
    if random.one_in(6) {
        let date = date(random);
        match random.below(2) {
            0 => write!(text, "; until {date}"),
            _ => write!(text, "; until {date}T{:02}:{:02}", hour(random), minute(random)),
        }
        .unwrap();
    }
    if random.one_in(5) {
        let (one, other) = (date(random), date(random));
        write!(text, "; except {}, {}..{}", date(random), one.min(other), one.max(other)).unwrap();
    }
    text
}
