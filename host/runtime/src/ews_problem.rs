//! The problem of an EWS server that cannot be served as configured.

use std::io::ErrorKind;
use std::net::SocketAddr;

use riser_domain::{EwsServer, EwsServerId, Problem};
use riser_ews::{ListenCause, ListenError};

/// Where a server is served meanwhile.
#[derive(Debug)]
pub(crate) enum Place<'a> {
    /// Where it was, with these settings.
    Kept { server: &'a EwsServer, local: SocketAddr },
    /// Nowhere: another server is served where it was.
    Lost { local: SocketAddr, successor: String },
    /// Nowhere.
    None,
}

/// Describes why a server cannot be served. `blocker` is another EWS server that has its address.
pub(crate) fn listen_problem(
    server: &EwsServer,
    error: &ListenError,
    place: &Place<'_>,
    blocker: Option<&str>,
) -> Problem {
    let (name, listen, why) = (&server.name, &server.listen, &error.source);
    let is_moving = matches!(place, Place::Kept { server: kept, .. } if kept.listen != *listen);
    let what = match (why, is_moving) {
        (ListenCause::Socket(_), true) => format!("EWS server {name} cannot move to {listen}: {why}"),
        (ListenCause::Socket(_), false) => format!("EWS server {name}: {error}: {why}"),
        (ListenCause::Tls(_), _) => format!("EWS server {name} cannot use its certificate: {why}"),
    };
    let effect = match (why, place) {
        (_, Place::None) => "the BMS cannot read or write anything on it".to_owned(),
        (_, Place::Lost { local, successor }) => format!(
            "EWS server {successor} took its place at {local}, and the BMS cannot read or write anything on {name}"
        ),
        (ListenCause::Socket(_), Place::Kept { local, .. }) => format!("it is still served at {local}"),
        (ListenCause::Tls(_), Place::Kept { server, local }) => {
            format!("it is still served at {}://{local} as before", server.scheme())
        }
    };
    let (remedy, setting) = match why {
        ListenCause::Socket(cause) => (socket_remedy(cause.kind(), listen, blocker), "listen"),
        ListenCause::Tls(_) => (
            "correct the files, or apply a certificate and key that belong together".to_owned(),
            "certificate",
        ),
    };
    let remedy = format!("{remedy}; Riser tries again by itself");
    Problem { code: code(server.id), what, effect, remedy, setting: Some(setting.to_owned()) }
}

/// Returns what to do when an address cannot be listened on.
pub(crate) fn socket_remedy(kind: ErrorKind, listen: &str, blocker: Option<&str>) -> String {
    match (kind, blocker) {
        (ErrorKind::AddrNotAvailable, _) => {
            format!(
                "{listen} is not an address of this machine: give this server one that is, or 0.0.0.0 for all"
            )
        }
        (ErrorKind::PermissionDenied, _) => {
            "give this server a port of 1024 or more, or permit Riser to use lower ports".to_owned()
        }
        (_, Some(other)) => format!(
            "the EWS server {other} of this Riser uses the port: give one of the two another address, or both \
             the same address with different paths"
        ),
        (_, None) => match listen.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_unspecified() => format!(
                "end the program that uses port {} on an address of this machine, or give this server another \
                 address",
                address.port()
            ),
            _ => format!("end the program that uses {listen}, or give this server another address"),
        },
    }
}

/// Returns the code of the problem of a server.
pub(crate) fn code(server: EwsServerId) -> String {
    format!("ews-address-unusable {}", server.0)
}
