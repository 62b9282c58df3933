//! Version 2 of a plugin renames a setting. Version 2 is the example, copied elsewhere as an author would.

use std::path::{Path, PathBuf};

use crate::configuration::ConfigurationFile;
use crate::host::Installation;
use crate::programs;

const SERVER: &str = "Example";
const FILE: &str = "libriser_example.so";

#[test]
fn a_renamed_setting_is_taken_from_the_store_and_from_files_of_either_version() {
    let installation = Installation::new(&[programs::library("riser-example")]);
    let file = |settings: &str| {
        let file = ConfigurationFile::new().ews_server(SERVER);
        file.processor("Counter", "riser.example/counter", SERVER, &format!("settings = {{ {settings} }}"))
            .text()
            .to_owned()
    };
    installation.apply(&file("step_every = \"100 ms\", start = 5"));

    installation.drop_in(&version_2(installation.path()), FILE);
    let exported = installation.run(&["export"]);
    for unchanged in [
        file(""),
        file("step_every = \"100 ms\""),
        file("period = \"100 ms\""),
        file("step_every = \"1 h\", period = \"100 ms\""),
        exported.text,
    ] {
        let applied = installation.try_apply(&unchanged);
        assert!(applied.text.starts_with("nothing changed"), "{}\n{unchanged}", applied.text);
    }
    let old_name = installation.try_apply(&file("step_every = \"2 s\""));
    assert_eq!(old_name.text, "processor \"Counter\" changed: settings.period\n");
    let new_name = installation.try_apply(&file("period = \"3 s\""));
    assert_eq!(new_name.text, "processor \"Counter\" changed: settings.period\n");
    let exported = installation.run(&["export"]).text;
    assert!(exported.contains("period = \"3 s\"") && exported.contains("start = 5"), "{exported}");
    assert!(!exported.contains("step_every"), "{exported}");
    let unknown = installation.try_apply(&file("perriod = \"3 s\""));
    assert!(unknown.text.contains("perriod: "), "{}", unknown.text);
}

/// Builds the example from a copy of its directory, with a setting renamed.
fn version_2(directory: &Path) -> PathBuf {
    let migration = "fn from_1(values: &mut riser_plugin::serde_json::Map<String, riser_plugin::serde_json::Value>) {\n    \
        if let Some(step_every) = values.remove(\"step_every\") {\n        \
        values.entry(\"period\").or_insert(step_every);\n    }\n}\n";
    programs::copied_example(directory, "migrated-example", |source| {
        let derive = "#[derive(Settings)]\npub struct CounterSettings";
        assert!(source.contains(derive) && source.contains("step_every"));
        let source = source.replace("step_every", "period");
        let versioned = derive.replace("pub", "#[settings(version = 2, migrate = from_1)]\npub");
        source.replace(derive, &versioned) + migration
    })
}
