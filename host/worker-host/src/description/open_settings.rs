//! Stored values and opened secrets, put together for a worker.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::check::SettingValues;

/// Returns all settings, secrets included. The only form in which they meet; it goes into a frame and nowhere else.
pub fn open_settings(values: SettingValues, secrets: &[(String, SecretString)]) -> Value {
    let mut all = Value::Object(values);
    for (path, secret) in secrets {
        if let Some(place) = place(&mut all, path) {
            *place = Value::String(secret.expose_secret().to_owned());
        }
    }
    all
}

/// The value at a path such as `accounts[0].password`, made when its group exists; `None` when a list got
/// shorter since the secret was stored.
fn place<'value>(root: &'value mut Value, path: &str) -> Option<&'value mut Value> {
    let mut here = root;
    for step in path.split('.') {
        let (key, indexes) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
        here = here.as_object_mut()?.entry(key).or_insert(Value::Null);
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            here = here.as_array_mut()?.get_mut(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_return_to_where_they_were_taken_from() {
        let Value::Object(values) = json!({ "base_url": "https://a", "proxies": [{ "host": "a" }] }) else {
            unreachable!()
        };
        let secret = |path: &str, text: &str| (path.to_owned(), SecretString::from(text));
        let secrets = [
            secret("password", "one"),
            secret("proxies[0].password", "two"),
            secret("proxies[7].password", "of an entry that is gone"),
        ];
        let opened = open_settings(values, &secrets);
        assert_eq!(
            opened,
            json!({
                "base_url": "https://a", "password": "one", "proxies": [{ "host": "a", "password": "two" }]
            })
        );
    }
}
