"""Computes the times of schedule rules slowly, and compares them with given ones.

It shares no code and no method with the crate: it walks through the minutes of a window, reads the local time of
each from the standard library, and asks whether the rule runs then. PYTHONTZPATH names the zone data.

Input: for each case a line `zone TAB windows TAB rule`, then for each window a line `start end count` (seconds) and
the times in milliseconds as 64-bit numbers. A window has all times after its start and before its end, or the first
LIMIT of them. Output: a line for each window that differs, and at the end `compared CASES WINDOWS`.
"""

import array
import datetime
import re
import sys
import zoneinfo

LIMIT = 400
DAY_MINUTES = 1440
EPOCH_ORDINAL = datetime.date(1970, 1, 1).toordinal()
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
SPANS_MS = {"ms": 1, "s": 1000, "min": 60000, "h": 3600000, "d": 86400000}

minute_tables = {}


def local_minutes(zone, minute):
    """Minutes of the local clock since the local 1970."""
    offset = datetime.datetime.fromtimestamp(minute * 60, zone).utcoffset()
    assert offset.seconds % 60 == 0
    return minute + (offset.days * 86400 + offset.seconds) // 60


def minute_table(name, start, end):
    """For each minute of a window: the minute, its local minute, and the local minutes first reached in it."""
    key = (name, start, end)
    if key not in minute_tables:
        zone = zoneinfo.ZoneInfo(name)
        reached = None
        table = []
        # From the day before, to know what the clock has shown already.
        for minute in range(start // 60 - DAY_MINUTES - 60, -(-end // 60)):
            local = local_minutes(zone, minute)
            first = local if reached is None else reached + 1
            if minute >= start // 60:
                table.append((minute, local, range(first, local + 1)))
            reached = local if reached is None else max(reached, local)
        minute_tables[key] = table
    return minute_tables[key]


def first_moment(zone, local):
    """The first second at which the clock has reached a local second, by looking at every minute."""
    minute = local // 60 - 2 * DAY_MINUTES
    while local_minutes(zone, minute) < local // 60:
        minute += 1
    shown = local_minutes(zone, minute)
    return minute * 60 + (local % 60 if shown == local // 60 else 0)


def seconds_of(date, time):
    return (date.toordinal() - EPOCH_ORDINAL) * 86400 + time


def time_of_day(text):
    parts = [int(part) for part in text.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) == 3 else 0)


def span_ms(text):
    number, unit = re.fullmatch(r"([0-9.]+) *([a-z]+)", text).groups()
    return int(number) * SPANS_MS[unit]


def cron_values(text, low, high, names=(), base=0):
    values = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            ends = [names.index(end.lower()) + base if end.lower() in names else int(end) for end in span.split("-")]
            first, last = ends[0], ends[-1]
            if step and len(ends) == 1:
                last = high
        values.update(range(first, last + 1, int(step or 1)))
    return values


class Cron:
    def __init__(self, text):
        fields = text.split()
        if len(fields) == 5:
            fields.insert(0, "0")
        second, minute, hour, self.day, month, weekday = fields
        self.seconds = sorted(cron_values(second, 0, 59))
        self.minutes = cron_values(minute, 0, 59)
        self.hours = cron_values(hour, 0, 23)
        self.days = cron_values(self.day, 1, 31)
        self.months = cron_values(month, 1, 12, MONTHS, 1)
        sunday_first = WEEKDAYS[6:] + WEEKDAYS[:6]
        # A range ends with the Sunday after its begin.
        weekday = re.sub("-sun", "-7", weekday.lower())
        self.weekdays = {day % 7 for day in cron_values(weekday, 0, 7, sunday_first)}
        self.real_time = "*" in second[0] + minute[0] + hour[0]

    def runs_on(self, date):
        return date.month in self.months and date.day in self.days and date.isoweekday() % 7 in self.weekdays

    def seconds_in(self, minute):
        return self.seconds if minute // 60 in self.hours and minute % 60 in self.minutes else []


class AtTimes:
    real_time = False

    def __init__(self, times):
        self.times = sorted({time_of_day(time.strip()) for time in times.split(",")})

    def seconds_in(self, minute):
        return [time % 60 for time in self.times if time // 60 == minute]


class Weekly(AtTimes):
    def __init__(self, text):
        days, times = text.split(" at ")
        super().__init__(times)
        self.days = set()
        for part in days.split(","):
            ends = [WEEKDAYS.index(end.strip().lower()) for end in part.split("-")]
            self.days.update(range(ends[0], ends[-1] + 1))

    def runs_on(self, date):
        return date.weekday() in self.days


class Monthly(AtTimes):
    def __init__(self, text):
        dates, times = text.split(" at ")
        super().__init__(times)
        self.dates = [date.split() for date in dates.split(",")]

    def runs_on(self, date):
        return any(self.is_date(date, *words) for words in self.dates)

    @staticmethod
    def is_date(date, which, weekday=None):
        week = datetime.timedelta(7)
        if weekday is None:
            is_last = (date + datetime.timedelta(1)).month != date.month
            return is_last if which == "last" else date.day == int(which)
        if WEEKDAYS[date.weekday()] != weekday.lower():
            return False
        if which == "last":
            return (date + week).month != date.month
        nth, earlier = 0, date
        while earlier.month == date.month:
            nth += 1
            earlier -= week
        return nth == int(which[0])


class Rule:
    def __init__(self, text, zone_name):
        self.zone_name = zone_name
        self.zone = zoneinfo.ZoneInfo(zone_name)
        pattern, *clauses = [part.strip() for part in text.split(";")]
        clauses = dict(clause.split(" ", 1) for clause in clauses)
        self.begin, self.begin_date = self.bound(clauses.get("from"))
        self.end, self.end_date = self.bound(clauses.get("until"))
        self.except_dates = []
        for part in clauses["except"].split(",") if "except" in clauses else []:
            ends = [datetime.date.fromisoformat(end.strip()) for end in part.split("..")]
            self.except_dates.append((ends[0], ends[-1]))
        word, rest = pattern.split(" ", 1)
        if word == "every":
            self.pattern, self.period = None, span_ms(rest)
        elif word == "weekly":
            self.pattern = Weekly(rest.removeprefix("on "))
        elif word == "monthly":
            self.pattern = Monthly(rest.removeprefix("on "))
        else:
            self.pattern = Cron(pattern)
        self.known_dates = {}
        self.known_minutes = {}

    def bound(self, text):
        """A moment in milliseconds and, for a whole date, the date."""
        if text is None:
            return None, None
        if "T" not in text:
            date = datetime.date.fromisoformat(text)
            return first_moment(self.zone, seconds_of(date, 0)) * 1000, date
        if text.endswith("Z"):
            return int(datetime.datetime.fromisoformat(text[:-1] + "+00:00").timestamp()) * 1000, None
        date, time = text.split("T")
        local = seconds_of(datetime.date.fromisoformat(date), time_of_day(time))
        return first_moment(self.zone, local) * 1000, None

    def allows(self, ordinal):
        """Whether the clauses allow a date."""
        date = datetime.date.fromordinal(ordinal)
        if self.begin_date and date < self.begin_date or self.end_date and date > self.end_date:
            return False
        return not any(first <= date <= last for first, last in self.except_dates)

    def seconds_of_minute(self, local):
        """The seconds at which the pattern runs in a local minute."""
        day, minute = divmod(local, DAY_MINUTES)
        ordinal = day + EPOCH_ORDINAL
        if ordinal not in self.known_dates:
            allowed = self.pattern.runs_on(datetime.date.fromordinal(ordinal)) and self.allows(ordinal)
            self.known_dates[ordinal] = allowed
        if not self.known_dates[ordinal]:
            return ()
        if minute not in self.known_minutes:
            self.known_minutes[minute] = self.pattern.seconds_in(minute)
        return self.known_minutes[minute]

    def times(self, start, end):
        found = self.elapsed(start, end) if self.pattern is None else self.wall(start, end)
        after_begin = self.begin if self.begin is not None else start * 1000
        before_end = self.end if self.end is not None and not self.end_date else end * 1000
        return [time for time in found if start * 1000 < time < end * 1000 and after_begin <= time <= before_end]

    def elapsed(self, start, end):
        anchor = self.begin or 0
        time = anchor + max(0, -((anchor - start * 1000) // self.period)) * self.period
        if self.begin is None:
            time = start * 1000 // self.period * self.period
        times = []
        while time < end * 1000:
            local = local_minutes(self.zone, time // 60000)
            if self.allows(local // DAY_MINUTES + EPOCH_ORDINAL):
                times.append(time)
            time += self.period
        return times

    def wall(self, start, end):
        times = []
        for minute, local, reached in minute_table(self.zone_name, start, end):
            if self.pattern.real_time or len(reached) == 1:
                seconds = self.seconds_of_minute(local)
            elif len(reached) == 0:
                continue
            else:
                # The clock went ahead: all that was skipped is one run now.
                skipped = any(self.seconds_of_minute(earlier) for earlier in reached if earlier != local)
                seconds = sorted({0, *self.seconds_of_minute(local)} if skipped else self.seconds_of_minute(local))
            times.extend(minute * 60000 + second * 1000 for second in seconds)
        return times


def main():
    stream = sys.stdin.buffer
    cases = compared = 0
    while line := stream.readline():
        zone_name, windows, text = line.decode().rstrip("\n").split("\t")
        rule = Rule(text, zone_name)
        cases += 1
        for _ in range(int(windows)):
            start, end, count = map(int, stream.readline().split())
            given = array.array("q", stream.read(8 * count)).tolist()
            expected = rule.times(start, end)[:LIMIT]
            compared += 1
            if given != expected:
                missing = sorted(set(expected) - set(given))[:3]
                extra = sorted(set(given) - set(expected))[:3]
                print(f"{zone_name}\t{text}\t{start}..{end}: missing {missing}, not expected {extra}", flush=True)
    print(f"compared {cases} {compared}", flush=True)


main()
