use std::net::SocketAddr;

use riser_domain::{DigestAlgorithm, EwsServer, EwsServerId, EwsTls, sanitize_line};

use super::accounts::AccountsOwner;
use super::certificates;
use super::identity::{EWS_SERVER, match_identities};
use super::{Action, Basis, Differences, Errors, Planned, PlannedAccount, SecretChange, accounts, lines_of};
use crate::configuration::draft::EwsServerDraft;
use crate::configuration::field_path::FieldPath;
use crate::configuration::plan::PlanLine;

/// With fewer items on a page, a BMS would never finish reading.
pub(in crate::configuration) const SMALLEST_PAGE_ITEMS: u32 = 100;
/// Longest path, realm and URL in bytes. Clients have limits for lines of a header, too.
const LONGEST_TEXT_BYTES: usize = 500;

const LISTEN: &str = "listen takes an address and a port such as 127.0.0.1:51358";
const PATH: &str = "path takes the path of the service such as /EcoStruxure/DataExchange: parts of letters, digits \
                    and -._~ after a slash each, escapes such as %20, but no empty part, . or ..; at most 500 \
                    characters";
const DIGEST: &str = "digest takes a list of \"SHA-256\" and \"MD5\", each at most once";
const REALM: &str =
    "realm takes one line of at most 500 plain characters without quotes, backslashes and commas";
const PUBLIC_URL: &str = "public_url takes the address that clients use, such as http://bms.example:51358/path; at most 500 characters";

pub(super) fn check(
    drafts: &[EwsServerDraft],
    basis: &Basis<'_>,
    errors: &mut Errors,
    lines: &mut Vec<PlanLine>,
) -> (Vec<Planned<EwsServer>>, Vec<PlannedAccount>) {
    let stored_servers = &basis.current.configuration.ews_servers;
    let names: Vec<&str> = stored_servers.iter().map(|server| server.name.as_str()).collect();
    let mut planned = Vec::new();
    let mut accounts = Vec::new();
    let mut paths = Vec::new();
    for matched in match_identities(EWS_SERVER, &FieldPath::default(), drafts, &names, errors) {
        let stored = matched.stored.map(|index| &stored_servers[index]);
        if let (true, Some(stored)) = (matched.removes, stored) {
            lines.push(PlanLine::removal(format!(
                "EWS server {:?} removed, with its accounts and items",
                stored.name
            )));
            planned.push(Planned::removed(stored.clone()));
        } else {
            let server = wanted(matched.draft, stored, &matched.path, errors);
            let name = server.name.clone();
            let secrets = SecretChange::default();
            lines_of("EWS server", (names_of(stored), &name), &differences(stored, &server), &secrets, lines);
            planned.push(Planned::wanted(stored, server, secrets));
            let owner =
                AccountsOwner { id: stored.map(|stored| stored.id), name: &name, path: &matched.path };
            accounts.extend(accounts::check(owner, &matched.draft.accounts, basis, errors, lines));
        }
        paths.push(matched.path);
    }
    check_addresses(&planned, &paths, stored_servers, errors);
    (planned, accounts)
}

fn names_of(stored: Option<&EwsServer>) -> Option<&str> {
    stored.map(|stored| stored.name.as_str())
}

fn wanted(
    draft: &EwsServerDraft,
    stored: Option<&EwsServer>,
    path: &FieldPath,
    errors: &mut Errors,
) -> EwsServer {
    let mut server = stored.cloned().unwrap_or_else(|| EwsServer {
        id: EwsServerId(0),
        name: String::new(),
        listen: "127.0.0.1:51358".to_owned(),
        path: EwsServer::DEFAULT_PATH.to_owned(),
        realm: "Riser".to_owned(),
        public_url: None,
        tls: None,
        page_size_items: EwsServer::DEFAULT_PAGE_SIZE_ITEMS,
        digest_order: vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5],
    });
    server.name.clone_from(&draft.identity.name);
    // One address has several spellings; they are compared as text.
    let listen = draft.listen.as_ref().map(|text| match text.parse::<SocketAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => text.clone(),
    });
    let is_listen = |text: &str| text.parse::<SocketAddr>().is_ok();
    // Some clients split a challenge at every comma.
    let is_realm = |text: &str| {
        !text.trim().is_empty()
            && text.len() <= LONGEST_TEXT_BYTES
            && text.is_ascii()
            && !text.contains(['"', '\\', ','])
            && is_one_line(text)
    };
    take(&mut server.listen, listen.as_ref(), is_listen, (&path.key("listen"), LISTEN), errors);
    take(&mut server.path, draft.path.as_ref(), is_path, (&path.key("path"), PATH), errors);
    take(&mut server.realm, draft.realm.as_ref(), is_realm, (&path.key("realm"), REALM), errors);
    match draft.public_url.as_deref() {
        None => {}
        Some("") => server.public_url = None,
        Some(url) if is_url(url) => server.public_url = Some(url.to_owned()),
        Some(_) => errors.add(&path.key("public_url"), PUBLIC_URL),
    }
    certificates::take(&mut server.tls, draft, path, errors);
    if let Some(items) = draft.page_size_items {
        server.page_size_items = items;
        if items < SMALLEST_PAGE_ITEMS {
            errors.add(
                &path.key("page_size_items"),
                format!("page_size_items takes {SMALLEST_PAGE_ITEMS} or more"),
            );
        }
    }
    if let Some(tokens) = &draft.digest {
        let order: Option<Vec<_>> =
            tokens.iter().map(|token| token.parse::<DigestAlgorithm>().ok()).collect();
        let is_right = |order: &Vec<DigestAlgorithm>| {
            let is_twice = |(index, it)| order[..index].contains(it);
            !order.is_empty() && !order.iter().enumerate().any(is_twice)
        };
        match order.filter(is_right) {
            Some(order) => server.digest_order = order,
            None => errors.add(&path.key("digest"), DIGEST),
        }
    }
    server
}

/// Whether clients request this path exactly as it is written. They resolve `.` and `..`, and escape other
/// characters.
fn is_path(text: &str) -> bool {
    let Some(parts) = text.strip_prefix('/').filter(|_| text.len() <= LONGEST_TEXT_BYTES) else {
        return false;
    };
    parts.strip_suffix('/').unwrap_or(parts).split('/').all(is_path_part)
}

fn is_path_part(part: &str) -> bool {
    let is_dots = matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "" | "." | "..");
    let mut escapes = part.split('%');
    let is_plain = |text: &str| text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it));
    let is_escape =
        |text: &str| text.get(..2).is_some_and(|digits| digits.bytes().all(|it| it.is_ascii_hexdigit()));
    !is_dots
        && escapes.next().is_some_and(is_plain)
        && escapes.all(|escape| is_escape(escape) && is_plain(escape))
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn is_url(address: &str) -> bool {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':', '?', '#']))
        && address.len() <= LONGEST_TEXT_BYTES
        && sanitize_line(address) == address
        && !address.contains(['"', '<', ' '])
}

/// Copies a valid text.
fn take(
    target: &mut String,
    given: Option<&String>,
    is_right: impl Fn(&str) -> bool,
    (path, takes): (&FieldPath, &str),
    errors: &mut Errors,
) {
    match given {
        Some(given) if is_right(given) => target.clone_from(given),
        Some(_) => errors.add(path, takes),
        None => {}
    }
}

fn differences(stored: Option<&EwsServer>, server: &EwsServer) -> Differences {
    let mut found = Differences::default();
    let Some(stored) = stored else { return found };
    found.field("listen", &stored.listen, &server.listen, |it| format!("{it:?}"));
    found.field("path", &stored.path, &server.path, |it| format!("{it:?}"));
    found.field("realm", &stored.realm, &server.realm, |it| format!("{it:?}"));
    found.field("public_url", &stored.public_url, &server.public_url, |it| {
        format!("{:?}", it.as_deref().unwrap_or(""))
    });
    let of = |server: &EwsServer, file: fn(&EwsTls) -> &String| server.tls.as_ref().map(file).cloned();
    for (key, file) in certificates::FILES {
        found.field(key, &of(stored, file), &of(server, file), |it| {
            format!("{:?}", it.as_deref().unwrap_or(""))
        });
    }
    found.field("page_size_items", &stored.page_size_items, &server.page_size_items, ToString::to_string);
    found.field("digest", &stored.digest_order, &server.digest_order, |order| {
        let tokens: Vec<&str> = order.iter().map(|algorithm| algorithm.as_str()).collect();
        format!("{tokens:?}")
    });
    found
}

/// No two servers have one address and path, and servers with one address have one certificate. A path is served
/// with and without a final slash.
fn check_addresses(
    planned: &[Planned<EwsServer>],
    paths: &[FieldPath],
    stored: &[EwsServer],
    errors: &mut Errors,
) {
    let untouched = stored.iter().filter(|stored| planned.iter().all(|it| it.value.id != stored.id));
    let mut seen: Vec<&EwsServer> = untouched.collect();
    for (server, path) in planned.iter().zip(paths) {
        if server.action == Action::Remove {
            continue;
        }
        let without_slash = |server: &EwsServer| server.path.trim_end_matches('/').to_owned();
        let is_same = |other: &&&EwsServer| {
            other.listen == server.value.listen && without_slash(other) == without_slash(&server.value)
        };
        if let Some(other) = seen.iter().find(is_same) {
            let message = format!("the EWS server {:?} has this address and path already", other.name);
            errors.add(&path.key("path"), message);
        }
        let has_other_certificate =
            |other: &&&EwsServer| other.listen == server.value.listen && other.tls != server.value.tls;
        if let Some(other) = seen.iter().find(has_other_certificate) {
            let message = format!(
                "the EWS server {:?} has this address with another certificate or none; give both the same \
                 certificate and key, or another address",
                other.name
            );
            errors.add(&path.key("certificate"), message);
        }
        seen.push(&server.value);
    }
}
