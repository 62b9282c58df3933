//! Writes the configuration as a file that [`ConfigurationFile`](super::ConfigurationFile) reads back without a
//! difference.

use std::collections::HashSet;
use std::fmt::Write as _;

use riser_domain::{ConfigurationId, ProcessorConfiguration, sanitize_line};
use riser_store::{Configuration, Site};
use serde_json::Value as Json;
use toml::{Table, Value};

const HEAD: &str = "\
# The configuration of Riser, as `riser export` wrote it. `riser plan FILE` compares it, `riser apply FILE` applies it.
# An empty text says that there is none.
";

const SECRETS: &str = "\
#
# Secrets are not in this file; each one is read from its environment variable. While the variable is not set, the
# secret that is stored already is kept (or_stored).
";

/// The parts of a configuration to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportScope {
    All,
    /// Without the processors that are not active.
    WithoutDisabled,
    /// One processor, without the objects that it names.
    Processor(ConfigurationId),
}

struct Export<'a> {
    now: &'a Configuration,
    body: String,
    /// The variables and the owners of their secrets.
    variables: Vec<(String, String)>,
    taken: HashSet<String>,
}

/// Writes a configuration as a TOML file, objects in the order of their names.
pub fn export(configuration: &Configuration, scope: ExportScope) -> String {
    let mut export =
        Export { now: configuration, body: String::new(), variables: Vec::new(), taken: HashSet::new() };
    if !matches!(scope, ExportScope::Processor(_)) {
        export.site();
        export.ews_servers();
        export.connections();
        export.schedules();
    }
    export.processors(scope);
    let mut text = HEAD.to_owned();
    if !export.variables.is_empty() {
        text.push_str(SECRETS);
    }
    for (variable, whose) in &export.variables {
        let _infallible = writeln!(text, "#   {variable}  {}", sanitize_line(whose));
    }
    text + &export.body
}

impl Export<'_> {
    fn line(&mut self, key: &str, value: impl Into<Value>) {
        let value: Value = value.into();
        let _infallible = writeln!(self.body, "{} = {value}", key_text(key));
    }

    fn table(&mut self, name: &str) {
        let _infallible = writeln!(self.body, "\n{name}");
    }

    /// Returns the variable of a secret. Its name depends on the names of the objects only.
    fn placeholder(&mut self, parts: &[&str], whose: String) -> Value {
        let plain = |text: &str| -> String {
            text.chars()
                .map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' })
                .collect()
        };
        let base = parts.iter().fold("RISER".to_owned(), |name, part| format!("{name}_{}", plain(part)));
        let numbered = (2_u32..).map(|number| format!("{base}_{number}"));
        let variable = std::iter::once(base.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let variable = variable.unwrap_or(base);
        self.taken.insert(variable.clone());
        self.variables.push((variable.clone(), whose));
        let mut placeholder = Table::new();
        placeholder.insert("env".to_owned(), variable.into());
        placeholder.insert("or_stored".to_owned(), true.into());
        Value::Table(placeholder)
    }

    fn site(&mut self) {
        let site = &self.now.site;
        if *site == Site::default() {
            return;
        }
        self.table("[site]");
        self.line("name", site.name.as_deref().unwrap_or_default());
        self.line("time_zone", site.time_zone.as_deref().unwrap_or_default());
    }

    fn ews_servers(&mut self) {
        for server in &self.now.ews_servers {
            self.table("[[ews_server]]");
            self.line("name", server.name.as_str());
            self.line("listen", server.listen.as_str());
            self.line("path", server.path.as_str());
            self.line("realm", server.realm.as_str());
            self.line("public_url", server.public_url.as_deref().unwrap_or_default());
            let tls = server.tls.as_ref();
            self.line("certificate", tls.map_or("", |tls| tls.certificate.as_str()));
            self.line("key", tls.map_or("", |tls| tls.key.as_str()));
            self.line("page_size_items", i64::from(server.page_size_items));
            let digest: Vec<Value> = server.digest_order.iter().map(|it| it.as_str().into()).collect();
            self.line("digest", digest);
            for account in self.now.accounts.iter().filter(|account| account.ews_server == server.id) {
                self.table("[[ews_server.account]]");
                self.line("name", account.name.as_str());
                self.line("rights", account.rights.as_str());
                if account.password.is_some() {
                    let whose = format!("password of account {:?} of {:?}", account.name, server.name);
                    let placeholder = self.placeholder(&["account", &server.name, &account.name], whose);
                    self.line("password", placeholder);
                }
            }
        }
    }

    fn connections(&mut self) {
        for connection in &self.now.connections {
            self.table("[[connection]]");
            self.line("name", connection.name.as_str());
            self.line("kind", connection.kind.as_str());
            let of = ("connection", connection.name.as_str());
            self.settings(of, &connection.settings_json, &connection.secret_keys);
        }
    }

    fn schedules(&mut self) {
        for schedule in &self.now.schedules {
            self.table("[[schedule]]");
            self.line("name", schedule.name.as_str());
            self.line("rule", schedule.rule.to_string());
        }
    }

    fn processors(&mut self, scope: ExportScope) {
        let now = self.now;
        let is_wanted = |processor: &&ProcessorConfiguration| match scope {
            ExportScope::All => true,
            ExportScope::WithoutDisabled => processor.flags.active,
            ExportScope::Processor(id) => processor.id == id,
        };
        for processor in now.processors.iter().filter(is_wanted) {
            let server = now.ews_servers.iter().find(|it| it.id == processor.ews_server);
            let connection = now.connections.iter().find(|it| Some(it.id) == processor.connection);
            let schedule = now.schedules.iter().find(|it| Some(it.id) == processor.schedule);
            self.table("[[processor]]");
            self.line("name", processor.name.as_str());
            self.line("class", processor.class.to_string());
            if let Some(connection) = connection {
                self.line("connection", connection.name.as_str());
            }
            self.line("ews_server", server.map_or("", |server| server.name.as_str()));
            self.line("schedule", schedule.map_or("", |schedule| schedule.name.as_str()));
            let flags = processor.flags;
            self.line("active", flags.active);
            self.line("runs_at_start", flags.runs_at_start);
            self.line("runs_on_schedule", flags.runs_on_schedule);
            self.line("manually_startable", flags.manually_startable);
            self.line("manually_stoppable", flags.manually_stoppable);
            self.line("memory_limit_mib", i64::from(processor.memory_limit_mib));
            let of = ("processor", processor.name.as_str());
            self.settings(of, &processor.settings_json, &processor.secret_keys);
        }
    }

    fn settings(&mut self, (kind, name): (&str, &str), json: &str, secret_keys: &[String]) {
        let values: Json = serde_json::from_str(json).unwrap_or_default();
        let Some(Value::Table(mut settings)) = toml_of(&values) else { return };
        for key in secret_keys {
            let placeholder = self.placeholder(&[kind, name, key], format!("{key} of {kind} {name:?}"));
            put(&mut settings, key, placeholder);
        }
        if settings.is_empty() {
            return;
        }
        let _infallible = writeln!(self.body, "[{kind}.settings]");
        for (key, value) in settings {
            self.line(&key, value);
        }
    }
}

/// Puts a value at the path of a setting such as `accounts[0].password`.
fn put(settings: &mut Table, path: &str, placeholder: Value) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (key, indexes) = step.split_once('[').map_or((step, None), |(key, indexes)| (key, Some(indexes)));
    let mut here = settings.entry(key).or_insert_with(|| match (indexes, rest) {
        (Some(_), _) => Value::Array(Vec::new()),
        (None, _) => Value::Table(Table::new()),
    });
    for index in indexes.into_iter().flat_map(|indexes| indexes.split('[')) {
        let index = index.trim_end_matches(']').parse::<usize>().unwrap_or(usize::MAX);
        let Some(entries) = here.as_array_mut() else { return };
        if index == entries.len() {
            entries.push(Value::Table(Table::new()));
        }
        let Some(entry) = entries.get_mut(index) else { return };
        here = entry;
    }
    match (rest, here) {
        (None, here) => *here = placeholder,
        (Some(rest), Value::Table(group)) => put(group, rest, placeholder),
        (Some(_), _) => {}
    }
}

/// Returns a stored value as TOML; `None` for null.
fn toml_of(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(truth) => Value::Boolean(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(entries) => Value::Array(entries.iter().filter_map(toml_of).collect()),
        Json::Object(values) => {
            let converted = values.iter().filter_map(|(key, value)| Some((key.clone(), toml_of(value)?)));
            Value::Table(converted.collect())
        }
    })
}

fn key_text(key: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.bytes().all(is_bare) { key.to_owned() } else { Value::from(key).to_string() }
}
