/// A condition that an administrator should know and can end.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// A stable code, such as `credentials-refused`.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What it affects.
    pub effect: String,
    /// What to do next.
    pub remedy: String,
    /// The setting at fault, by its key, when there is one.
    pub setting: Option<String>,
}
