//! A client of the stream, in process.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tower::ServiceExt;

pub const STREAM: &str = "/core/latest/api/events/stream";

/// Longer than anything may take; only so that a test that hangs ends.
const HEARD_MAX: Duration = Duration::from_secs(30);

/// The text between two empty lines, or one line that ends no block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub comments: usize,
    pub retry: Option<u32>,
}

impl Block {
    fn parse(text: &str) -> Block {
        let mut block = Block::default();
        for line in text.lines() {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match name {
                "" => block.comments += 1,
                "id" => assert_eq!(block.id.replace(value), None),
                "event" => assert_eq!(block.event.replace(value), None),
                "data" => assert_eq!(block.data.replace(value), None),
                "retry" => block.retry = Some(value.parse().expect("milliseconds")),
                other => panic!("no such field: {other}"),
            }
        }
        block
    }
}

pub struct Listener {
    pub status: u16,
    pub headers: HeaderMap,
    body: Body,
    unread: String,
    /// What a browser would send as `Last-Event-ID`.
    pub last_id: String,
}

impl Listener {
    pub async fn open(router: &Router, token: Option<&String>, target: &str, headers: &[(&str, &str)]) -> Listener {
        let mut request = Request::get(target).header("accept", "text/event-stream");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let request = request.extension(ConnectInfo(peer)).body(Body::empty()).expect("a request");
        let Ok(response) = router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        Listener { status, headers, body, unread: String::new(), last_id: String::new() }
    }

    /// The next block; none: the stream has ended.
    pub async fn block(&mut self) -> Option<Block> {
        tokio::time::timeout(HEARD_MAX, self.next_block()).await.expect("something in time")
    }

    async fn next_block(&mut self) -> Option<Block> {
        loop {
            // Comments and `retry` are lines of their own, which no library takes for an event.
            let is_line = self.unread.starts_with(':') || self.unread.starts_with("retry:");
            if let Some((text, rest)) = self.unread.split_once(if is_line { "\n" } else { "\n\n" }) {
                let block = Block::parse(text);
                self.unread = rest.to_string();
                if let Some(id) = &block.id {
                    self.last_id.clone_from(id);
                }
                return Some(block);
            }
            let frame = self.body.frame().await;
            let Some(frame) = frame else {
                assert_eq!(self.unread, "", "it ended in the middle");
                return None;
            };
            let bytes = frame.expect("not broken off").into_data().expect("data");
            self.unread.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }

    /// The next event; none: the stream has ended.
    pub async fn event(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            let Some(data) = &block.data else { continue };
            let event: Value = serde_json::from_str(data).expect("JSON");
            assert_eq!(block.id.as_deref(), event["id"].as_str());
            assert_eq!(block.event.as_deref(), event["type"].as_str());
            return Some(event);
        }
    }

    /// So many events.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            events.push(self.event().await.expect("the stream goes on"));
        }
        events
    }

    /// Reads to the end; answers whether nothing was told meanwhile.
    pub async fn ends_silently(&mut self) -> bool {
        let end = tokio::time::timeout(HEARD_MAX, self.event());
        end.await.expect("an end, and not only signs of life").is_none()
    }
}
