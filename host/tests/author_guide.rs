//! Executes `docs/plugin-authors/first-plugin.md`: writes its files and runs its commands unchanged.

#![expect(clippy::unwrap_used, reason = "what fails in a test may panic")]

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use riser_ews::client::{ClientOptions, EwsClient};

const RISER: &str = env!("CARGO_BIN_EXE_riser");
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const PASSWORD: &str = "a long password";

/// A generous limit, also for a busy machine.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A fenced block of the guide: its language, its text, and the file that the line before it names.
struct Block {
    language: String,
    text: String,
    file: Option<String>,
}

fn blocks(guide: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut file = None;
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block { language: language.to_owned(), text: text.join("\n"), file: file.take() });
        } else if line.ends_with(':') {
            file = line.rsplit('`').nth(1).map(str::to_owned);
        }
    }
    blocks
}

/// The directory of the guide's plugin, next to this workspace as `riser`.
struct Author {
    directory: tempfile::TempDir,
}

impl Author {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        symlink(Path::new(WORKSPACE).canonicalize().unwrap(), directory.path().join("riser")).unwrap();
        std::fs::write(directory.path().join("room-temperature"), "21500").unwrap();
        Self { directory }
    }

    fn plugin(&self) -> PathBuf {
        self.directory.path().join("thermometer")
    }

    /// Writes a file of the guide; ports may be taken, and only root writes to /etc.
    fn write(&self, file: &str, text: &str) {
        let temperature = self.directory.path().join("room-temperature");
        let text = text.replace("127.0.0.1:51358", "127.0.0.1:0");
        let text = text.replace("/etc/room-temperature", temperature.to_str().unwrap());
        std::fs::write(self.plugin().join(file), text).unwrap();
    }

    /// A command of the guide, in the directory of the plugin once there is one, with the program under test.
    fn shell(&self, script: &str) -> Command {
        let script = script.replace("../riser/target/debug/riser", RISER);
        let mut shell = Command::new("sh");
        shell.args(["-euc", &script]).env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
        shell.env("EWS_PASSWORD", PASSWORD);
        shell.current_dir(if self.plugin().exists() {
            self.plugin()
        } else {
            self.directory.path().to_owned()
        });
        shell
    }

    fn execute(&self, script: &str) {
        let output = self.shell(script).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{}\n{said}", String::from_utf8_lossy(&output.stdout));
    }

    /// Reuses the build output of other tests with a copied plugin.
    fn share_target_dir(&self) {
        let target = self.plugin().join("target");
        if !target.exists() {
            let shared = Path::new(RISER).ancestors().nth(2).unwrap().join("copied-example");
            std::fs::create_dir_all(&shared).unwrap();
            symlink(shared, target).unwrap();
        }
    }

    /// Starts Riser with the guide's command and waits until it serves this value.
    async fn serve_until(&self, line: &str, id: &str, expected: &str) {
        let mut shell = self
            .shell(&format!("exec {line} --portal-listen 127.0.0.1:0 --print-ready --exit-on-stdin-close"));
        let mut riser =
            shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut announced = String::new();
        BufReader::new(riser.stdout.take().unwrap()).read_line(&mut announced).unwrap();
        let announced: serde_json::Value = serde_json::from_str(&announced).unwrap();
        let bms = EwsClient::new(ClientOptions {
            url: announced["ews_servers"][0]["url"].as_str().unwrap().parse().unwrap(),
            user_name: "bms".to_owned(),
            password: PASSWORD.into(),
            time_limit: Duration::from_secs(30),
        })
        .unwrap();
        let deadline = Instant::now() + LONGEST_WAIT;
        loop {
            let response = bms.values(&[id]).await.unwrap();
            if response.values.first().is_some_and(|value| value.text == expected) {
                break;
            }
            assert!(Instant::now() < deadline, "{id} never was {expected}: {response:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(riser.stdin.take());
        assert!(riser.wait().unwrap().success());
    }
}

#[tokio::test]
async fn the_guide_leads_from_an_empty_directory_to_live_values() {
    let author = Author::new();
    let guide = Path::new(WORKSPACE).join("docs/plugin-authors/first-plugin.md");
    for block in blocks(&std::fs::read_to_string(guide).unwrap()) {
        match block.file {
            Some(file) => author.write(&file, &block.text),
            None if block.text.contains("riser serve") => {
                author.serve_until(&block.text, "t1.room/temperature", "21.5").await;
            }
            None => {
                assert_eq!(block.language, "sh", "{}", block.text);
                author.execute(&block.text);
                author.share_target_dir();
            }
        }
    }
}
