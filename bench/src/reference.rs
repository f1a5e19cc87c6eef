//! The bare server: what axum alone does with the same bytes on the same cores. It stores nothing and checks nobody.

use anyhow::Context;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use std::path::Path;

/// Serves until it is killed; prints where on one line, like the program does.
#[allow(clippy::print_stdout, reason = "who started it waits for this line")]
pub fn serve(answer: &Path) -> anyhow::Result<()> {
    let answer = Bytes::from(std::fs::read(answer).context("reading the answer")?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on http://{}", listener.local_addr()?);
        axum::serve(listener, router(answer)).await.context("serving")
    })
}

fn router(answer: Bytes) -> Router {
    let posted = answer.clone();
    Router::new()
        .route("/core/v141/api/orders", post(move |body: Bytes| async move { parse_and_answer(&body, posted) }))
        .route("/core/v141/api/orders/{order}", get(move || async move { json(answer) }))
}

fn parse_and_answer(body: &[u8], answer: Bytes) -> Response {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(order) if order.get("offerId").is_some() => json(answer),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn json(answer: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], answer).into_response()
}
