//! Combines stored values and decrypted secrets for a worker.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::check::SettingValues;

/// Returns all settings with their secrets. The result must only be used in a frame.
pub fn open_settings(values: SettingValues, secrets: &[(String, SecretString)]) -> Value {
    let mut all = Value::Object(values);
    for (path, secret) in secrets {
        if let Some(target) = value_at(&mut all, path) {
            *target = Value::String(secret.expose_secret().to_owned());
        }
    }
    all
}

/// Returns the value at a path such as `accounts[0].password`, and creates it in an existing group. `None` if a list
/// is shorter than when the secret was stored.
fn value_at<'value>(root: &'value mut Value, path: &str) -> Option<&'value mut Value> {
    let mut current = root;
    for step in path.split('.') {
        let (key, indexes) = step.split_once('[').map_or((step, ""), |(key, rest)| (key, rest));
        current = current.as_object_mut()?.entry(key).or_insert(Value::Null);
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            current = current.as_array_mut()?.get_mut(index.trim_end_matches(']').parse::<usize>().ok()?)?;
        }
    }
    Some(current)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_inserted_at_their_paths() {
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
