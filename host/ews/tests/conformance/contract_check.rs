//! Checks against the reference contract, in Python: the validator and the XML parser are independent of
//! ours.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde::Deserialize;

/// An element of a response as parsed by Python, without its namespace.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) attributes: std::collections::BTreeMap<String, String>,
    text: String,
    children: Vec<Node>,
}

impl Node {
    /// The elements at the end of a path such as `GetValuesItems/ValueItem`.
    pub(crate) fn all(&self, path: &str) -> Vec<&Node> {
        path.split('/').fold(vec![self], |found, name| {
            found.into_iter().flat_map(|node| &node.children).filter(|child| child.name == name).collect()
        })
    }

    /// The texts of the elements at the end of a path.
    pub(crate) fn texts(&self, path: &str) -> Vec<&str> {
        self.all(path).into_iter().map(|node| node.text.as_str()).collect()
    }

    /// The text of the only element at the end of a path.
    pub(crate) fn text(&self, path: &str) -> &str {
        let texts = self.texts(path);
        assert_eq!(texts.len(), 1, "{} has one {path}", self.name);
        texts[0]
    }
}

/// A request and its response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckedExchange<'a> {
    pub(crate) request: &'a [u8],
    pub(crate) status: u16,
    pub(crate) content_type: &'a str,
    pub(crate) response: &'a str,
}

#[derive(Deserialize)]
struct Verdict {
    breaches: Vec<String>,
    content: Node,
}

/// Checks a response against the contract and returns its content.
pub(crate) fn check(exchange: CheckedExchange<'_>) -> Node {
    static CHECKER: OnceLock<Mutex<ContractChecker>> = OnceLock::new();
    let mut checker = CHECKER.get_or_init(|| Mutex::new(ContractChecker::start())).lock().unwrap();
    let verdict = checker.check(exchange);
    assert_eq!(verdict.breaches, [""; 0], "{}", exchange.response);
    verdict.content
}

/// The checking process. It ends with its input, at the latest with the test.
struct ContractChecker {
    _process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl ContractChecker {
    fn start() -> Self {
        let mut process = Command::new(python())
            .arg(script("check_responses.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { _process: process, input, output: BufReader::new(output) }
    }

    fn check(&mut self, exchange: CheckedExchange<'_>) -> Verdict {
        let question = serde_json::json!({
            "request_hex": hex::encode(exchange.request),
            "status": exchange.status,
            "content_type": exchange.content_type,
            "response": exchange.response,
        });
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no verdict on {}", exchange.response))
    }
}

/// A file beside these tests.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// A file of the reference contract.
pub(crate) fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// A Python with the packages of `requirements.txt`: the one that `cargo xtask test` prepared, or a private
/// one.
pub(crate) fn python() -> PathBuf {
    std::env::var_os("RISER_TEST_PYTHON").map_or_else(prepared_python, PathBuf::from)
}

fn prepared_python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let directory = target.join("test-python");
    let python = directory.join("bin/python");
    let stamp = directory.join("requirements.installed");
    let wanted = fs::read_to_string(script("requirements.txt")).unwrap();
    // Tests run concurrently in separate processes.
    let turn = File::create(target.join("test-python.lock")).unwrap();
    turn.lock().unwrap();
    if !fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        succeed(Command::new(&python).args(pip).arg(script("requirements.txt")));
        fs::write(stamp, wanted).unwrap();
    }
    python
}

fn succeed(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?} failed");
}
