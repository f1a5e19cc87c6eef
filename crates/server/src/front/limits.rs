//! Limits on what is read (reliability.md, "Security checklist").

use crate::Problem;
use crate::problem::Reason;
use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::error::Error;
use std::io;
use std::time::Duration;

/// The longest body, in bytes.
pub(crate) const BODY_MAX: usize = 256 * 1024;
/// The longest form at the token endpoints, in bytes: it is read before the client has proved
/// anything.
pub(crate) const FORM_MAX: usize = 8 * 1024;
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
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > URI_MAX {
        let message = format!("the path with its query has {target} bytes, and may have {URI_MAX} at most; shorten it");
        return Err(Problem::new(Reason::UriTooLong, message));
    }
    let headers = request.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > HEADERS_COUNT_MAX || size > HEADERS_MAX {
        let count = headers.len();
        let message = format!(
            "the request has {count} headers of {size} bytes together, and may have {HEADERS_COUNT_MAX} of {HEADERS_MAX} \
             bytes; send fewer or shorter headers"
        );
        return Err(Problem::new(Reason::HeadersTooLarge, message));
    }
    Ok(())
}

/// Reads a body of at most `max` bytes.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    if headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(
            Reason::UnsupportedMediaType,
            "the body has a Content-Encoding; send it uncompressed, without that header",
        ));
    }
    if let Some(length) = announced(headers).filter(|length| *length > max) {
        return Err(too_large(max, &format!("has {length} bytes")));
    }
    match tokio::time::timeout(BODY_READ_MAX, Limited::new(body, max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(max, "is longer than that")),
        Ok(Err(error)) if is_timeout(&*error) => Err(too_slow()),
        Ok(Err(error)) => Err(broken(&*error).detail(error.to_string())),
        Err(_) => Err(too_slow()),
    }
}

/// The length of the body as `Content-Length` announces it.
pub(crate) fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// A body that ends nowhere: nobody knows where the next request begins.
fn broken(error: &(dyn Error + 'static)) -> Problem {
    let message = if is_of(error, &[io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData]) {
        "the chunked encoding of the body is broken; send the request again"
    } else {
        "the connection broke before the whole body had arrived; send the request again"
    };
    Problem::new(Reason::InvalidBody, message).header(CONNECTION, HeaderValue::from_static("close"))
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    is_of(error, &[io::ErrorKind::TimedOut])
}

fn is_of(error: &(dyn Error + 'static), kinds: &[io::ErrorKind]) -> bool {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| kinds.contains(&error.kind()))
}

fn too_slow() -> Problem {
    Problem::new(Reason::RequestTimeout, "the body did not arrive in time; send the request again")
}

fn too_large(max: usize, what: &str) -> Problem {
    let remedy = if max == FORM_MAX { "send only the parameters of this operation" } else { "split the request" };
    let message = format!("the body of this operation may have {max} bytes at most, and this one {what}; {remedy}");
    Problem::new(Reason::BodyTooLarge, message)
}
