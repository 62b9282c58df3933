use riser_plugin::LogLevel;
use riser_plugin::prelude::*;

#[derive(Settings)]
pub(crate) struct SecretSettings {
    /// A secret.
    token: Secret<String>,
    /// Write the secret to the log.
    #[setting(default = false)]
    logs: bool,
}

/// Has a secret, and logs it if its settings say so.
pub(crate) struct LogsSecret;

impl Processor for LogsSecret {
    type Settings = SecretSettings;
    const CLASS: Class = Class::scheduled("logs-secret", "Logs a secret")
        .about("Has a secret, and writes it to the log if it is set so.");

    fn run(&self, host: &Host, settings: SecretSettings) -> Outcome {
        let text = if settings.logs { settings.token.expose().as_str() } else { "it logs nothing" };
        host.log(LogLevel::Info, text);
        Ok(())
    }
}
