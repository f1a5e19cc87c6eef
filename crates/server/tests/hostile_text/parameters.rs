//! Parameters of queries, with values that they do not take.

/// Operation, parameter, and values that are refused.
pub type Parameter = (&'static str, &'static str, &'static str, Vec<&'static str>);

pub fn parameters() -> Vec<Parameter> {
    vec![
        ("GET", "/orders", "pageIndex", vec!["0", "-1", "+1", "1.0", "x", "", "4294967296", "%C3%A9"]),
        ("GET", "/orders", "limit", vec!["0", "201", "-1", "+1", "1e1", "x", "", "4294967297"]),
        ("GET", "/orders", "after", vec!["", "x", "0", "019ab6c5-0000-7000-8000-000000000401"]),
        ("GET", "/orders", "state", vec!["active", "", "ALL,ACTIVE", "%F0%9F%98%80"]),
        ("GET", "/orders", "createdFrom", vec!["", "yesterday", "2026-02-30T00:00:00Z", "2026-11-23", "1e9", "-1"]),
        ("GET", "/orders", "createdTo", vec!["99999-01-01T00:00:00Z", "2026-11-23T25:00:00Z", "\u{0662}"]),
        ("GET", "/orders", "subscriberId", vec!["%20", "%E2%80%AE", "1%C2%AD"]),
        ("GET", "/orders", "offerId", vec!["%20", "a/b%0A", "%E2%80%AE"]),
        ("GET", "/orders", "externalId", vec!["%20", "%E2%80%AE", "PO%E2%80%8B"]),
        ("GET", "/subscriptions", "state", vec!["active", "", "NONE"]),
        ("GET", "/events", "limit", vec!["0", "201", "-1", "+1", "1e1", "x", "", "4294967297"]),
        (
            "GET",
            "/events",
            "after",
            vec!["", "x", "-1", "01", "1.", "1.00", "1.2.3", "18446744073709551616", "\u{0662}"],
        ),
        ("GET", "/events/stream", "after", vec!["", "x", "-1", "01", "1.4294967295", "LATEST"]),
        ("GET", "/offers", "orderable", vec!["", "wahr", "1", "yes"]),
        ("DELETE", "/orders/{ref}", "dryRun", vec!["", "wahr", "1"]),
        ("DELETE", "/subscribers/{ref}", "force", vec!["", "wahr", "1"]),
        ("GET", "/webhookEndpoints", "scope", vec!["", "VENDOR", "vendor:1", "VENDOR:01", "VENDOR:1,SUPPLIER:2"]),
        ("GET", "/webhookEndpoints/{ref}/attempts", "limit", vec!["0", "201", "-1", "+1", "1e1", "x", ""]),
        ("GET", "/webhookEndpoints/{ref}/attempts", "after", vec!["", "x", "0", "17.0"]),
        ("GET", "/webhookEndpoints/{ref}/attempts", "failed", vec!["", "wahr", "1"]),
        ("PUT", "/users/{ref}", "resetPassword", vec!["", "wahr", "1"]),
    ]
}
