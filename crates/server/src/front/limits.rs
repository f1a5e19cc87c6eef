//! Limits on what is read (reliability.md, "Security checklist").

use crate::Problem;
use crate::problem::Reason;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::error::Error;
use std::io;
use std::time::Duration;

/// The longest body, in bytes.
pub(crate) const BODY_MAX: usize = 256 * 1024;
/// The longest path with its query, in bytes.
pub(crate) const URI_MAX: usize = 8 * 1024;
/// All headers together, in bytes.
pub(crate) const HEADERS_MAX: usize = 16 * 1024;
/// The number of headers.
pub(crate) const HEADERS_COUNT_MAX: usize = 100;
/// How long a body may take to arrive.
const BODY_READ_MAX: Duration = Duration::from_secs(20);

/// Checks what has arrived before the body.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    if request.uri().path_and_query().map_or(0, |target| target.as_str().len()) > URI_MAX {
        return Err(Problem::new(Reason::UriTooLong, "the path with its query may have 8192 bytes at most"));
    }
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > HEADERS_COUNT_MAX || size > HEADERS_MAX {
        return Err(Problem::new(Reason::HeadersTooLarge, "a request may have 100 headers and 16384 bytes of them"));
    }
    Ok(())
}

/// Reads the body.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Reason::UnsupportedMediaType, "a body may not be compressed: Content-Encoding"));
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_READ_MAX, Limited::new(body, BODY_MAX).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) if is_timeout(&*error) => Err(too_slow()),
        Ok(Err(error)) => {
            Err(Problem::new(Reason::InvalidBody, "the body did not arrive whole").detail(error.to_string()))
        }
        Err(_) => Err(too_slow()),
    }
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::TimedOut)
}

fn too_slow() -> Problem {
    Problem::new(Reason::RequestTimeout, "the body took too long to arrive")
}

fn too_large() -> Problem {
    Problem::new(Reason::BodyTooLarge, "a body may have 262144 bytes at most")
}
