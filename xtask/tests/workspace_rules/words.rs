//! The vocabulary: old words stay out of file names, code, comments, pages, tables and documents.
//!
//! To add a word, add a row to [`WORDS`]. To allow one in some files, add a row to [`EXCEPTIONS`] with the
//! reason.

use std::process::Command;

use crate::workspace;

/// Where a word is an old one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In all text.
    Everywhere,
    /// In code only: in prose the word is plain English.
    Code,
    /// In code, as a whole identifier only: longer names may contain the word.
    Identifier,
}

use Scope::{Code, Everywhere, Identifier};

/// Old word, better word, scope. Lower case: `wish` finds `wish`, `Wish`, `NewWish`, `open_wish`; a word with
/// capitals is matched exactly.
const WORDS: &[(&str, &str, Scope)] = &[
    ("wish", "write", Everywhere),
    ("wishes", "writes", Everywhere),
    ("wished", "requested", Everywhere),
    ("carried_by", "writes_handled_by", Everywhere),
    ("written_by", "published_by", Everywhere),
    ("takes_set_points", "accepts_writes", Everywhere),
    ("carry_out", "execute", Everywhere),
    ("carry_stop", "propagate_stop", Everywhere),
    ("carrier", "SetPointWriter or handler", Everywhere),
    ("receipt", "WriteStatus", Code),
    ("author", "Actor", Code),
    ("vigil", "watchdog", Everywhere),
    ("strays", "orphans", Everywhere),
    ("shelf", "library_cache", Everywhere),
    ("shelve", "copy_in", Everywhere),
    ("shelved", "cached", Everywhere),
    ("crimes", "misbehaving_plugins", Everywhere),
    ("crime", "fault or case", Everywhere),
    ("front_door", "tests", Everywhere),
    ("situation", "testing", Code),
    ("hops", "connection_bar", Code),
    ("HopStrip", "ConnectionBar", Everywhere),
    ("Hop", "Segment", Identifier),
    ("scene", "illustration", Code),
    ("Asked", "RequestContext", Identifier),
    ("standing", "SystemStatus or active", Code),
    ("Reach", "Exposure", Identifier),
    ("welcome", "accept_connection", Code),
    ("entrance", "PortalListener", Everywhere),
    ("told_to_stop", "stopped", Everywhere),
    ("told", "changes", Code),
    ("tell", "notify", Code),
    ("LoginDesk", "DigestAuthenticator", Everywhere),
    ("GuardedStream", "DeadlineStream", Everywhere),
    ("guarded_stream", "deadline_stream", Everywhere),
    ("ConnectionEnds", "ConnectionAddrs", Everywhere),
    ("meet_challenge", "accept_challenge", Everywhere),
    ("HexHash", "HexDigest", Everywhere),
    ("passage", "Permit", Code),
    ("farewell", "final request", Everywhere),
    ("inquiry", "queries", Everywhere),
    ("RunOrder", "RunRequest", Everywhere),
    ("Occurrence", "Event", Identifier),
    ("Evidence", "ExitFacts", Identifier),
    ("Wires", "WorkerChannels", Identifier),
    ("border", "convert", Code),
    ("rare", "call_json", Code),
    ("Heard", "Update", Identifier),
    ("Shape", "Extractor", Identifier),
    ("Here", "Cursor", Identifier),
    ("tell_left_out", "log_skipped", Everywhere),
    ("tell_siblings", "notify_siblings", Everywhere),
    ("take_up", "adopt or insert", Everywhere),
    ("settle", "finish", Code),
    ("judge", "classify", Everywhere),
    ("attend", "serve", Everywhere),
    ("first_look", "initial_status", Everywhere),
    ("doubt", "downgrade", Code),
    ("errand", "target", Everywhere),
    ("needs_somebody", "needs_operator", Everywhere),
    ("may_pass", "is_transient", Everywhere),
    ("may_try_again", "is_retryable", Everywhere),
    ("hot_statements", "bulk_statements", Everywhere),
    ("shared_texts", "string_pool", Everywhere),
    ("AcceptQueue", "GroupCommit", Everywhere),
    ("MovedAside", "Quarantined", Everywhere),
    ("moved_aside", "quarantined", Everywhere),
    ("aside", "quarantined", Code),
    ("one_line", "sanitize_line", Identifier),
    ("from_word", "FromStr", Everywhere),
    ("from_token", "FromStr", Everywhere),
    ("tally", "Summary", Everywhere),
    ("Floor", "Baseline", Identifier),
    ("Figure", "Measurement", Identifier),
    ("Goal", "Target", Identifier),
    ("Diligent", "the rule that the plugin keeps", Everywhere),
    ("Sloppy", "the rule that the plugin breaks", Everywhere),
    ("Thief", "the rule that the plugin breaks", Everywhere),
    ("Grenade", "the rule that the plugin breaks", Everywhere),
    ("announcement", "ready_line", Everywhere),
    ("assemble", "open_data_dir", Code),
    ("PATIENCE", "…_TIMEOUT", Everywhere),
    ("SOON", "…_TIMEOUT", Identifier),
    ("LEAVE_WITHIN", "…_TIMEOUT", Everywhere),
    ("LOOK_EVERY", "…_INTERVAL", Everywhere),
    ("AnswerWriter", "ResponseWriter", Everywhere),
    ("SoapAnswer", "SoapResponse", Everywhere),
    ("BadAnswer", "BadResponse", Everywhere),
    ("answer", "response, reply or \"Returns\"", Everywhere),
    ("answers", "responses, replies or \"Returns\"", Everywhere),
    ("answered", "responded", Everywhere),
    ("StandingReductions", "ActiveReductions", Everywhere),
    ("StandingClock", "FixedClock", Everywhere),
    ("portal-plain", "portal-allow-http", Everywhere),
    ("portal-name", "portal-hostname", Everywhere),
    ("ends-with-stdin", "exit-on-stdin-close", Everywhere),
    ("ends_with_stdin", "exit_on_stdin_close", Everywhere),
];

/// Phrases of the private dialect, matched in prose without regard to case.
const PHRASES: &[(&str, &str)] = &[
    ("what is told", "a noun: message, report"),
    ("is told what", "receives"),
    ("of its own accord", "by itself"),
    ("Nothing lies in here", "This container is empty"),
    ("Read back from the source as", "The device confirmed the value"),
    ("The source said no", "The device rejected the write"),
    ("nobody has read it yet", "no value received yet"),
    ("Its time ran out before", "Expired before"),
    ("--announce", "--print-ready"),
    ("--data ", "--data-dir"),
    ("--plugins ", "--plugin-dir"),
];

/// Path prefix, word, reason. An empty word allows all words.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("xtask/tests/workspace_rules/words.rs", "", "lists the words"),
    ("docs/adr/0", "", "a decision is superseded, never edited"),
    ("docs/adr/README.md", "answers", "titles of decisions"),
    ("host/tests/author_guide.rs", "author", "a plugin author"),
    ("web/static/riser.js", "settle", "an event of htmx"),
    ("xtask/src/demo/guide.rs", "--data ", "an option of curl"),
    ("CHANGELOG.md", "", "history"),
    ("plugin-api/CHANGELOG.md", "", "history"),
    ("LICENSE-", "", "a licence text"),
    ("Cargo.lock", "", "names of packages"),
    ("host/worker-host/tests/contracts/", "", "a plugin of an earlier contract"),
    ("host/ews/tests/reference/", "", "the vendor's contract"),
    ("host/ews/src/wsdl/types.xsd", "", "the vendor's contract"),
    (".sqlx/", "", "generated from the queries"),
    ("web/static/vendor/", "", "foreign code"),
];

/// Extensions of binary files.
const BINARY: &[&str] = &["png", "ico", "woff", "woff2", "gz", "der", "db"];

fn tracked_files() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace()).output().unwrap();
    assert!(listed.status.success(), "git does not list the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect()
}

fn is_excepted(path: &str, word: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(prefix, allowed, _)| path.starts_with(prefix) && (allowed.is_empty() || *allowed == word))
}

/// Splits a line into identifiers: letters, digits, `_` and `-`.
fn identifiers(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').filter(|it| !it.is_empty())
}

/// `GetWishState` and `get_wish-state` as `get_wish_state`.
fn snake_case(identifier: &str) -> String {
    let mut snake = String::with_capacity(identifier.len() + 8);
    let mut was_lower = false;
    for character in identifier.chars() {
        if character.is_uppercase() && was_lower {
            snake.push('_');
        }
        was_lower = character.is_lowercase() || character.is_ascii_digit();
        snake.push(if character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    snake
}

/// Whether an identifier is the word or, unless whole identifiers are compared, contains it as a part.
fn contains(identifier: &str, word: &str, scope: Scope) -> bool {
    if scope == Identifier {
        return identifier == word;
    }
    if word.chars().any(char::is_uppercase) && !word.contains('_') {
        return identifier == word;
    }
    let (snake, word) = (snake_case(identifier), snake_case(word));
    format!("_{snake}_").contains(&format!("_{word}_"))
}

fn is_code(path: &str, line: &str) -> bool {
    let is_source = [".rs", ".py", ".sql", ".js"].iter().any(|extension| path.ends_with(extension));
    let text = line.trim_start();
    is_source && !["//", "#", "--", "*"].iter().any(|comment| text.starts_with(comment))
}

/// A word of [`WORDS`].
type Word = (&'static str, &'static str, Scope);

/// Letters and digits in lower case: a cheap test whether a text can contain a word.
fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words that a text may contain.
fn candidates(text: &str) -> Vec<Word> {
    let compacted = compact(text);
    WORDS.iter().copied().filter(|(word, ..)| compacted.contains(&compact(word))).collect()
}

fn findings_in_line(path: &str, line: &str, is_code: bool, words: &[Word]) -> Vec<String> {
    let mut findings = Vec::new();
    for (word, better, scope) in words {
        let is_in_scope = *scope == Everywhere || is_code;
        if is_in_scope
            && !is_excepted(path, word)
            && identifiers(line).any(|identifier| contains(identifier, word, *scope))
        {
            findings.push(format!("{word} → {better}"));
        }
    }
    findings
}

fn findings_in_file(path: &str, text: &str) -> Vec<String> {
    let words = candidates(text);
    let lower = text.to_lowercase();
    let is_possible = |(phrase, _): &&(&str, &str)| lower.contains(&phrase.to_lowercase());
    let phrases: Vec<_> = PHRASES.iter().filter(is_possible).collect();
    if words.is_empty() && phrases.is_empty() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut found = findings_in_line(path, line, is_code(path, line), &words);
        for (phrase, better) in &phrases {
            if line.to_lowercase().contains(&phrase.to_lowercase()) && !is_excepted(path, phrase) {
                found.push(format!("{phrase} → {better}"));
            }
        }
        findings.extend(found.into_iter().map(|it| format!("{path}:{}: {it}", index + 1)));
    }
    findings
}

#[test]
fn no_file_has_an_old_word() {
    let mut findings = Vec::new();
    for path in tracked_files() {
        if is_excepted(&path, "") || BINARY.iter().any(|extension| path.ends_with(&format!(".{extension}"))) {
            continue;
        }
        let in_name = findings_in_line(&path, &path, true, &candidates(&path));
        findings.extend(in_name.into_iter().map(|it| format!("{path}: {it}")));
        // A tracked file may be deleted in the working tree.
        if let Ok(text) = std::fs::read_to_string(workspace().join(&path)) {
            findings.extend(findings_in_file(&path, &text));
        }
    }
    assert!(findings.is_empty(), "{} old words:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn words_are_found_in_every_form_and_only_as_whole_words() {
    let finds = |line: &str| findings_in_file("a.rs", line);
    for line in ["let wish = 1;", "struct NewWish;", "fn open_wish()", "WISH_LIMIT", "--portal-plain"] {
        assert_eq!(finds(line).len(), 1, "{line}");
    }
    for line in ["wishbone", "let one_liner = 1;", "portal_plainly"] {
        assert!(finds(line).is_empty(), "{line}");
    }
    assert!(findings_in_file("a.md", "a strange situation").is_empty(), "prose may use it");
    assert_eq!(finds("mod situation;"), ["a.rs:1: situation → testing"]);
    assert_eq!(findings_in_file("a.html", "<p>nobody has read it yet</p>").len(), 1);
}

#[test]
fn every_exception_has_a_reason_and_is_needed() {
    let files = tracked_files();
    for (prefix, _, reason) in EXCEPTIONS {
        assert!(!reason.is_empty(), "{prefix}");
        assert!(files.iter().any(|path| path.starts_with(prefix)), "{prefix} excepts no file");
    }
}
