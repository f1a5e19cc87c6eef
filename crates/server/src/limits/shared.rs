//! The table of shared resources: what parties share, and how each is kept from being one party's
//! alone.
//!
//! Every refusal of a limiter names its row ([`super::refused`]), so that a limiter without a row
//! does not compile. docs/reference/limits.md shows the same rows; a test compares them.

macro_rules! shared {
    ($($(#[$doc:meta])* $name:ident $id:literal $what:literal $limiter:literal $shares:literal $answer:literal;)+) => {
        /// A resource that parties share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(dead_code, reason = "some rows are limited in other crates, or without a refusal")]
        pub(crate) enum Shared { $($(#[$doc])* $name,)+ }

        impl Shared {
            /// Every row.
            #[cfg(test)]
            pub(crate) const ALL: &[Shared] = &[$(Shared::$name),+];

            /// The name of the row, for tests and documentation.
            #[cfg(test)]
            pub(crate) fn id(self) -> &'static str {
                match self { $(Shared::$name => $id,)+ }
            }

            /// The counted things, in the plural, with what is done with them.
            pub(crate) fn what(self) -> &'static str {
                match self { $(Shared::$name => $what,)+ }
            }

            /// The kind of limiter, the shares, and the answer, as documented.
            #[cfg(test)]
            pub(crate) fn documented(self) -> [&'static str; 3] {
                match self { $(Shared::$name => [$limiter, $shares, $answer],)+ }
            }
        }
    };
}

shared! {
    /// Intents that wait for the committer.
    Committer "committer" "changes waiting" "fair queue"
        "in turns by vendor, then by party, weighted by parts; an eighth of what may wait for a vendor with its subscribers, a quarter of that for a subscriber"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Requests a second.
    Requests "requests" "requests a second" "rate limit"
        "the quota `requestsPerSecond` of the party, and of its vendor with all its subscribers; none by default"
        "429 `too_many_requests`";
    /// Requests that handlers work on.
    RequestsAtOnce "requests_at_once" "requests in progress" "bulkhead"
        "128 changes and 16 reads of single objects at once; an eighth for a vendor with its subscribers while others want it, a quarter of that for a subscriber"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Reads of lists, and of pages of events.
    Lists "lists" "lists and event pages being read" "bulkhead"
        "4 at once; an eighth for a vendor with its subscribers while others want it, a quarter of that for a subscriber"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Streams of events.
    Streams "streams" "event streams open" "concurrency limit"
        "the quota `streams`: 16 of a party, 64 of a vendor with all its subscribers; 256 in all"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Tests of webhook endpoints in progress.
    EndpointTests "endpoint_tests" "tests of webhook endpoints in progress" "concurrency limit"
        "4 of a party, 16 of a vendor with its subscribers; 512 in all"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Questions to suppliers, by buyer.
    Questions "questions" "questions to one supplier waiting" "bulkhead"
        "64 of a supplier, 512 in all; an eighth for a vendor with its subscribers while others want it, a quarter of that for a subscriber"
        "429 `too_many_requests`: the order waits, and is rejected where its time ends";
    /// Places of deliveries, by the owner of the target.
    Deliveries "deliveries" "deliveries in progress" "bulkhead"
        "an eighth for the vendor of the endpoint with its subscribers while others want it, a quarter of that for a subscriber"
        "none: messages wait";
    /// Messages to one destination.
    Destinations "destinations" "messages to one receiver a second" "rate limit"
        "a rate for each address, over all endpoints of a vendor with its subscribers"
        "none: messages wait; of a test 429 `too_many_requests`";
    /// Names that are being resolved.
    Names "names" "names being resolved" "bulkhead"
        "192 names that were answered quickly and 64 others at once; no share of their own: each attempt or test has its place first"
        "none: the attempt waits";
    /// Replays of webhook endpoints.
    Replays "replays" "replays in progress" "concurrency limit"
        "10 of an endpoint; one at a time for each address, over all endpoints of a vendor with its subscribers"
        "429 `too_many_requests`";
    /// Memory of answers that are not taken yet.
    Memory "memory" "bytes of requests and of answers that were not read yet" "bulkhead"
        "an eighth for a vendor with its subscribers, a quarter of that for a subscriber"
        "429 `too_many_requests`, or 503 `overloaded`";
    /// Connections.
    Connections "connections" "connections open" "concurrency limit"
        "a quarter of all for each address; in all below the limit of open files"
        "none: idle connections without a valid token are closed";
    /// Wrong secrets at the token endpoint.
    TokenEndpoint "token_endpoint" "wrong secrets" "failure throttle"
        "by client id and address"
        "429 `too_many_requests`";
    /// The journal on the disk.
    Journal "journal" "open orders" "quota"
        "the quota `openOrders` of the subscriber, and of its vendor with all its subscribers; none by default"
        "409 `too_many_open_orders`";
}

#[cfg(test)]
mod tests {
    use super::Shared;

    #[test]
    fn the_manual_shows_every_row() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/limits.md"));
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let expected = Shared::ALL.iter().map(|shared| {
            let [limiter, shares, answer] = shared.documented();
            format!("| `{}` | {} | {limiter} | {shares} | {answer} |", shared.id(), shared.what())
        });
        assert_eq!(rows, expected.collect::<Vec<_>>());
    }
}
