//! Which part of a list is asked for (domain.md, "Conventions of the API").

use super::query::{Query, wrong};
use crate::Problem;

/// Rows of a page by `pageIndex`.
pub const PAGE_ROWS: u32 = 100;
/// The largest `pageIndex`: each row before a page has to be walked over.
pub const PAGE_INDEX_MAX: u32 = 100_000;
/// The largest `limit`.
pub const LIMIT_MAX: u32 = 200;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page<R> {
    /// Everything.
    Whole,
    /// [`PAGE_ROWS`] rows past so many.
    Skip(u32),
    /// So many rows after a ref.
    After(Option<R>, u32),
}

/// Reads `pageIndex`.
pub fn by_index<R>(query: &Query) -> Result<Page<R>, Problem> {
    let rule = "must be an integer from 1 to 100000";
    let index = query.read("pageIndex", rule, |text| {
        let index = text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        index.filter(|index| (1..=PAGE_INDEX_MAX).contains(index))
    })?;
    Ok(index.map_or(Page::Whole, |index| Page::Skip((index - 1).saturating_mul(PAGE_ROWS))))
}

/// Reads `limit`.
pub fn limit(query: &Query) -> Result<Option<u32>, Problem> {
    query.read("limit", "must be an integer from 1 to 200", |text| {
        text.parse::<u32>().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit) && !text.starts_with('+'))
    })
}

/// Reads `pageIndex`, or `limit` and `after`.
pub fn by_index_or_ref<R>(query: &Query, parse: impl FnOnce(&str) -> Option<R>) -> Result<Page<R>, Problem> {
    let limit = limit(query)?;
    let after = query.read("after", "must be the ref of the last element of the page before", parse)?;
    if limit.is_none() && after.is_none() {
        return by_index(query);
    }
    if query.get("pageIndex").is_some() {
        return Err(wrong("pageIndex", "cannot be combined with limit and after"));
    }
    Ok(Page::After(after, limit.unwrap_or(PAGE_ROWS)))
}
