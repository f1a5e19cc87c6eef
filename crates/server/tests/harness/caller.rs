//! Who asks.

use super::Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use tower::ServiceExt;

const BASE: &str = "/core/latest/api";

/// Someone with a token, or without one.
#[derive(Clone)]
pub struct Caller {
    router: Router,
    base: String,
    headers: Vec<(String, String)>,
    pub token: Option<String>,
}

impl Caller {
    pub fn new(router: Router, token: Option<String>) -> Caller {
        Caller { router, base: BASE.to_owned(), headers: Vec::new(), token }
    }

    /// The same one at another base path; empty: paths are whole.
    pub fn at(&self, base: &str) -> Caller {
        Caller { base: base.to_owned(), ..self.clone() }
    }

    /// The same one with another token.
    pub fn holding(&self, token: &str) -> Caller {
        Caller { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same one sending a header more.
    pub fn with(&self, name: &str, value: &str) -> Caller {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// The same one with an `Idempotency-Key`.
    pub fn key(&self, key: &str) -> Caller {
        self.with("idempotency-key", key)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.send(Method::HEAD, path, Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Body::from(body.to_string())).await
    }

    /// A POST of any bytes.
    pub async fn post_raw(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Method::POST, path, body.into()).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Body::from(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Body::empty()).await
    }

    /// Sends anything. JSON is announced for POST and PUT unless [`Caller::with`] says another content type.
    pub async fn send(&self, method: Method, path: &str, body: Body) -> Answer {
        let asked = format!("{method} {}{path}", self.base);
        let mut request = Request::builder().method(method.clone()).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let announces = self.headers.iter().any(|(name, _)| name == "content-type");
        if (method == Method::POST || method == Method::PUT) && !announces {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let request = request.extension(ConnectInfo(peer)).body(body).expect("a request that can be built");
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("an answer that is not broken off").to_bytes();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, asked }
    }
}
