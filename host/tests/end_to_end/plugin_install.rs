//! Plugins through the portal: upload, check, installation, upgrade, an earlier version, removal. The files come from
//! a real build; those that crash or hang while they are loaded are compiled by the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use riser_domain::ValueState;

use crate::bms::{id_of, read, walk_until_there};
use crate::configuration::ConfigurationFile;
use crate::host::{Host, Installation};
use crate::portal::{ADMIN, ADMIN_PASSWORD, Portal};
use crate::programs;
use crate::waiting::until;

const SERVER: &str = "Example";
const BY_VERSION_2: i64 = 1_000_000;

/// Uploads a file. Returns the address of its page, or the error at the field.
async fn upload(portal: &Portal, name: &str, bytes: &[u8]) -> Result<String, String> {
    let response = portal.upload("/plugins/uploads", name, bytes).await;
    if let Some(location) = response.headers().get("location") {
        return Ok(location.to_str().unwrap().to_owned());
    }
    let page = response.text().await.unwrap();
    let error = page.split("id=\"file-error\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    Err(error.split("<span>").nth(1).unwrap().split("</span>").next().unwrap().to_owned())
}

/// Sends the form with this action. Returns where it leads, or the refusal.
async fn press(portal: &Portal, action: &str, sha256: &str) -> Result<String, String> {
    let response = portal.send(action, &[("sha256".to_owned(), sha256.to_owned())]).await;
    match response.headers().get("location") {
        Some(location) => Ok(location.to_str().unwrap().to_owned()),
        None => Err(response.text().await.unwrap()),
    }
}

fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits for a count of the processor that satisfies the condition.
async fn count_until(host: &Host, what: &str, is_wanted: impl Fn(i64) -> bool) {
    let bms = host.bms(SERVER);
    let count = id_of(&walk_until_there(&bms, "Count").await, "Count").to_owned();
    until(what, async || match read(&bms, &count).await {
        Ok((text, ValueState::Good)) if text.parse().is_ok_and(&is_wanted) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_installed_upgraded_rolled_back_and_removed() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    let version_1 = std::fs::read(programs::library("riser-example")).unwrap();

    let checked = upload(&portal, "example.so", &version_1).await.unwrap();
    let page = portal.page(&checked).await;
    assert!(page.contains("<h1>Example 0.1.0</h1>") && page.contains("Install Example 0.1.0"), "{page}");
    assert!(files(&installation.plugins()).is_empty(), "nothing is installed before it is confirmed");
    let list = portal.page("/plugins").await;
    assert!(list.contains(&format!("<a href=\"{checked}\">Example 0.1.0</a>")), "{list}");
    let installed = press(&portal, &format!("{checked}/install"), "").await.unwrap();
    assert_eq!(installed, "/plugins/riser.example?installed=true");
    assert_eq!(files(&installation.plugins()), ["libriser_example.so"]);
    assert!(portal.page(&installed).await.contains("Example 0.1.0 is installed and in use."));
    assert!(press(&portal, &format!("{checked}/install"), "").await.unwrap_err().contains("no longer there"));

    let file = ConfigurationFile::new().ews_server(SERVER);
    let settings = "settings = { step_every = \"100 ms\" }";
    installation.apply(file.processor("Counter", "riser.example/counter", SERVER, settings).text());
    let host = {
        host.stop();
        installation.start()
    };
    let portal = Portal::sign_in(&host).await;
    count_until(&host, "version 1", |count| (1..BY_VERSION_2).contains(&count)).await;

    let version_2 = std::fs::read(version_2(installation.path())).unwrap();
    let checked = upload(&portal, "example.so", &version_2).await.unwrap();
    let page = portal.page(&checked).await;
    assert!(page.contains("Replaces version 0.1.0") && page.contains(">Counter</a>"), "{page}");
    press(&portal, &format!("{checked}/install"), "").await.unwrap();
    // The processor starts again by itself.
    count_until(&host, "version 2", |count| count >= BY_VERSION_2).await;
    assert_eq!(files(&installation.plugins()), ["libriser_example.so"]);

    let refusal = press(&portal, "/plugins/riser.example/remove", "").await.unwrap_err();
    assert!(refusal.contains("is used by the processor"), "{refusal}");
    let page = portal.page("/plugins/riser.example").await;
    let earlier =
        page.split("name=\"sha256\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    press(&portal, "/plugins/riser.example/restore", &earlier).await.unwrap();
    count_until(&host, "version 1 again", |count| count < BY_VERSION_2).await;

    let audit = portal.page("/audit?subject=plugin").await;
    assert!(audit.contains(&earlier) && audit.contains("instead of version 0.2.0"), "{audit}");
    assert!(host.log().contains("stopped because another version of its plugin was installed"));
    host.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_is_no_plugin_crashes_or_hangs_is_refused_and_leaves_nothing() {
    let installation = Installation::new(&[]);
    installation.add_admin(ADMIN, ADMIN_PASSWORD);
    let host = installation.start();
    let portal = Portal::sign_in(&host).await;
    for (name, load, expected) in [
        ("foreign", "", "foreign.so is a library but not a Riser plugin"),
        ("crash", "std::process::abort()", "signal 6 (aborted)"),
        ("exit", "std::process::exit(0)", "exited with code 0"),
        ("hang", "loop { std::thread::park() }", "10 s"),
    ] {
        let library = std::fs::read(library_that(installation.path(), name, load)).unwrap();
        let error = upload(&portal, &format!("{name}.so"), &library).await.unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!(files(&installation.data().join("uploads")), ["libraries"], "{name}");
        assert!(files(&installation.data().join("uploads/libraries")).is_empty(), "{name}");
        assert!(files(&installation.plugins()).is_empty(), "{name}");
    }
    assert!(portal.page("/plugins").await.contains("No plugin yet"));

    // An unused plugin is removed, and restored from its kept file.
    let example = std::fs::read(programs::library("riser-example")).unwrap();
    let checked = upload(&portal, "example.so", &example).await.unwrap();
    press(&portal, &format!("{checked}/install"), "").await.unwrap();
    press(&portal, "/plugins/riser.example/remove", "").await.unwrap();
    assert!(files(&installation.plugins()).is_empty());
    let page = portal.page("/plugins").await;
    assert!(page.contains("No plugin yet") && page.contains("Restore Example 0.1.0"), "{page}");
    let sha256 = checked.rsplit('/').next().unwrap();
    press(&portal, "/plugins/riser.example/restore", sha256).await.unwrap();
    assert_eq!(files(&installation.plugins()), ["libriser_example.so"]);
    host.stop();
}

/// Builds the example from a copy of its directory, counting from a million.
fn version_2(directory: &Path) -> PathBuf {
    programs::copied_example(directory, "installed-example", |source| {
        source.replace("let mut number = settings.start;", "let mut number = settings.start + 1_000_000;")
    })
}

/// Compiles a library that executes a statement when it is loaded.
fn library_that(directory: &Path, name: &str, load: &str) -> PathBuf {
    let (source, library) = (directory.join(format!("{name}.rs")), directory.join(format!("{name}.so")));
    let text = format!(
        "extern \"C\" fn load() {{ {load} }}\n\
         #[used] #[unsafe(link_section = \".init_array\")] static LOAD: extern \"C\" fn() = load;\n"
    );
    std::fs::write(&source, text).unwrap();
    let mut compile = Command::new(Path::new(env!("CARGO")).with_file_name("rustc"));
    compile.args(["--edition", "2024", "--crate-type", "cdylib", "-o"]).arg(&library).arg(&source);
    assert!(compile.status().unwrap().success(), "{name} does not compile");
    library
}
