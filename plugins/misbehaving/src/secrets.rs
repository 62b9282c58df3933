use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

#[derive(Settings)]
pub(crate) struct SecretSettings {
    /// A secret.
    token: Secret<String>,
    /// Write the secret to the log.
    #[setting(default = false)]
    tells: bool,
}

/// Has a secret, and tells it if it is set so.
pub(crate) struct TellsSecret;

impl Processor for TellsSecret {
    type Settings = SecretSettings;
    const CLASS: Class = Class::scheduled("tells-secret", "Tells a secret")
        .about("Has a secret, and writes it to the log if it is set so.");

    fn run(&self, host: &Host, settings: SecretSettings) -> Outcome {
        let text = if settings.tells { settings.token.expose().as_str() } else { "it tells nothing" };
        host.log(LogLevel::Info, text);
        Ok(())
    }
}
