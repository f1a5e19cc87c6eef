//! Requests that no honest client sends.

use super::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use http_body_util::BodyExt;
use std::net::{Ipv4Addr, SocketAddr};
use tower::ServiceExt;

/// A request, byte by byte.
#[derive(Clone, Debug)]
pub struct Raw {
    pub method: Method,
    /// The whole path with its query.
    pub target: String,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Raw {
    pub fn new(method: Method, target: impl Into<String>) -> Raw {
        Raw { method, target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// With a header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Raw {
        self.headers.push((name, value.into()));
        self
    }

    /// With this token.
    #[must_use]
    pub fn bearer(self, token: Option<&String>) -> Raw {
        match token {
            Some(token) => self.with("authorization", format!("Bearer {token}")),
            None => self,
        }
    }

    /// With this body, as JSON.
    #[must_use]
    pub fn json(self, body: impl Into<Vec<u8>>) -> Raw {
        Raw { body: body.into(), ..self }.with("content-type", "application/json")
    }

    /// Sends it; `None` where not even the HTTP library can carry it.
    pub async fn send(self, router: &Router) -> Option<Answer> {
        let asked = format!("{} {}", self.method, self.target);
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(name, HeaderValue::from_bytes(&value).ok()?);
        }
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.target.parse::<Uri>().ok()?;
        *request.headers_mut() = headers;
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
        let Ok(response) = router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("an answer that is not broken off").to_bytes();
        Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body, asked })
    }
}
