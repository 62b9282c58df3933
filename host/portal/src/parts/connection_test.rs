use std::sync::atomic::{AtomicU64, Ordering};

use askama::Template;
use askama::filters::HtmlSafe;
use riser_runtime::{ConfigureError, ConnectionDraft, SettingsSchema, TestStage};

use super::{FormErrors, Icon};
use crate::form_input::FormInput;
use crate::running_tests::RunningTest;
use crate::sessions::SignedIn;
use crate::state::PortalState;

/// The setting that names the only trusted certificate, in every kind of connection that has it.
const PIN_SETTING: &str = "certificate_sha256";
const FINGERPRINT_DIGITS: usize = 64;
/// The field with the number of the test.
const NUMBER: &str = "test_number";

/// The number of the next form. A session sees only its own tests.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// The test of a connection in a form: its button, and the stages of the last test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(path = "parts/connection_test.html")]
pub(crate) struct ConnectionTest {
    /// Where the form is sent.
    pub(crate) action: String,
    /// Names the next test of this form.
    pub(crate) number: u64,
    pub(crate) stages: Vec<ShownStage>,
    /// `None` before the first test.
    pub(crate) passed: Option<bool>,
    /// Why nothing was tested.
    pub(crate) refusal: String,
    pub(crate) pin: Option<CertificatePin>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownStage {
    /// The stage in plain words, and its technical name if that is another one.
    pub(crate) name: String,
    pub(crate) technical: String,
    pub(crate) passed: bool,
    pub(crate) finding: String,
    pub(crate) advice: String,
    pub(crate) took_ms: u64,
}

/// A certificate that the test has seen and nobody trusts yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CertificatePin {
    /// The id of the field for the fingerprint.
    pub(crate) field: String,
    pub(crate) fingerprint: String,
}

impl HtmlSafe for ConnectionTest {}

impl ConnectionTest {
    pub(crate) fn not_tested(action: &str) -> Self {
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { action: action.to_owned(), number, ..Self::default() }
    }

    /// Begins the test that a form asks for, so that its stages can be seen.
    pub(crate) fn begin(portal: &PortalState, signed_in: &SignedIn, sent: &FormInput) -> RunningTest {
        let number = sent.text(NUMBER).parse().unwrap_or_default();
        portal.running_tests().begin(signed_in.session, number)
    }

    /// Tests a connection as it is in the form. Returns the errors of its fields if it cannot be tested.
    pub(crate) async fn run(
        portal: &PortalState,
        running: RunningTest,
        draft: &ConnectionDraft,
        (action, schema, prefix): (&str, Option<&SettingsSchema>, &str),
    ) -> Result<Self, ConfigureError> {
        let mut stages = Vec::new();
        let on_stage = |stage: TestStage| {
            running.report(&stage);
            stages.push(stage);
        };
        let tested = portal.runtime().test_connection(draft, on_stage).await;
        let passed = match tested {
            Ok(passed) => passed,
            Err(error @ ConfigureError::Fields(_)) => return Err(error),
            Err(error) => {
                let refusal = FormErrors::of_draft(&error, &[]).at("").unwrap_or_default();
                return Ok(Self { passed: Some(false), refusal, ..Self::not_tested(action) });
            }
        };
        let has_pin = schema.is_some_and(|schema| schema.setting(PIN_SETTING).is_some());
        let failed = stages.iter().find(|stage| stage.passed == Some(false));
        let fingerprint = failed.filter(|_| has_pin).and_then(|stage| fingerprint_in(&stage.advice));
        let pin = fingerprint.map(|fingerprint| CertificatePin {
            field: super::id_of_field(&format!("{prefix}settings.{PIN_SETTING}")),
            fingerprint,
        });
        let stages = stages.iter().filter_map(ShownStage::new).collect();
        Ok(Self { stages, passed: Some(passed), pin, ..Self::not_tested(action) })
    }

    /// Returns the name of the field for the fingerprint.
    pub(crate) fn pin_field(prefix: &str) -> String {
        format!("{prefix}settings.{PIN_SETTING}")
    }

    /// Returns the result in a sentence.
    fn sentence(&self) -> &'static str {
        match self.passed {
            None => "Not tested yet. The test uses the values of the form and saves nothing.",
            Some(true) => "The connection works.",
            Some(false) => "The connection does not work yet.",
        }
    }
}

impl ShownStage {
    /// Returns the name of a stage in plain words.
    pub(super) fn name_of(stage: &str) -> &str {
        match stage {
            "DNS" => "Name",
            "TCP" => "Port",
            "TLS" => "Encryption",
            other => other,
        }
    }

    /// Returns `None` for a stage that has not ended.
    pub(super) fn new(stage: &TestStage) -> Option<Self> {
        let name = Self::name_of(&stage.stage);
        Some(Self {
            name: name.to_owned(),
            technical: if name == stage.stage { String::new() } else { stage.stage.clone() },
            passed: stage.passed?,
            finding: super::capitalised(&stage.finding),
            advice: super::capitalised(&stage.advice),
            took_ms: stage.took_ms,
        })
    }
}

/// Returns the SHA-256 fingerprint in a text.
fn fingerprint_in(text: &str) -> Option<String> {
    let digits = |word: &str| word.replace(':', "").to_ascii_lowercase();
    let is_fingerprint =
        |word: &String| word.len() == FINGERPRINT_DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_whitespace().map(digits).find(is_fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_of_a_certificate_is_found_in_the_advice() {
        let hex = "5b0e91".repeat(10) + "c47d";
        let advice = format!("compare it, then enter {hex} as fingerprint");
        assert_eq!(fingerprint_in(&advice), Some(hex.clone()));
        let colons: Vec<String> = hex
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into())
            .collect();
        assert_eq!(fingerprint_in(&colons.join(":")), Some(hex));
        for other in ["", "compare it", &"g".repeat(64), &"a".repeat(63)] {
            assert_eq!(fingerprint_in(other), None, "{other}");
        }
    }
}
