//! One authenticated and permitted request, as handlers see it.

use super::{Base, Turns};
use crate::native::events::Streams;
use crate::native::places::Places;
use crate::router::Operation;
use crate::wire::{Fields, Json, Query, etag, idempotency, json};
use crate::{App, Problem, access, answer};
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, Method};
use orderpark_domain::{Caller, Command, IfMatch, Instant, Intent, Outcome, PartyRef, RequestKey, Scope};
use orderpark_store::Committed;
use std::sync::Arc;

/// One request. Its scope is that of the operation's action: what a handler receives it may use.
pub(crate) struct Call {
    pub app: Arc<App>,
    pub turns: Turns,
    pub streams: Streams,
    /// Tests of webhook endpoints that are under way.
    pub tests: Places<PartyRef>,
    pub base: Base,
    pub caller: Caller,
    pub scope: Scope,
    /// The `{ref}` of the path; empty where the path has none.
    pub path_ref: String,
    pub query: Query,
    pub headers: HeaderMap,
    /// The body as it came; empty for GET, HEAD and DELETE.
    pub body: Bytes,
    pub operation: &'static Operation,
}

/// An outcome on the disk.
pub(crate) struct Done {
    pub outcome: Outcome,
    pub replayed: bool,
    /// When it was decided, by the journal's clock.
    pub at: Instant,
}

impl Call {
    /// The address of the operation, without the query.
    pub fn address(&self) -> String {
        format!("{}{}", self.base.path, self.operation.path.replace("{ref}", &self.path_ref))
    }

    /// The ref in the path; one that is malformed names nothing.
    pub fn target<R>(&self, parse: impl FnOnce(&str) -> Option<R>) -> Result<R, Problem> {
        parse(&self.path_ref).ok_or_else(Problem::not_found)
    }

    /// The body as a strict JSON object.
    pub fn json(&self) -> Result<Json, Problem> {
        json::parse_object(&self.body)
    }

    /// Reads attributes of a body.
    pub fn fields<'j>(&self, body: &'j Json) -> Fields<'j> {
        Fields::new(body, self.app.settings.ignore_unknown_fields)
    }

    /// Reads the body of an operation that needs none: nothing, or an object without attributes.
    pub fn expect_no_attributes(&self) -> Result<(), Problem> {
        if self.body.is_empty() { Ok(()) } else { self.fields(&self.json()?).finish() }
    }

    /// Commits a command that makes or deletes something: under its request key, with its precondition.
    pub async fn commit_once(&self, command: Command, body: Option<&Json>) -> Result<Done, Problem> {
        let request = self.request_key(body)?;
        self.submit(command, request).await
    }

    /// Commits a command that may as well be done twice, with its precondition.
    pub async fn commit(&self, command: Command) -> Result<Done, Problem> {
        self.submit(command, None).await
    }

    async fn submit(&self, command: Command, request: Option<RequestKey>) -> Result<Done, Problem> {
        let intent = Intent {
            command,
            scope: self.scope.clone(),
            by: Some(self.caller.user()),
            request,
            if_match: self.if_match(),
        };
        let committed = access::commit(&self.app, intent).await.map_err(|error| self.explain(error))?;
        let Committed { outcome, replayed, at } = committed;
        Ok(Done { outcome, replayed, at })
    }

    fn request_key(&self, body: Option<&Json>) -> Result<Option<RequestKey>, Problem> {
        let Some(key) = idempotency::key(&self.headers)? else { return Ok(None) };
        Ok(Some(RequestKey {
            client: self.caller.user(),
            key: idempotency::digest_of_key(&self.operation.method, self.operation.path, key),
            fingerprint: idempotency::fingerprint(&self.path_ref, &self.query, self.meant(), body),
        }))
    }

    /// The parameters by which one request under a key differs from another: those that its operation reads.
    fn meant(&self) -> &'static [&'static str] {
        match (&self.operation.method, self.operation.path) {
            (&Method::POST, "/orders") => &["withProcessingStrategyId"],
            (&Method::DELETE, "/subscribers/{ref}") => &["force"],
            _ => &[],
        }
    }

    /// The precondition of a PUT or DELETE. A POST makes something new, which nobody can have read before.
    fn if_match(&self) -> IfMatch {
        etag::if_match(&self.headers)
    }

    /// Answers a GET of one object.
    pub fn show(&self, object: &impl serde::Serialize, etag: &str) -> Response {
        if etag::is_known(&self.headers, etag) {
            answer::not_modified(etag)
        } else {
            answer::read(answer::json(object), etag)
        }
    }

    /// Answers a PUT or DELETE with the object as it is afterwards.
    pub fn done(object: &impl serde::Serialize, etag: &str, replayed: bool) -> Response {
        let response = answer::with_etag(answer::json(object), etag);
        if replayed { answer::replayed(response) } else { response }
    }

    /// Answers a POST: 200 or 201 with `Location`, as the version says.
    pub fn made(
        &self,
        object: &impl serde::Serialize,
        etag: &str,
        new_ref: impl std::fmt::Display,
        replayed: bool,
    ) -> Response {
        let response = Self::done(object, etag, replayed);
        if !self.base.version.answers_created() {
            return response;
        }
        answer::created(response, &format!("{}/{new_ref}", self.address()))
    }
}

/// The outcome was of another kind than the command makes: a fault of this program.
pub(crate) fn unexpected(outcome: &Outcome) -> Problem {
    Problem::internal(format!("the command came to an unexpected outcome: {:?}", std::mem::discriminant(outcome)))
}
