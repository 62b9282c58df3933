//! Certificate and key of an EWS server.

use std::path::{Path, PathBuf};

use riser_domain::EwsTls;
use riser_ews::{TlsError, TlsFiles};

use super::Errors;
use crate::configuration::draft::EwsServerDraft;
use crate::configuration::field_path::FieldPath;

/// Returns the path of one of the files.
type FileOf = fn(&EwsTls) -> &String;

/// Keys of the files, and their paths in a stored server.
pub(super) const FILES: [(&str, FileOf); 2] =
    [("certificate", |tls| &tls.certificate), ("key", |tls| &tls.key)];

/// Applies the files of a draft. Reads them if the draft names one, so that a file that is missing later does not
/// refuse other changes.
pub(super) fn take(
    stored: &mut Option<EwsTls>,
    draft: &EwsServerDraft,
    path: &FieldPath,
    errors: &mut Errors,
) {
    let given = [&draft.certificate, &draft.key];
    if given.iter().all(|file| file.is_none()) {
        return;
    }
    let mut is_right = true;
    let mut files = FILES.iter().zip(given).map(|((key, stored_file), given)| {
        let file = given.clone().or_else(|| stored.as_ref().map(|tls| stored_file(tls).clone()));
        let file = file.filter(|file| !file.is_empty());
        if file.as_ref().is_some_and(|file| !is_absolute_path(file)) {
            errors.add(&path.key(key), format!("{key} takes the absolute path of a PEM file"));
            is_right = false;
        }
        file
    });
    let (certificate, key) = (files.next().flatten(), files.next().flatten());
    *stored = match (certificate, key) {
        (None, None) => None,
        (Some(_), None) => {
            errors.add(&path.key("key"), "certificate needs key: the absolute path of its key in PEM");
            return;
        }
        (None, Some(_)) => {
            errors.add(&path.key("certificate"), "key needs certificate: the absolute path of its PEM file");
            return;
        }
        (Some(certificate), Some(key)) => {
            if is_right && let Err((field, error)) = readable(&certificate, &key) {
                errors.add(&path.key(field), error.to_string());
            }
            Some(EwsTls { certificate, key })
        }
    };
}

fn is_absolute_path(file: &str) -> bool {
    Path::new(file).is_absolute() && !file.chars().any(char::is_control)
}

/// Reads both files as the listener does. The error has the field of the faulty file.
fn readable(certificate: &str, key: &str) -> Result<(), (&'static str, Box<TlsError>)> {
    let files = TlsFiles { certificate: PathBuf::from(certificate), key: PathBuf::from(key) };
    files.acceptor().map(drop).map_err(|error| {
        let is_certificate =
            matches!(&error, TlsError::Unreadable { path, .. } if *path == files.certificate);
        (if is_certificate { "certificate" } else { "key" }, Box::new(error))
    })
}
