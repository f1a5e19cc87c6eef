//! The table of reasons: slug and status.

use http::StatusCode;

macro_rules! reasons {
    ($($name:ident $status:ident $slug:literal;)+) => {
        /// Why a request has no success: a stable slug for programs, with its status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the slug beside each says it, and the table is the documentation")]
        pub enum Reason { $($name,)+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$name,)+];

            /// Its status.
            pub fn status(self) -> StatusCode {
                match self { $(Reason::$name => StatusCode::$status,)+ }
            }

            /// Its slug, never changed once released.
            pub fn slug(self) -> &'static str {
                match self { $(Reason::$name => $slug,)+ }
            }
        }
    };
}

reasons! {
    MalformedJson BAD_REQUEST "malformed_json";
    DuplicateKey BAD_REQUEST "duplicate_key";
    InvalidBody BAD_REQUEST "invalid_body";
    InvalidAttribute BAD_REQUEST "invalid_attribute";
    UnknownAttribute BAD_REQUEST "unknown_attribute";
    UnknownParameter BAD_REQUEST "unknown_parameter";
    UnknownReference BAD_REQUEST "unknown_reference";
    UnknownProcessingStrategy BAD_REQUEST "unknown_processing_strategy";
    InvalidRequest BAD_REQUEST "invalid_request";
    Unauthorized UNAUTHORIZED "unauthorized";
    FreshTokenNeeded UNAUTHORIZED "fresh_token_needed";
    Forbidden FORBIDDEN "forbidden";
    ScopeNotHeld FORBIDDEN "scope_not_held";
    NotFound NOT_FOUND "not_found";
    NoSuchOperation NOT_FOUND "no_such_operation";
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed";
    NotAcceptable NOT_ACCEPTABLE "not_acceptable";
    RequestTimeout REQUEST_TIMEOUT "timeout";
    OfferNotOrderable CONFLICT "offer_not_orderable";
    SupplierCannotBeAsked CONFLICT "supplier_cannot_be_asked";
    RejectedBySupplier CONFLICT "rejected_by_supplier";
    SupplierUnreachable CONFLICT "supplier_unreachable";
    IdTaken CONFLICT "id_taken";
    ExternalIdTaken CONFLICT "external_id_taken";
    InUse CONFLICT "in_use";
    OrderPending CONFLICT "order_pending";
    OrderNotPending CONFLICT "order_not_pending";
    ConnectionsInUse CONFLICT "connections_in_use";
    PartyClosing CONFLICT "party_closing";
    ConnectionsNotGranted CONFLICT "connections_not_granted";
    TooManyConnections CONFLICT "too_many_connections";
    TooManyEndpoints CONFLICT "too_many_endpoints";
    TooLargeAtOnce CONFLICT "too_large_at_once";
    TooManyUsers CONFLICT "too_many_users";
    TooManyOpenOrders CONFLICT "too_many_open_orders";
    EndpointDisabled CONFLICT "endpoint_disabled";
    IllegalTransition CONFLICT "illegal_transition";
    PositionUnknown GONE "position_unknown";
    Stale PRECONDITION_FAILED "stale";
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large";
    UriTooLong URI_TOO_LONG "uri_too_long";
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type";
    KeyReused UNPROCESSABLE_ENTITY "key_reused";
    TooManyRequests TOO_MANY_REQUESTS "too_many_requests";
    HeadersTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "headers_too_large";
    Internal INTERNAL_SERVER_ERROR "internal";
    Overloaded SERVICE_UNAVAILABLE "overloaded";
    Unavailable SERVICE_UNAVAILABLE "unavailable";
    ClockBehindJournal SERVICE_UNAVAILABLE "clock_behind_journal";
    OutcomeUnknown SERVICE_UNAVAILABLE "outcome_unknown";
    DeadlineExceeded SERVICE_UNAVAILABLE "timeout";
}
