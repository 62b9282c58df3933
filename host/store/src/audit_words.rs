//! Details of the audit trail in words.

use std::fmt::Write as _;

use riser_domain::{ConfigurationId, Connection, EwsServer, ProcessorConfiguration, Value};

use crate::{ConfigurationTransaction, StoreError, stored_names};

/// Puts the former name of a renamed object before its details.
pub(crate) fn with_old_name(old: &str, new: &str, details: &str) -> String {
    if old == new { details.to_owned() } else { format!("renamed from {old:?}, {details}") }
}

pub(crate) fn ews_server(server: &EwsServer) -> String {
    let EwsServer { listen, path, realm, page_size_items, .. } = server;
    let mut words = format!("listens on {}://{listen}, path {path}, realm {realm:?}", server.scheme());
    let mut add = |key: &str, text: &str| {
        let _infallible = write!(words, ", {key} {text}");
    };
    if let Some(url) = &server.public_url {
        add("public URL", url);
    }
    if let Some(tls) = &server.tls {
        add("certificate", &format!("{:?}", tls.certificate));
        add("key", &format!("{:?}", tls.key));
    }
    add("page size", &format!("{page_size_items} items"));
    let digest: Vec<&str> = server.digest_order.iter().map(|algorithm| algorithm.as_str()).collect();
    add("digest", &digest.join(" and "));
    words
}

pub(crate) fn connection(connection: &Connection) -> String {
    format!("kind {}, settings {}", connection.kind, connection.settings_json)
}

pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::DateTime(moment) => moment.to_string(),
        Value::Boolean(is_true) => is_true.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Double(number) => number.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::DurationMs(ms) => format!("{ms} ms"),
    }
}

impl ConfigurationTransaction {
    pub(crate) async fn processor_words(
        &mut self,
        processor: &ProcessorConfiguration,
    ) -> Result<String, StoreError> {
        let mut words = format!("class {}", processor.class);
        let mut add = |text: &str| {
            let _infallible = write!(words, ", {text}");
        };
        let mut named = |kind: &str, name: Option<String>| {
            if let Some(name) = name {
                add(&format!("{kind} {name:?}"));
            }
        };
        if let Some(id) = processor.connection {
            named("connection", stored_names::of_connection(&mut self.transaction, id).await?);
        }
        named("EWS server", stored_names::of_ews_server(&mut self.transaction, processor.ews_server).await?);
        if let Some(id) = processor.schedule {
            named("schedule", stored_names::of_schedule(&mut self.transaction, id).await?);
        }
        let flags = processor.flags;
        for (is_on, on, off) in [
            (flags.active, "active", "not active"),
            (flags.runs_at_start, "runs at start", "does not run at start"),
            (flags.runs_on_schedule, "runs on schedule", "does not run on schedule"),
            (flags.manually_startable, "may be started by hand", "may not be started by hand"),
            (flags.manually_stoppable, "may be stopped by hand", "may not be stopped by hand"),
        ] {
            add(if is_on { on } else { off });
        }
        add(&format!("memory limit {} MiB", processor.memory_limit_mib));
        add(&format!("settings {}", processor.settings_json));
        Ok(words)
    }

    pub(crate) async fn processor_name(&mut self, id: ConfigurationId) -> Result<String, StoreError> {
        stored_names::of_processor(&mut self.transaction, id)
            .await?
            .ok_or(StoreError::Gone("a processor configuration"))
    }
}

#[cfg(test)]
mod tests {
    use riser_domain::Timestamp;

    use super::*;

    #[test]
    fn a_value_is_plain_text_on_one_line() {
        assert_eq!(value(&Value::Double(50.0)), "50");
        assert_eq!(value(&Value::Double(-0.25)), "-0.25");
        assert_eq!(value(&Value::Boolean(true)), "true");
        assert_eq!(value(&Value::String("a\nb".into())), "\"a\\nb\"");
        assert_eq!(value(&Value::DateTime(Timestamp::EPOCH)), "1970-01-01T00:00:00.000Z");
    }
}
