//! Faults from the control interface: the requests they affect, how often and until when.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use crate::fault_kind::FaultKind;
use crate::field_change::FieldChange;
use crate::random::{Numbers, Purpose};
use crate::time_span::TimeSpan;

/// The specification of a fault.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultSpec {
    pub(crate) kind: FaultKind,
    /// Beginning of the path below `/api/v2`; all paths if left out.
    #[serde(default)]
    path: String,
    /// Only requests with this method.
    method: Option<String>,
    /// Number of requests to skip first.
    skip: Option<u32>,
    /// Number of requests to affect.
    count: Option<u32>,
    /// Ends after this time of the controller's clock.
    #[serde(rename = "for")]
    window: Option<TimeSpan>,
    /// Share of the requests to affect, 0 to 1.
    probability: Option<f64>,
    /// For `latency`, for each byte of `drip`, and for `write_late` by the cars' clock; 1 s if left out, 60 s for
    /// `write_late`.
    latency: Option<TimeSpan>,
    /// For 429 and 503; 5 s if left out.
    retry_after: Option<TimeSpan>,
    /// For `error`; 500 if left out.
    status: Option<u16>,
    /// For `error`.
    code: Option<String>,
    /// For `short_list`; 1 if left out.
    keep: Option<usize>,
    /// Of the kinds that change fields: its name, or the end of its path, such as `activePower/phase1`.
    field: Option<String>,
    /// Only in the object of this station.
    station: Option<u64>,
    /// For `set_field`; `null` if left out.
    raw: Option<String>,
    /// For `rename_field`.
    to: Option<String>,
}

/// An active fault.
#[derive(Serialize)]
pub(crate) struct Fault {
    pub(crate) id: u64,
    kind: FaultKind,
    path: String,
    method: Option<String>,
    to_skip: u32,
    left: Option<u32>,
    ends_ms: Option<i64>,
    probability: f64,
    latency_ms: u64,
    retry_after_s: u64,
    met: u64,
    #[serde(skip)]
    details: Arc<Details>,
}

/// The particulars of some kinds.
#[derive(Debug, Default)]
pub(crate) struct Details {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) keep: usize,
    /// The field, and its change.
    pub(crate) change: Option<(String, FieldChange)>,
    pub(crate) station: Option<u64>,
}

/// The effect of the faults on one request.
#[derive(Clone, Default)]
pub(crate) struct Met {
    pub(crate) latency_ms: u64,
    pub(crate) kind: Option<FaultKind>,
    pub(crate) retry_after_s: u64,
    /// The `latency` of a kind that is not `latency`.
    pub(crate) span_ms: u64,
    pub(crate) details: Arc<Details>,
    /// Changes of the response, in their order.
    pub(crate) changes: Vec<Arc<Details>>,
}

impl Met {
    /// Returns the fault for the request log.
    pub(crate) fn shown(&self) -> Option<FaultKind> {
        let changes = (!self.changes.is_empty()).then_some(FaultKind::SetField);
        self.kind.or(changes).or((self.latency_ms > 0).then_some(FaultKind::Latency))
    }
}

/// All active faults.
pub(crate) struct FaultPlan {
    seed: u64,
    faults: Vec<Fault>,
    so_far: u64,
}

const WHOLE_API: &str = "/api/v2";

impl FaultPlan {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, faults: Vec::new(), so_far: 0 }
    }

    /// Adds a fault. Returns its id, or the mistake in its specification.
    pub(crate) fn add(&mut self, spec: FaultSpec, now_ms: i64) -> Result<u64, &'static str> {
        spec.check()?;
        self.so_far += 1;
        let positive_ms = |span: Option<TimeSpan>, default| {
            span.map_or(default, |span| u64::try_from(span.ms()).unwrap_or(0))
        };
        let details = Arc::new(spec.details()?);
        let path = spec.path.strip_prefix(WHOLE_API).unwrap_or(&spec.path);
        self.faults.push(Fault {
            id: self.so_far,
            kind: spec.kind,
            path: path.trim_end_matches('/').to_owned(),
            method: spec.method.map(|method| method.to_uppercase()),
            to_skip: spec.skip.unwrap_or(0),
            left: spec.count,
            ends_ms: spec.window.map(|window| now_ms + window.ms()),
            probability: spec.probability.unwrap_or(1.0),
            latency_ms: positive_ms(
                spec.latency,
                if spec.kind == FaultKind::WriteLate { 60_000 } else { 1000 },
            ),
            retry_after_s: positive_ms(spec.retry_after, 5000).div_ceil(1000),
            met: 0,
            details,
        });
        Ok(self.so_far)
    }

    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.faults.len();
        self.faults.retain(|fault| fault.id != id);
        self.faults.len() < before
    }

    pub(crate) fn in_force(&mut self, now_ms: i64) -> &[Fault] {
        self.faults.retain(|fault| fault.is_in_force(now_ms));
        &self.faults
    }

    /// Returns whether new connections are refused: "down" for the whole API and without dice or count.
    pub(crate) fn refuses_connections(&self, now_ms: i64) -> bool {
        self.faults.iter().any(|fault| {
            let is_for_all = fault.path.is_empty() && fault.method.is_none();
            let is_certain = fault.left.is_none() && fault.to_skip == 0 && fault.probability >= 1.0;
            fault.kind == FaultKind::Down && is_for_all && is_certain && fault.is_in_force(now_ms)
        })
    }

    /// Applies the faults to a request. Latencies add up; of the other kinds the oldest fault wins.
    pub(crate) fn meet(&mut self, method: &str, path: &str, request: u64, now_ms: i64) -> Met {
        let mut met = Met::default();
        let path = path.strip_prefix(WHOLE_API).unwrap_or(path);
        for fault in &mut self.faults {
            let is_taken = !fault.kind.adds_up() && met.kind.is_some();
            if is_taken || !fault.concerns(method, path, now_ms) || !fault.strikes(self.seed, request) {
                continue;
            }
            if fault.to_skip > 0 {
                fault.to_skip -= 1;
                continue;
            }
            fault.met += 1;
            fault.left = fault.left.map(|left| left.saturating_sub(1));
            if fault.kind == FaultKind::Latency {
                met.latency_ms += fault.latency_ms;
            } else if fault.kind.adds_up() {
                met.changes.push(Arc::clone(&fault.details));
            } else {
                met.kind = Some(fault.kind);
                met.retry_after_s = fault.retry_after_s;
                met.details = Arc::clone(&fault.details);
                met.span_ms = fault.latency_ms;
            }
        }
        met
    }
}

impl FaultSpec {
    /// Returns the 503 of a controller that starts.
    pub(crate) fn starting_for(window: TimeSpan) -> Self {
        Self {
            kind: FaultKind::Starting,
            path: String::new(),
            method: None,
            skip: None,
            count: None,
            window: Some(window),
            probability: None,
            latency: None,
            retry_after: None,
            status: None,
            code: None,
            keep: None,
            field: None,
            station: None,
            raw: None,
            to: None,
        }
    }

    /// Returns the mistake in a specification.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if !(0.0..=1.0).contains(&self.probability.unwrap_or(1.0)) {
            return Err("probability must be between 0 and 1");
        }
        self.details().map(drop)
    }

    /// Returns the particulars, or the mistake in them.
    fn details(&self) -> Result<Details, &'static str> {
        let change = match self.kind {
            FaultKind::SetField => {
                Some(FieldChange::Set(self.raw.clone().unwrap_or_else(|| "null".to_owned())))
            }
            FaultKind::RemoveField => Some(FieldChange::Remove),
            FaultKind::RenameField => {
                Some(FieldChange::Rename(self.to.clone().ok_or("rename_field needs to")?))
            }
            _ => None,
        };
        if change.is_some() && self.field.is_none() {
            return Err("the name of the field is missing");
        }
        Ok(Details {
            status: self.status.unwrap_or(500),
            code: self.code.clone().unwrap_or_else(|| "INTERNAL_ERROR".to_owned()),
            keep: self.keep.unwrap_or(1),
            change: change.map(|change| (self.field.clone().unwrap_or_default(), change)),
            station: self.station,
        })
    }
}

impl Fault {
    fn is_in_force(&self, now_ms: i64) -> bool {
        self.left != Some(0) && self.ends_ms.is_none_or(|ends_ms| now_ms < ends_ms)
    }

    fn concerns(&self, method: &str, path: &str, now_ms: i64) -> bool {
        let is_method = self.method.as_deref().is_none_or(|wanted| wanted == method);
        is_method && path.starts_with(&self.path) && self.is_in_force(now_ms)
    }

    fn strikes(&self, seed: u64, request: u64) -> bool {
        let roll = Numbers::of(seed, self.id, request, 0).below(Purpose::Fault, 1_000_000);
        f64::from(u32::try_from(roll).unwrap_or(0)) < self.probability * 1_000_000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(orders: &str) -> FaultPlan {
        let mut plan = FaultPlan::new(1);
        for order in serde_json::from_str::<Vec<FaultSpec>>(orders).unwrap() {
            plan.add(order, 0).unwrap();
        }
        plan
    }

    #[test]
    fn a_counted_fault_ends_after_its_count() {
        let mut plan = plan(r#"[{"kind":"500","path":"/zones","count":2}]"#);
        let kinds: Vec<_> = (0..3).map(|n| plan.meet("GET", "/api/v2/zones", n, 0).kind).collect();
        assert_eq!(kinds, [Some(FaultKind::InternalError), Some(FaultKind::InternalError), None]);
    }

    #[test]
    fn a_fault_that_skips_lets_the_first_requests_pass() {
        let mut plan = plan(r#"[{"kind":"500","skip":2,"count":1}]"#);
        let kinds: Vec<_> = (0..4).map(|n| plan.meet("GET", "/zones", n, 0).kind).collect();
        assert_eq!(kinds, [None, None, Some(FaultKind::InternalError), None]);
    }

    #[test]
    fn a_fault_concerns_its_path_method_and_window_only() {
        let mut plan = plan(r#"[{"kind":"429","path":"/api/v2/zones","method":"put","for":"60s"}]"#);
        assert_eq!(plan.meet("PUT", "/api/v2/stations", 1, 0).kind, None);
        assert_eq!(plan.meet("GET", "/api/v2/zones", 1, 0).kind, None);
        let met = plan.meet("PUT", "/api/v2/zones/1", 1, 0);
        assert_eq!((met.kind, met.retry_after_s), (Some(FaultKind::TooManyRequests), 5));
        assert_eq!(plan.meet("PUT", "/api/v2/zones/1", 1, 60_000).kind, None);
    }

    #[test]
    fn latency_adds_to_another_fault() {
        let mut plan = plan(r#"[{"kind":"latency","latency":"300ms"},{"kind":"html"}]"#);
        let met = plan.meet("GET", "/api/v2/zones", 1, 0);
        assert_eq!((met.latency_ms, met.kind), (300, Some(FaultKind::Html)));
    }

    #[test]
    fn probability_strikes_its_share_and_the_same_requests_again() {
        let strikes = || {
            let mut plan = plan(r#"[{"kind":"down","probability":0.25}]"#);
            (0..1000).filter(|n| plan.meet("GET", "/zones", *n, 0).kind.is_some()).collect::<Vec<_>>()
        };
        assert!((200..300).contains(&strikes().len()));
        assert_eq!(strikes(), strikes());
    }

    #[test]
    fn only_a_certain_down_of_the_whole_api_refuses_connections() {
        assert!(plan(r#"[{"kind":"down"}]"#).refuses_connections(0));
        assert!(plan(r#"[{"kind":"down","path":"/api/v2"}]"#).refuses_connections(0));
        assert!(!plan(r#"[{"kind":"down","path":"/zones"}]"#).refuses_connections(0));
        assert!(!plan(r#"[{"kind":"down","count":1}]"#).refuses_connections(0));
        assert!(!plan(r#"[{"kind":"down","for":"1s"}]"#).refuses_connections(1000));
    }
}
