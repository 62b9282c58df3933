//! Local times for croner, on the zone data of riser-calendar. croner itself supports older versions of jiff; this
//! does the same as its implementation.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::{CivilDateTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

#[derive(Clone)]
pub(crate) struct CronerTime {
    pub(crate) unix_s: i64,
    pub(crate) zone: TimeZone,
}

impl CronerTime {
    fn local(&self) -> DateTime {
        self.zone.to_datetime(jiff::Timestamp::from_second(self.unix_s).unwrap())
    }

    fn at(&self, local: DateTime, offset: Offset) -> Result<Self, CronError> {
        let moment = offset.to_timestamp(local).map_err(|_| CronError::InvalidTime)?;
        Ok(Self { unix_s: moment.as_second(), zone: self.zone.clone() })
    }
}

impl CronDateTime for CronerTime {
    fn to_civil(&self) -> CivilDateTime {
        let local = self.local();
        let number = |part: i8| u32::from(part.unsigned_abs());
        CivilDateTime::from_ymd_hms_opt(
            local.year().into(),
            number(local.month()),
            number(local.day()),
            number(local.hour()),
            number(local.minute()),
            number(local.second()),
        )
        .unwrap()
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.local().weekday().to_sunday_zero_offset().unsigned_abs().into())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let part = |number: u32| i8::try_from(number).unwrap();
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        let (month, day) = (part(civil.month()), part(civil.day()));
        let (hour, minute, second) = (part(civil.hour()), part(civil.minute()), part(civil.second()));
        let local =
            DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)?;
        Ok(match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => Resolution::Single(self.at(local, offset)?),
            AmbiguousOffset::Fold { before, after } => {
                Resolution::Ambiguous(self.at(local, before)?, self.at(local, after)?)
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        Some(Self { unix_s: self.unix_s.checked_add(seconds)?, zone: self.zone.clone() })
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.unix_s.cmp(&other.unix_s)
    }
}
