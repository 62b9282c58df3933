//! A form with a file, sent by a page of a session. The session's token comes before the file, so a foreign form is
//! refused before its file is read.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use subtle::ConstantTimeEq;

use crate::form::TOKEN_FIELD;
use crate::pages::error::PageError;
use crate::sessions::{AuthRejection, SignedIn};
use crate::state::PortalState;

/// Longest token that is read, in bytes.
const TOKEN_BYTES: usize = 200;

/// A form whose token was checked. Its file is read piece by piece.
pub(crate) struct FileForm(Multipart);

/// Why a file did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileError {
    /// The form has no file, or its name is empty.
    NoFile,
    /// The request is larger than the limit of the route.
    TooLarge,
    /// The browser did not send all of it.
    BrokenOff,
}

impl FromRequest<PortalState> for FileForm {
    type Rejection = PageError;

    async fn from_request(request: Request, portal: &PortalState) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let signed_in = match SignedIn::of_request(&parts, portal).await {
            Ok(signed_in) => signed_in,
            Err(AuthRejection::StoreFailed) => return Err(PageError::StoreFailed),
            Err(_) => return Err(PageError::ForeignForm),
        };
        let request = Request::from_parts(parts, body);
        let multipart = Multipart::from_request(request, portal).await;
        let mut multipart = multipart.map_err(|_| PageError::ForeignForm)?;
        let Ok(Some(mut field)) = multipart.next_field().await else { return Err(PageError::ForeignForm) };
        let is_token = field.name() == Some(TOKEN_FIELD);
        let mut token = Vec::new();
        while is_token
            && token.len() <= TOKEN_BYTES
            && let Ok(Some(bytes)) = field.chunk().await
        {
            token.extend_from_slice(&bytes);
        }
        drop(field);
        if bool::from(token.ct_eq(signed_in.context.user.csrf.as_bytes())) {
            Ok(Self(multipart))
        } else {
            Err(PageError::ForeignForm)
        }
    }
}

impl FileForm {
    /// Returns the file of the form.
    pub(crate) async fn file(&mut self) -> Result<FormFile<'_>, FileError> {
        match self.0.next_field().await {
            Ok(Some(field)) if field.file_name().is_some_and(|name| !name.is_empty()) => Ok(FormFile(field)),
            Ok(_) => Err(FileError::NoFile),
            Err(error) => Err(FileError::of(&error)),
        }
    }
}

/// A file that arrives.
pub(crate) struct FormFile<'a>(Field<'a>);

impl FormFile<'_> {
    /// Returns the name that the browser sent. It may contain anything.
    pub(crate) fn name(&self) -> &str {
        self.0.file_name().unwrap_or_default()
    }

    /// Returns the next bytes; `None` at the end of the file.
    pub(crate) async fn next_bytes(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, FileError> {
        self.0.chunk().await.map_err(|error| FileError::of(&error))
    }
}

impl FileError {
    fn of(error: &MultipartError) -> Self {
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Self::TooLarge } else { Self::BrokenOff }
    }
}
