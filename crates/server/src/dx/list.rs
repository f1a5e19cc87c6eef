//! Lists: a page, or everything as a stream.
//!
//! Everything is walked in keyset slices, which the store reads apart from everything else, so that
//! a long list holds up nobody's order; few are read at a time, in fair order by tenant
//! ([`crate::limits`]). A slice ends with a row too many or at a size of its text, whichever comes
//! first. The first one is read at once, so that what is wrong from the start is told with its
//! status and a short list is one plain answer. A page by `limit` ends with it, and its `Link`
//! leads on; a page by `pageIndex` has its number of rows and a whole list has all, so the other
//! slices are read when the connection asks for more. Memory is bounded by one slice, and counted
//! ([`crate::memory`]); a slow reader holds nothing of the database. What goes wrong in the middle
//! breaks the transfer: a list that looks whole is whole.
//!
//! A slice is a task of its own. The database goes on reading when the client hangs up, so its
//! permit is given back only with the end of the read: hanging up gains nothing.

use super::Call;
use crate::access::Lasting;
use crate::limits::{Permit, Tenant};
use crate::memory::{Counted, Reserved};
use crate::problem::Reason;
use crate::wire::page::{PAGE_ROWS, Page};
use crate::{App, Problem, answer};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use orderpark_domain::Scope;
use orderpark_store::{ReadError, Rows, Slice};
use std::fmt::Display;
use std::io;
use std::sync::Arc;

/// The most rows that are read at once while streaming.
const SLICE_ROWS_MAX: u32 = 500;
/// The size of a page by `limit`, in bytes, unless one row is longer.
pub(crate) const PAGE_BYTES: usize = 1024 * 1024;
/// The size of a slice of what is streamed. A slow reader holds one.
const SLICE_BYTES: usize = 256 * 1024;
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
    ) -> impl Future<Output = Result<Rows<Self::Row>, ReadError>> + Send;

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
    /// The size of a slice, in bytes.
    bytes_max: usize,
    /// The token, which each further slice asks about.
    lasting: Lasting,
    listing: L,
}

/// A part of a list.
struct Part<R> {
    /// A bracket or comma, and its rows, separated by commas.
    text: Vec<u8>,
    /// How many rows it shows.
    shown: u32,
    /// The ref of the last one that is shown.
    last: Option<R>,
    /// Whether there are more behind it, as far as was seen.
    is_cut: bool,
    /// The memory of the text.
    reserved: Reserved,
}

/// A list without a hit.
pub(crate) fn nothing() -> Response {
    answer::bytes(Bytes::from_static(b"[]"))
}

/// Answers a list.
pub(crate) async fn answer<L: Listing>(call: &Call, listing: L, page: Page<L::Ref>) -> Result<Response, Problem> {
    let (app, scope, tenant) = (Arc::clone(&call.app), call.scope.clone(), call.caller.tenant());
    let bytes_max = if matches!(page, Page::After(..)) { PAGE_BYTES } else { SLICE_BYTES };
    let walk = Arc::new(Walk { app, scope, tenant, bytes_max, lasting: call.lasting(), listing });
    match page {
        Page::Skip(skip) => walk.stream(skip, PAGE_ROWS).await,
        Page::After(after, limit) => walk.keyset(call, after, limit).await,
        Page::Whole => walk.stream(0, u32::MAX).await,
    }
}

impl<L: Listing> Walk<L> {
    /// Reads the first slice and shows the first `shown` rows of it.
    async fn first(self: &Arc<Self>, slice: Slice<L::Ref>, shown: u32) -> Result<Part<L::Ref>, Problem> {
        let reserved = self.app.memory.soon(self.tenant, self.bytes_max).await?;
        let permit = self.app.limits.list_read(self.tenant).await?;
        self.part(permit, reserved, b'[', slice, shown).await
    }

    /// The permit belongs to the task, which goes on when the client hangs up.
    async fn part(
        self: &Arc<Self>,
        permit: Permit,
        reserved: Reserved,
        before: u8,
        slice: Slice<L::Ref>,
        shown: u32,
    ) -> Result<Part<L::Ref>, Problem> {
        let walk = Arc::clone(self);
        let read = tokio::spawn(async move {
            let _permit = permit;
            walk.read(reserved, before, slice, shown).await
        });
        Ok(read.await.map_err(|panic| Problem::internal(panic.to_string()))??)
    }

    async fn read(
        &self,
        reserved: Reserved,
        before: u8,
        slice: Slice<L::Ref>,
        shown: u32,
    ) -> Result<Part<L::Ref>, ReadError> {
        let Rows { mut rows, is_cut } = self.listing.read(&self.app, &self.scope, slice).await?;
        let read = rows.len();
        rows.truncate(shown as usize);
        let (text, shown) = self.write(before, &rows).await;
        let last = rows[..shown].last().map(L::ref_of);
        let shown = u32::try_from(shown).unwrap_or(u32::MAX);
        Ok(Part { text, shown, last, is_cut: is_cut || read > shown as usize, reserved })
    }

    /// The text of rows, as many as fit in, and how many they are.
    async fn write(&self, before: u8, rows: &[L::Row]) -> (Vec<u8>, usize) {
        let mut text = Vec::with_capacity((rows.len() * 600 + 2).min(self.bytes_max));
        text.push(before);
        let mut breath = BREATH_BYTES;
        for (n, row) in rows.iter().enumerate() {
            let length = text.len();
            if n > 0 {
                text.push(b',');
            }
            L::write(&self.scope, row, &mut text);
            if n > 0 && text.len() > self.bytes_max {
                text.truncate(length);
                return (text, n);
            }
            if text.len() > breath {
                breath = text.len() + BREATH_BYTES;
                tokio::task::yield_now().await;
            }
        }
        (text, rows.len())
    }

    /// One row more than asked for tells whether there is a next page.
    async fn keyset(self: Arc<Self>, call: &Call, after: Option<L::Ref>, limit: u32) -> Result<Response, Problem> {
        let part = self.first(Slice { after, skip: 0, limit: limit + 1 }, limit).await?;
        let more = part.last.filter(|_| part.is_cut);
        let response = part.array();
        match more {
            Some(last) => {
                let query = call.query.with("after", &last.to_string());
                let address = format!("{}?{query}", call.address());
                Ok(answer::with_next(response, &address))
            }
            None => Ok(response),
        }
    }

    /// All rows past `skip`, `max` at most: those of the first slice at once, the others as they
    /// are asked for.
    async fn stream(self: Arc<Self>, skip: u32, max: u32) -> Result<Response, Problem> {
        let part = self.first(Slice { after: None, skip, limit: PAGE_ROWS }, PAGE_ROWS).await?;
        Ok(match part.next(PAGE_ROWS, max) {
            At::End => part.array(),
            at @ At::After(..) => {
                let mut response = answer::body(stream_rest(self, part.held(), at));
                response.extensions_mut().insert(Counted);
                response
            }
        })
    }

    /// The rows after `after`, each behind a comma, and where to go on.
    async fn next(self: &Arc<Self>, after: L::Ref, rows: u32, left: u32) -> Result<(Bytes, At<L::Ref>), Problem> {
        let reserved = self.app.memory.next(self.tenant, self.bytes_max).await?;
        let permit = self.app.limits.list_read_on(self.tenant).await;
        self.lasting.check(&self.app, &self.scope).await?;
        let mut part = self.part(permit, reserved, b',', Slice::after(after, rows), rows).await?;
        let at = part.next(rows, left);
        if part.last.is_none() {
            part.text.clear();
        }
        if matches!(at, At::End) {
            part.text.push(b']');
        }
        Ok((part.held(), at))
    }
}

impl<R: Copy> Part<R> {
    /// Where to go on, if so many rows were asked for and so many were left to show.
    fn next(&self, asked: u32, left: u32) -> At<R> {
        let left = left.saturating_sub(self.shown);
        match self.last {
            Some(last) if left > 0 && (self.is_cut || self.shown == asked) => {
                At::After(last, rows_like(self).min(left), left)
            }
            _ => At::End,
        }
    }

    /// The text, which gives its memory back when it is written.
    fn held(mut self) -> Bytes {
        self.text.shrink_to_fit();
        self.reserved.hold(self.text.into())
    }

    /// The answer that has this part only.
    fn array(mut self) -> Response {
        self.text.push(b']');
        let mut response = answer::bytes(self.held());
        response.extensions_mut().insert(Counted);
        response
    }
}

/// How many rows such as these make one slice.
fn rows_like<R>(part: &Part<R>) -> u32 {
    let rows = part.shown as usize * SLICE_BYTES / part.text.len().max(1);
    u32::try_from(rows).unwrap_or(u32::MAX).clamp(1, SLICE_ROWS_MAX)
}

/// Where a stream stands.
enum At<R> {
    /// Behind this row: how many to read next, and how many to show at most.
    After(R, u32, u32),
    End,
}

fn stream_rest<L: Listing>(walk: Arc<Walk<L>>, first: Bytes, at: At<L::Ref>) -> Body {
    let chunks = stream::unfold((Some(first), at), move |(first, at)| {
        let walk = Arc::clone(&walk);
        async move {
            match (first, at) {
                (Some(text), at) => Some((Ok(text), (None, at))),
                (None, At::After(after, rows, left)) => {
                    let (text, at) = read_on(&walk, after, rows, left).await;
                    Some((text, (None, at)))
                }
                (None, At::End) => None,
            }
        }
    });
    Body::from_stream(chunks)
}

async fn read_on<L: Listing>(
    walk: &Arc<Walk<L>>,
    after: L::Ref,
    rows: u32,
    left: u32,
) -> (io::Result<Bytes>, At<L::Ref>) {
    match walk.next(after, rows, left).await {
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
