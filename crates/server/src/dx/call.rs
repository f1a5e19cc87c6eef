//! One authenticated and permitted request, as handlers see it.

use super::Base;
use crate::access::Lasting;
use crate::limits::Permit;
use crate::router::Operation;
use crate::wire::{Fields, Json, Meaning, Query, etag, idempotency, json};
use crate::{App, Problem, access, answer};
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use orderpark_domain::{Caller, Command, Instant, Intent, Outcome, RequestKey, Scope};
use orderpark_store::Committed;
use orderpark_store::deliveries::Target;
use std::sync::Arc;

/// One request. Its scope is that of the operation's action: what a handler receives it may use.
pub(crate) struct Call {
    pub app: Arc<App>,
    /// Its place among the requests in progress.
    pub permit: Option<Permit>,
    pub base: Base,
    pub caller: Caller,
    pub scope: Scope,
    /// The `{ref}` of the path; empty where the path has none.
    pub path_ref: String,
    pub query: Query,
    pub headers: HeaderMap,
    /// The body as it came; empty for GET and HEAD.
    pub body: Bytes,
    pub operation: &'static Operation,
    /// Whether only what would be is asked for: nothing is written, sent or shown that is secret.
    pub dry_run: bool,
}

/// An outcome on the disk.
pub(crate) struct Done {
    pub outcome: Outcome,
    pub replayed: bool,
    /// When it was decided, by the journal's clock.
    pub at: Instant,
    is_dry: bool,
}

impl Done {
    /// A secret that was made for this outcome, if the outcome is what made it valid.
    pub fn secret<S>(&self, secret: S) -> Option<S> {
        (!self.replayed && !self.is_dry).then_some(secret)
    }
}

impl Call {
    /// The token, to ask about it again while the answer goes on.
    pub fn lasting(&self) -> Lasting {
        Lasting::new(&self.headers, self.operation.action)
    }

    /// Gives the place among the requests in progress back: from now on this one waits for another
    /// server.
    pub fn wait_outside(&mut self) {
        self.permit = None;
    }

    /// The same, for a place among those who ask suppliers.
    pub async fn ask_outside(&mut self) -> Permit {
        let permit = self.app.limits.asking(self.caller.tenant()).await;
        self.wait_outside();
        permit
    }

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
        Fields::new(body, self.app.settings.ignore_unknown_fields).beside(self.query.known())
    }

    /// Reads the body of an operation that needs none: nothing, or an object without attributes.
    pub fn expect_no_attributes(&self) -> Result<(), Problem> {
        if self.body.is_empty() { Ok(()) } else { self.fields(&self.json()?).finish().map(|_| ()) }
    }

    /// Commits a command that makes or deletes something: under its request key, with its precondition.
    pub async fn commit_once(&self, command: Command, body: Option<&Meaning<'_>>) -> Result<Done, Problem> {
        self.submit(self.intent_once(command, body)?).await
    }

    /// The intent to do what a command says once, for [`Call::submit`].
    pub fn intent_once(&self, command: Command, body: Option<&Meaning<'_>>) -> Result<Intent, Problem> {
        let intent = self.intent(command);
        let Some(key) = idempotency::key(&self.headers)? else { return Ok(intent) };
        let key = idempotency::digest_of_key(&self.operation.method, self.operation.path, key);
        let (fingerprint, sent_fingerprint) = idempotency::fingerprints(&self.path_ref, &self.query, body);
        let request = Some(RequestKey { client: self.caller.user(), key, fingerprint });
        Ok(Intent { request, sent_fingerprint, ..intent })
    }

    /// Commits a command that may as well be done twice, with its precondition.
    pub async fn commit(&self, command: Command) -> Result<Done, Problem> {
        self.submit(self.intent(command)).await
    }

    fn intent(&self, command: Command) -> Intent {
        let intent = Intent::by(self.caller.user(), self.scope.clone(), command);
        Intent { tenant: Some(self.caller.tenant()), quotas: self.app.settings.quotas, ..intent }
    }

    /// Commits an intent, with its precondition; or tries it.
    pub async fn submit(&self, intent: Intent) -> Result<Done, Problem> {
        if intent.command.is_about_credentials() {
            access::check_fresh(&self.app, &self.caller)?;
        }
        let (is_dry, if_match) = (self.dry_run, etag::if_match(&self.headers)?);
        let intent = Intent { dry_run: is_dry, if_match, ..intent };
        let committed = access::commit(&self.app, intent).await.map_err(|error| self.explain(error))?;
        let Committed { outcome, replayed, at } = committed;
        Ok(Done { outcome, replayed, at, is_dry })
    }

    /// Has whoever delivers to a target look at it anew, if it was changed.
    pub fn poke(&self, target: Target) {
        if !self.dry_run {
            self.app.deliveries.poke(target);
        }
    }

    /// Answers a GET of one object.
    pub fn show(&self, object: &impl serde::Serialize, etag: &str) -> Response {
        if etag::is_known(&self.headers, etag) {
            answer::not_modified(etag)
        } else {
            answer::read(answer::json(object), etag)
        }
    }

    /// Answers a PUT or DELETE with the object as it is afterwards, or would be.
    pub fn done(&self, object: &impl serde::Serialize, etag: &str, replayed: bool) -> Response {
        let response =
            if self.dry_run { answer::dry_run(object) } else { answer::with_etag(answer::json(object), etag) };
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
        let response = self.done(object, etag, replayed);
        if self.dry_run || !self.base.version.answers_created() {
            return response;
        }
        answer::created(response, &format!("{}/{new_ref}", self.address()))
    }
}

/// The outcome was of another kind than the command makes: a fault of this program.
pub(crate) fn unexpected(outcome: &Outcome) -> Problem {
    Problem::internal(format!("the command came to an unexpected outcome: {:?}", std::mem::discriminant(outcome)))
}
