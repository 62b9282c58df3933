//! A wanted change of the configuration as plain values. Everything that is `None` stays as it is.

use riser_domain::Role;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::inputs::{SecretInput, SettingInputs, exposed_option};

/// A wanted change of the configuration. Objects that it does not name stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfigurationDraft {
    /// The version of the configuration that the draft was made from; a later one refuses the draft.
    pub base_version: Option<i64>,
    pub site: SiteDraft,
    pub ews_servers: Vec<EwsServerDraft>,
    pub connections: Vec<ConnectionDraft>,
    pub schedules: Vec<ScheduleDraft>,
    pub processors: Vec<ProcessorDraft>,
    pub users: Vec<UserDraft>,
}

/// What every object of a draft has. A name that is stored already changes that object, another one adds one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Identity {
    pub name: String,
    /// The current name of the object. It keeps its identity, histories and EWS ids.
    pub renamed_from: Option<String>,
    /// Removes the object. Nothing happens if there is none with this name.
    pub remove: bool,
}

impl Identity {
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// The site of this installation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteDraft {
    /// An empty text removes it: the name of the machine applies.
    pub name: Option<String>,
    /// Such as `Europe/Paris`. An empty text removes it: the time zone of the machine applies.
    pub time_zone: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EwsServerDraft {
    #[serde(flatten)]
    pub identity: Identity,
    pub listen: Option<String>,
    pub path: Option<String>,
    pub realm: Option<String>,
    /// An empty text removes it.
    pub public_url: Option<String>,
    /// Absolute path of a PEM file. An empty text removes it.
    pub certificate: Option<String>,
    /// Absolute path of a PEM file. An empty text removes it.
    pub key: Option<String>,
    pub page_size_items: Option<u32>,
    pub digest: Option<Vec<String>>,
    pub accounts: Vec<AccountDraft>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountDraft {
    #[serde(flatten)]
    pub identity: Identity,
    pub rights: Option<String>,
    pub password: Option<SecretInput>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionDraft {
    #[serde(flatten)]
    pub identity: Identity,
    pub kind: Option<String>,
    pub settings: Option<SettingInputs>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ScheduleDraft {
    #[serde(flatten)]
    pub identity: Identity,
    /// Such as `every 15 min` or `weekly on Mon-Fri at 07:00; zone Europe/Paris`.
    pub rule: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessorDraft {
    #[serde(flatten)]
    pub identity: Identity,
    /// Such as `riser.evce/status`.
    pub class: Option<String>,
    pub connection: Option<String>,
    pub ews_server: Option<String>,
    /// An empty text removes it.
    pub schedule: Option<String>,
    pub active: Option<bool>,
    pub runs_at_start: Option<bool>,
    pub runs_on_schedule: Option<bool>,
    pub manually_startable: Option<bool>,
    pub manually_stoppable: Option<bool>,
    pub memory_limit_mib: Option<u32>,
    pub settings: Option<SettingInputs>,
}

/// A person who may log in to the portal.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserDraft {
    #[serde(flatten)]
    pub identity: Identity,
    #[serde(with = "role_text")]
    pub role: Option<Role>,
    /// From [`hash_new_password`](super::hash_new_password).
    #[serde(with = "exposed_option")]
    pub password_hash: Option<SecretString>,
}

macro_rules! identities {
    ($($draft:ident),*) => {$(
        impl AsRef<Identity> for $draft {
            fn as_ref(&self) -> &Identity {
                &self.identity
            }
        }
    )*};
}

identities!(EwsServerDraft, AccountDraft, ConnectionDraft, ScheduleDraft, ProcessorDraft, UserDraft);

mod role_text {
    use riser_domain::Role;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands over a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(role: &Option<Role>, serializer: S) -> Result<S::Ok, S::Error> {
        role.map(Role::as_str).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
        let word = Option::<String>::deserialize(deserializer)?;
        word.map(|word| word.parse::<Role>().map_err(|_| D::Error::custom("unknown role"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::configuration::inputs::SettingInput;

    #[test]
    fn a_draft_crosses_a_socket_as_json_and_prints_no_secret() {
        let secret = SecretInput::Value("sesame".into());
        let draft = ConfigurationDraft {
            base_version: Some(7),
            ews_servers: vec![EwsServerDraft {
                identity: Identity::named("Building"),
                accounts: vec![AccountDraft {
                    identity: Identity { name: "bms".into(), renamed_from: Some("b".into()), remove: false },
                    password: Some(secret.clone()),
                    ..AccountDraft::default()
                }],
                ..EwsServerDraft::default()
            }],
            connections: vec![ConnectionDraft {
                identity: Identity::named("EVCE"),
                settings: Some(
                    [
                        ("password".to_owned(), SettingInput::Secret(secret)),
                        ("code".to_owned(), SettingInput::Plain("sesame too".into())),
                    ]
                    .into(),
                ),
                ..ConnectionDraft::default()
            }],
            users: vec![UserDraft {
                identity: Identity::named("anna"),
                role: Some(Role::Admin),
                password_hash: Some("sesame hash".into()),
            }],
            ..ConfigurationDraft::default()
        };
        let printed = format!("{draft:?}");
        assert!(!printed.contains("sesame") && printed.contains("Building"), "{printed}");
        let sent = serde_json::to_string(&draft).unwrap();
        let received: ConfigurationDraft = serde_json::from_str(&sent).unwrap();
        assert_eq!(serde_json::to_string(&received).unwrap(), sent);
        let Some(SecretInput::Value(password)) = &received.ews_servers[0].accounts[0].password else {
            panic!("{received:?}")
        };
        assert_eq!(password.expose_secret(), "sesame");
        assert_eq!(received.ews_servers[0].accounts[0].identity.renamed_from.as_deref(), Some("b"));
    }
}
