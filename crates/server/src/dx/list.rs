//! Lists: a page, or everything as a stream.
//!
//! Everything is walked in keyset slices, which the store reads apart from everything else, so that a long list holds up
//! nobody's order; few are read at a time, in fair order by tenant ([`crate::limits`]). The first slice is read at once,
//! so that what is wrong from the start is told with its status and a short list is one plain answer. The others are read
//! when the connection asks for more: memory is bounded by one slice, whose rows are as many as the last ones let expect,
//! and a slow reader holds nothing of the database. What goes wrong in the middle breaks the transfer: a list that looks
//! whole is whole.
//!
//! A slice is a task of its own. The database goes on reading when the client hangs up, so its permit is
//! given back only with the end of the read: hanging up gains nothing.

use super::Call;
use crate::access::Lasting;
use crate::limits::{Permit, Tenant};
use crate::problem::Reason;
use crate::wire::page::{PAGE_ROWS, Page};
use crate::{App, Problem, answer};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use orderpark_domain::Scope;
use orderpark_store::{ReadError, Slice};
use std::fmt::Display;
use std::io;
use std::sync::Arc;

/// The most rows that are read at once while streaming.
const SLICE_ROWS_MAX: u32 = 500;
/// What the text of a slice shall be at most, if its rows are like those before.
const SLICE_BYTES: usize = 1024 * 1024;
/// How much text is written before others may use the thread.
const BREATH_BYTES: usize = 64 * 1024;

/// One kind of list.
pub(crate) trait Listing: Send + Sync + 'static {
    /// A row, with everything that is shown of it.
    type Row: Send + Sync;
    /// What rows are ordered by.
    type Ref: Copy + Display + Send + 'static;

    /// Reads a slice.
    fn read(
        &self,
        app: &App,
        scope: &Scope,
        slice: Slice<Self::Ref>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, ReadError>> + Send;

    /// The ref of a row.
    fn ref_of(row: &Self::Row) -> Self::Ref;

    /// Appends a row as JSON, as it is shown to this scope.
    fn write(scope: &Scope, row: &Self::Row, text: &mut Vec<u8>);
}

/// A walk over a list, within a scope.
struct Walk<L> {
    app: Arc<App>,
    scope: Scope,
    tenant: Tenant,
    /// The token, which each further slice asks about.
    lasting: Lasting,
    listing: L,
}

/// A part of a list.
struct Part<R> {
    /// A bracket or comma, and its rows, separated by commas.
    text: Vec<u8>,
    /// How many were read, those included that are not shown.
    rows: u32,
    /// The ref of the last one that is shown.
    last: Option<R>,
}

/// A list without a hit.
pub(crate) fn nothing() -> Response {
    answer::bytes(Bytes::from_static(b"[]"))
}

/// Answers a list.
pub(crate) async fn answer<L: Listing>(call: &Call, listing: L, page: Page<L::Ref>) -> Result<Response, Problem> {
    let (app, scope, tenant) = (Arc::clone(&call.app), call.scope.clone(), call.caller.tenant());
    let walk = Arc::new(Walk { app, scope, tenant, lasting: call.lasting(), listing });
    match page {
        Page::Skip(skip) => Ok(array(walk.first(Slice { after: None, skip, limit: PAGE_ROWS }, PAGE_ROWS).await?)),
        Page::After(after, limit) => walk.keyset(call, after, limit).await,
        Page::Whole => walk.whole().await,
    }
}

impl<L: Listing> Walk<L> {
    /// Reads the first slice and shows the first `shown` rows of it.
    async fn first(self: &Arc<Self>, slice: Slice<L::Ref>, shown: u32) -> Result<Part<L::Ref>, Problem> {
        let permit = self.app.limits.list_read(self.tenant).await?;
        self.part(permit, b'[', slice, shown).await
    }

    /// The permit belongs to the task, which goes on when the client hangs up.
    async fn part(
        self: &Arc<Self>,
        permit: Permit,
        before: u8,
        slice: Slice<L::Ref>,
        shown: u32,
    ) -> Result<Part<L::Ref>, Problem> {
        let walk = Arc::clone(self);
        let read = tokio::spawn(async move {
            let _permit = permit;
            walk.read(before, slice, shown).await
        });
        Ok(read.await.map_err(|panic| Problem::internal(panic.to_string()))??)
    }

    async fn read(&self, before: u8, slice: Slice<L::Ref>, shown: u32) -> Result<Part<L::Ref>, ReadError> {
        let mut rows = self.listing.read(&self.app, &self.scope, slice).await?;
        let read = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        rows.truncate(shown as usize);
        let text = self.write(before, &rows).await;
        Ok(Part { text, rows: read, last: rows.last().map(L::ref_of) })
    }

    async fn write(&self, before: u8, rows: &[L::Row]) -> Vec<u8> {
        let mut text = Vec::with_capacity(rows.len() * 600 + 2);
        text.push(before);
        let mut breath = BREATH_BYTES;
        for (n, row) in rows.iter().enumerate() {
            if n > 0 {
                text.push(b',');
            }
            L::write(&self.scope, row, &mut text);
            if text.len() > breath {
                breath = text.len() + BREATH_BYTES;
                tokio::task::yield_now().await;
            }
        }
        text
    }

    /// One row more than asked for tells whether there is a next page.
    async fn keyset(self: Arc<Self>, call: &Call, after: Option<L::Ref>, limit: u32) -> Result<Response, Problem> {
        let part = self.first(Slice { after, skip: 0, limit: limit + 1 }, limit).await?;
        let more = part.last.filter(|_| part.rows > limit);
        let response = array(part);
        match more {
            Some(last) => {
                let query = call.query.with("after", &last.to_string());
                let address = format!("{}?{query}", call.address());
                Ok(answer::with_next(response, &address))
            }
            None => Ok(response),
        }
    }

    async fn whole(self: Arc<Self>) -> Result<Response, Problem> {
        let part = self.first(Slice::first(PAGE_ROWS), PAGE_ROWS).await?;
        let Some(last) = part.last.filter(|_| part.rows == PAGE_ROWS) else { return Ok(array(part)) };
        let rows = rows_like(&part);
        Ok(answer::body(stream_rest(self, part.text.into(), last, rows)))
    }

    /// The rows after `after`, each behind a comma, and where to go on.
    async fn next(self: &Arc<Self>, after: L::Ref, rows: u32) -> Result<(Bytes, At<L::Ref>), Problem> {
        let permit = self.app.limits.list_read_on(self.tenant).await;
        self.lasting.check(&self.app, &self.scope).await?;
        let mut part = self.part(permit, b',', Slice::after(after, rows), rows).await?;
        if let Some(last) = part.last.filter(|_| part.rows == rows) {
            let at = At::After(last, rows_like(&part));
            return Ok((part.text.into(), at));
        }
        if part.last.is_none() {
            part.text.clear();
        }
        part.text.push(b']');
        Ok((part.text.into(), At::End))
    }
}

fn array<R>(mut part: Part<R>) -> Response {
    part.text.push(b']');
    answer::bytes(part.text.into())
}

/// How many rows such as these make one slice.
fn rows_like<R>(part: &Part<R>) -> u32 {
    let rows = part.rows as usize * SLICE_BYTES / part.text.len().max(1);
    u32::try_from(rows).unwrap_or(u32::MAX).clamp(1, SLICE_ROWS_MAX)
}

/// Where a stream stands.
enum At<R> {
    First(Bytes, R, u32),
    After(R, u32),
    End,
}

fn stream_rest<L: Listing>(walk: Arc<Walk<L>>, first: Bytes, last: L::Ref, rows: u32) -> Body {
    let chunks = stream::unfold(At::First(first, last, rows), move |at| {
        let walk = Arc::clone(&walk);
        async move {
            match at {
                At::First(text, last, rows) => Some((Ok(text), At::After(last, rows))),
                At::After(after, rows) => Some(read_on(&walk, after, rows).await),
                At::End => None,
            }
        }
    });
    Body::from_stream(chunks)
}

async fn read_on<L: Listing>(walk: &Arc<Walk<L>>, after: L::Ref, rows: u32) -> (io::Result<Bytes>, At<L::Ref>) {
    match walk.next(after, rows).await {
        Ok((text, at)) => (Ok(text), at),
        Err(problem) => {
            if problem.reason() == Reason::Unauthorized {
                tracing::debug!("a list was broken off, because its token is dead");
            } else {
                tracing::error!(?problem, "a list was broken off");
            }
            (Err(io::Error::other("the list was broken off")), At::End)
        }
    }
}

#[cfg(test)]
mod tests;
