//! Pages for people: what this server is, and what the reasons of its errors mean.
//!
//! Both are Markdown, rendered once. They load nothing and run nothing, and their
//! `Content-Security-Policy` says so.

use crate::dx::{ADMIN_BASES, BASES};
use crate::{answer, wire::accept};
use aws_lc_rs::digest::{SHA256, digest};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::VARY;
use http::{HeaderMap, HeaderValue};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TextMergeStream, html};
use serde::Serialize;
use std::sync::LazyLock;

/// Where the reasons of errors are explained.
pub(super) const ERRORS_PATH: &str = "/docs/errors";
const ERRORS: &str = include_str!("../../../../docs/reference/errors.md");
const STYLE: &str = "body{max-width:48rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}\
    code{font-family:ui-monospace,monospace}h2:target{background:#ffc}table{border-collapse:collapse}\
    td,th{padding:.2rem .6rem;border:1px solid #ccc;text-align:left}";

static ERRORS_PAGE: LazyLock<Bytes> = LazyLock::new(|| page(ERRORS));
static INDEX_PAGE: LazyLock<Bytes> = LazyLock::new(|| page(&index_text()));
static POLICY: LazyLock<HeaderValue> = LazyLock::new(policy);

/// The JSON of `GET /`.
#[derive(Serialize)]
struct Index {
    name: &'static str,
    version: &'static str,
    core: Vec<&'static str>,
    admin: Vec<&'static str>,
    health: [&'static str; 2],
    docs: &'static str,
}

pub(super) async fn index(headers: HeaderMap) -> Response {
    let mut response = if accept::takes_html(&headers) {
        answer::page(INDEX_PAGE.clone(), POLICY.clone())
    } else {
        answer::json(&index_of())
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

pub(super) async fn errors() -> Response {
    answer::page(ERRORS_PAGE.clone(), POLICY.clone())
}

fn index_of() -> Index {
    Index {
        name: "orderpark",
        version: env!("CARGO_PKG_VERSION"),
        core: BASES.map(|base| base.path).into(),
        admin: ADMIN_BASES.into(),
        health: ["/health/live", "/health/ready"],
        docs: ERRORS_PATH,
    }
}

fn index_text() -> String {
    let Index { name, version, core, admin, health: [live, ready], docs } = index_of();
    let listed = |bases: Vec<&str>| format!("- `{}`\n", bases.join("`\n- `"));
    format!(
        "# {name} {version}\n\nAn open, self-hosted ordering server for IoT connectivity.\n\n\
         ## Core API\n\nOffers, orders and subscriptions, with a bearer token, below\n\n{}\n\
         ## Admin API\n\nTokens: `POST …/oauth/token`, below\n\n{}\n\
         ## Health\n\n- [{live}]({live})\n- [{ready}]({ready})\n\n\
         ## Documentation\n\n- [The reasons of errors]({docs})\n",
        listed(core),
        listed(admin),
    )
}

/// Renders a page. A heading of one word is its own anchor.
fn page(markdown: &str) -> Bytes {
    let mut events: Vec<_> = TextMergeStream::new(Parser::new_ext(markdown, Options::ENABLE_TABLES)).collect();
    for at in 1..events.len() {
        let (Event::Text(name) | Event::Code(name)) = &events[at] else { continue };
        let name = Some(CowStr::from(name.to_string())).filter(|name| !name.contains(' '));
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[at - 1] {
            *id = name;
        }
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter().map(served_link));
    let head = format!("<meta charset=\"utf-8\"><title>orderpark</title><style>{STYLE}</style>");
    format!("<!doctype html>\n<html lang=\"en\"><head>{head}</head><body>\n{body}</body></html>\n").into()
}

/// Links to files of the book lead nowhere here: what they say stays, as an anchor without an
/// address.
fn served_link(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Start(Tag::Link { dest_url, .. }) if !dest_url.starts_with(['/', '#']) && !dest_url.contains("://") => {
            Event::InlineHtml("<a>".into())
        }
        event => event,
    }
}

/// The one style of these pages is allowed by its digest, and nothing else.
fn policy() -> HeaderValue {
    let digest = BASE64.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("base64 and words of ASCII")
}
