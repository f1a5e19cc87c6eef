//! A supplier for the demo: a listener in the same process that is asked and told over HTTP, as any other would be.
//!
//! It agrees to at most [`QUANTITY_MAX`] at a time. Whoever looks at it is shown what it was told.

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// More than this it does not sell at once.
const QUANTITY_MAX: u32 = 100;
/// How many messages it shows.
const SHOWN_MAX: usize = 100;

/// A message that it was sent.
#[derive(Clone, Serialize)]
struct Told {
    path: String,
    body: String,
}

type AllTold = Arc<Mutex<Vec<Told>>>;

/// Starts the supplier; it lives as long as the process.
pub async fn start() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the demo's supplier cannot listen")?;
    let address = listener.local_addr()?;
    let told = AllTold::default();
    let hearing = Arc::clone(&told);
    let hear = move |uri: Uri, body: Bytes| std::future::ready(hear(&hearing, &uri, &body));
    let router = Router::new().route("/", get(move || std::future::ready(show(&told)))).fallback(hear);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn hear(told: &AllTold, uri: &Uri, body: &Bytes) -> StatusCode {
    let body = String::from_utf8_lossy(body).into_owned();
    let agrees = quantity(&body).is_none_or(|quantity| quantity <= QUANTITY_MAX);
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    if told.len() == SHOWN_MAX {
        told.remove(0);
    }
    told.push(Told { path: uri.path().to_owned(), body });
    if agrees { StatusCode::OK } else { StatusCode::CONFLICT }
}

/// How many are bought, in the feature that says so.
fn quantity(body: &str) -> Option<u32> {
    let (_, rest) = body.split_once("name=\"quantity\" val=\"")?;
    rest.split('"').next()?.parse().ok()
}

fn show(told: &AllTold) -> impl IntoResponse + use<> {
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let json: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];
    (json, serde_json::to_string(&*told).unwrap_or_default())
}
