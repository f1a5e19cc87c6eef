//! Lists: a page, or everything as a stream.
//!
//! Everything is walked in keyset slices. The first slice is read at once, so that what is wrong from the start is told
//! with its status and a short list is one plain answer. The others are read on a blocking thread, each when the
//! connection asks for more: memory is bounded by one slice, and a slow reader holds no thread. What goes wrong in the
//! middle breaks the transfer: a list that looks whole is whole.

use super::Call;
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

/// Rows that are read at once while streaming.
const SLICE_ROWS: u32 = 500;

/// One kind of list.
pub(crate) trait Listing: Send + Sync + 'static {
    /// A row.
    type Row: Send;
    /// What rows are ordered by.
    type Ref: Copy + Display + Send + 'static;

    /// Reads a slice.
    fn read(&self, app: &App, scope: &Scope, slice: Slice<Self::Ref>) -> Result<Vec<Self::Row>, ReadError>;

    /// The ref of a row.
    fn ref_of(row: &Self::Row) -> Self::Ref;

    /// Appends a row as JSON.
    fn write(&self, app: &App, scope: &Scope, row: &Self::Row, text: &mut Vec<u8>) -> Result<(), ReadError>;
}

/// A walk over a list, within a scope.
struct Walk<L> {
    app: Arc<App>,
    scope: Scope,
    listing: L,
}

/// A list without a hit.
pub(crate) fn nothing() -> Response {
    answer::bytes(Bytes::from_static(b"[]"))
}

/// Answers a list.
pub(crate) fn answer<L: Listing>(call: &Call, listing: L, page: Page<L::Ref>) -> Result<Response, Problem> {
    let walk = Walk { app: Arc::clone(&call.app), scope: call.scope.clone(), listing };
    match page {
        Page::Skip(skip) => Ok(walk.slice(Slice { after: None, skip, limit: PAGE_ROWS })?),
        Page::After(after, limit) => walk.keyset(call, after, limit),
        Page::Whole => walk.whole(),
    }
}

impl<L: Listing> Walk<L> {
    fn read(&self, slice: Slice<L::Ref>) -> Result<Vec<L::Row>, ReadError> {
        self.listing.read(&self.app, &self.scope, slice)
    }

    /// Appends rows, separated by commas.
    fn write(&self, rows: &[L::Row], text: &mut Vec<u8>) -> Result<(), ReadError> {
        for (n, row) in rows.iter().enumerate() {
            if n > 0 {
                text.push(b',');
            }
            self.listing.write(&self.app, &self.scope, row, text)?;
        }
        Ok(())
    }

    fn array(&self, rows: &[L::Row]) -> Result<Response, ReadError> {
        let mut text = vec![b'['];
        self.write(rows, &mut text)?;
        text.push(b']');
        Ok(answer::bytes(text.into()))
    }

    fn slice(&self, slice: Slice<L::Ref>) -> Result<Response, ReadError> {
        self.array(&self.read(slice)?)
    }

    /// One row more than asked for tells whether there is a next page.
    fn keyset(&self, call: &Call, after: Option<L::Ref>, limit: u32) -> Result<Response, Problem> {
        let mut rows = self.read(Slice { after, skip: 0, limit: limit + 1 })?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let response = self.array(&rows)?;
        match rows.last().filter(|_| more) {
            Some(last) => {
                let query = call.query.with("after", &L::ref_of(last).to_string());
                let address = format!("{}{}?{query}", call.base.path, call.collection());
                Ok(answer::with_next(response, &address))
            }
            None => Ok(response),
        }
    }

    fn whole(self) -> Result<Response, Problem> {
        let rows = self.read(Slice::first(PAGE_ROWS))?;
        let last = rows.last().map(L::ref_of).filter(|_| rows.len() == PAGE_ROWS as usize);
        let Some(last) = last else { return Ok(self.array(&rows)?) };
        let mut text = vec![b'['];
        self.write(&rows, &mut text)?;
        Ok(answer::body(stream_rest(Arc::new(self), text.into(), last)))
    }

    /// The rows after `after`, each behind a comma, and the ref to go on from; none: the list has ended.
    fn next(&self, after: L::Ref) -> Result<(Bytes, Option<L::Ref>), ReadError> {
        let rows = self.read(Slice::after(after, SLICE_ROWS))?;
        let mut text = Vec::with_capacity(rows.len() * 600 + 1);
        if !rows.is_empty() {
            text.push(b',');
            self.write(&rows, &mut text)?;
        }
        let last = rows.last().map(L::ref_of).filter(|_| rows.len() == SLICE_ROWS as usize);
        if last.is_none() {
            text.push(b']');
        }
        Ok((text.into(), last))
    }
}

/// Where a stream stands.
enum At<R> {
    First(Bytes, R),
    After(R),
    End,
}

fn stream_rest<L: Listing>(walk: Arc<Walk<L>>, first: Bytes, last: L::Ref) -> Body {
    let chunks = stream::unfold(At::First(first, last), move |at| {
        let walk = Arc::clone(&walk);
        async move {
            match at {
                At::First(text, last) => Some((Ok(text), At::After(last))),
                At::After(after) => Some(read_on(walk, after).await),
                At::End => None,
            }
        }
    });
    Body::from_stream(chunks)
}

async fn read_on<L: Listing>(walk: Arc<Walk<L>>, after: L::Ref) -> (io::Result<Bytes>, At<L::Ref>) {
    let read = tokio::task::spawn_blocking(move || walk.next(after)).await;
    let fault = match read {
        Ok(Ok((text, last))) => return (Ok(text), last.map_or(At::End, At::After)),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic.to_string(),
    };
    tracing::error!(detail = ?fault, "a list was broken off");
    (Err(io::Error::other("the list was broken off")), At::End)
}
