//! Attributes, in bodies that would be accepted otherwise, with values that are not.

/// Values that no text attribute takes, as JSON.
#[rustfmt::skip]
const TEXTS: [&str; 20] = [
    "1", "1.5", "true", "[]", "{}", "[\"a\"]", "\"\"", "\" \"", "\"a\\tb\"", "\"a\\nb\"", "\"a\\u001bb\"",
    "\"a\\u007fb\"", "\"a\\u0085b\"", "\"a\\u009bb\"", "\"a\\u202eb\"", "\"a\\u2066b\"", "\"a\\u200fb\"",
    "\"a\\u061cb\"", "\"a\\u200eb\"", "LONG",
];

/// Values that no number takes, as JSON.
#[rustfmt::skip]
const NUMBERS: [&str; 17] = [
    "0", "-0", "-1", "1.0", "1e0", "1.5", "0.1e1", "1000000001", "4294967297", "9223372036854775807",
    "9223372036854775808", "18446744073709551615", "9007199254740993.0", "\"\"", "\" 1\"", "true", "[1]",
];

/// Texts that no id takes.
#[rustfmt::skip]
const IDS: [&str; 16] = [
    "\"\"", "\"/\"", "\"a/\"", "\"/a\"", "\"acme/a/b\"", "\"acme/../a\"", "\"acme/.a\"", "\"acme/a b\"",
    "\"acme/\\u0430\"", "\"acme/a%2Fb\"", "\"acme/a\\u0000\"", "\"acme/\\uff0e\"", "\"acme/a\\n\"", "1", "null", "LONG",
];

/// Texts that no address takes.
#[rustfmt::skip]
const URLS: [&str; 14] = [
    "\"\"", "\"/\"", "\"example\"", "\"javascript:alert(1)\"", "\"file:///etc/passwd\"", "\"ftp://net.example/\"",
    "\"http://\"", "\"http:///a\"", "\"https://net.example/a b\"", "\"https://net.example/\\u202e\"",
    "\"https://net.example/\\r\\nHost: a\"", "\"//net.example\"", "1", "LONG",
];

/// Texts that no email address is.
#[rustfmt::skip]
const EMAILS: [&str; 14] = [
    "\"\"", "\"a\"", "\"@\"", "\"a@\"", "\"@b\"", "\"a/b@c.example\"", "\"a b@c.example\"", "\"a@b@c.example\"",
    "\"a@c.exa\\nmple\"", "\"\\u0430@c.example\"", "\"a@c.ex\\u202eample\"", "\"a:b@c.example\"", "7", "LONG",
];

/// Operation, a body that would be accepted, the attribute with `$` for its value, and values that are not.
pub type Attribute = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
pub const ATTRIBUTES: &[Attribute] = &[
    ("POST", "/suppliers", r#"{"id":"new","name":$}"#, "name", &TEXTS),
    ("POST", "/suppliers", r#"{"id":$,"name":"New"}"#, "id", &IDS),
    ("POST", "/suppliers", r#"{"id":"new","name":"New","primaryUser":{"email":$}}"#, "primaryUser.email", &EMAILS),
    ("POST", "/suppliers", r#"{"id":"new","primaryUser":{"email":"a@b.example","firstName":$}}"#, "primaryUser.firstName", &TEXTS),
    ("POST", "/vendors", r#"{"id":"new","name":$}"#, "name", &TEXTS),
    ("POST", "/subscribers", r#"{"vendorId":"acme","name":$}"#, "name", &TEXTS),
    ("POST", "/subscribers", r#"{"vendorId":"acme","name":"New","contactEmail":$}"#, "contactEmail", &EMAILS),
    ("POST", "/subscribers", r#"{"vendorId":"acme","name":"New","organization":$}"#, "organization", &TEXTS),
    ("POST", "/users", r#"{"scopes":["VENDOR:1"],"email":$}"#, "email", &EMAILS),
    ("POST", "/users", r#"{"email":"a@b.example","scopes":$}"#, "scopes",
        &["\"VENDOR:1\"", "[]", "[1]", "[\"VENDOR\"]", "[\"vendor:1\"]", "[\"VENDOR:01\"]", "[\"VENDOR:-1\"]",
          "[\"VENDOR:1\",\"VENDOR:1\"]", "[\"VENDOR: 1\"]", "[\"VENDOR:1\\n\"]", "[\"ROOT:1\"]", "{}"]),
    ("POST", "/applications", r#"{"id":$,"name":"New"}"#, "id", &IDS),
    ("POST", "/applications", r#"{"id":"net/new","name":"New","portalUrl":$}"#, "portalUrl", &URLS),
    ("POST", "/applications", r#"{"id":"net/new","name":"New","notification":{"subscribedUrl":$}}"#, "notification.subscribedUrl", &URLS),
    ("POST", "/applications", r#"{"id":"net/new","name":"New","notification":{"mode":$}}"#, "notification.mode", &["\"TRY\"", "1", "\"\""]),
    ("POST", "/connectivityPlans", r#"{"id":"net/new","name":$}"#, "name", &TEXTS),
    ("POST", "/offers", r#"{"id":$,"name":"New","items":[{"productId":"net/app"}]}"#, "id", &IDS),
    ("POST", "/offers", r#"{"id":"acme/new","name":"New","items":$}"#, "items", &["[]", "1", "{}", "\"net/plan\""]),
    ("POST", "/offers", r#"{"id":"acme/new","name":"New","items":[{"productId":"net/plan","grantedConnections":$}]}"#,
        "items[0].grantedConnections", &NUMBERS),
    ("POST", "/offers", r#"{"id":"acme/new","name":"New","state":$,"items":[{"productId":"net/app"}]}"#, "state", &["\"active\"", "\"\"", "1"]),
    ("POST", "/processingStrategies", r#"{"id":$}"#, "id", &IDS),
    ("POST", "/processingStrategies", r#"{"id":"acme/new","description":$}"#, "description", &TEXTS),
    ("POST", "/processingStrategies", r#"{"id":"acme/new","settings":$}"#, "settings", &["[]", "1", "\"{}\"", "LONG"]),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":"SUB","quantity":$}"#, "quantity", &NUMBERS),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":"SUB","quantity":$}"#, "quantity", &["\"1\"", "1000001"]),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":"SUB","externalId":$}"#, "externalId", &TEXTS),
    ("POST", "/orders", r#"{"offerId":$,"subscriberId":"SUB"}"#, "offerId", &TEXTS),
    ("POST", "/orders", r#"{"offerRef":$,"subscriberId":"SUB"}"#, "offerRef", &NUMBERS),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":$}"#, "subscriberId", &TEXTS),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":"SUB","state":$}"#, "state", &["\"ACTIVE\"", "null"]),
    ("POST", "/orders", r#"{"offerId":"acme/sensor-100","subscriberId":"SUB","__proto__":$}"#, "__proto__", &["{}", "null"]),
    ("PUT", "/quotas/{ref}", r#"{"users":$}"#, "users", &["-1", "1.5", "\"7\"", "10001", "true", "[]"]),
    ("PUT", "/quotas/{ref}", r#"{"requestsPerSecond":$}"#, "requestsPerSecond", &["0", "4294967297"]),
    ("POST", "/webhookEndpoints", r#"{"scope":"OPERATOR:1","url":$}"#, "url", &URLS),
    ("POST", "/webhookEndpoints", r#"{"scope":"OPERATOR:1","url":$}"#, "url",
        &["\"https://a:b@net.example/\"", "\"https://net.example/#a\"", "\"http://127.0.0.1/\"", "\"http://[::1]/\"",
          "\"http://169.254.169.254/latest\"", "\"http://0x7f.1/\"", "\"https://net.example:0/\"", "null"]),
    ("POST", "/webhookEndpoints", r#"{"url":"https://net.example/","scope":$}"#, "scope",
        &["\"VENDOR\"", "\"vendor:1\"", "\"VENDOR:01\"", "[\"VENDOR:1\"]", "1", "\"\"", "LONG"]),
    ("POST", "/webhookEndpoints", r#"{"url":"https://net.example/","description":$}"#, "description", &TEXTS),
    ("POST", "/webhookEndpoints", r#"{"url":"https://net.example/","eventTypes":$}"#, "eventTypes",
        &["[]", "\"order.activated\"", "[1]", "[\"order.*\"]", "[\"ORDER.ACTIVATED\"]", "[\"order.activated\",\"order.activated\"]",
          "[\"webhook.test\"]", "[null]", "{}", "[\"\"]", "1"]),
    ("POST", "/webhookEndpoints", r#"{"url":"https://net.example/","state":$}"#, "state", &["\"ENABLED\"", "null"]),
    ("POST", "/webhookEndpoints", r#"{"url":"https://net.example/","secret":$}"#, "secret", &["\"whsec_AAAA\"", "null"]),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"url":$}"#, "url", &URLS),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"url":$}"#, "url", &["null", "\"http://10.0.0.1/\""]),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"description":$}"#, "description", &TEXTS),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"state":$}"#, "state", &["\"enabled\"", "\"DELETED\"", "null", "1", "true"]),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"scope":$}"#, "scope", &["\"OPERATOR:1\"", "null", "1"]),
    ("PUT", "/webhookEndpoints/{ref}", r#"{"secret":$}"#, "secret", &["\"whsec_AAAA\"", "null"]),
    ("POST", "/webhookEndpoints/{ref}/rotateSecret", r#"{"secret":$}"#, "secret", &["\"whsec_AAAA\"", "null"]),
    ("POST", "/webhookEndpoints/{ref}/test", r#"{"url":$}"#, "url", &["\"https://net.example/\""]),
    ("POST", "/webhookEndpoints/{ref}/replay", r#"{"eventId":$}"#, "eventId",
        &["17", "\"17\"", "\"017.0\"", "\"17.\"", "\"-1.0\"", "\"17.0.0\"", "\"99999999999999999999.0\"", "\"x\"", "\"\"", "[]", "LONG"]),
    ("POST", "/webhookEndpoints/{ref}/replay", r#"{"eventId":$}"#, "eventId", &["\"999999.0\"", "\"1.0\"", "\"1.4294967294\""]),
    ("POST", "/webhookEndpoints/{ref}/replay", r#"{"after":$}"#, "after",
        &["17", "\"yesterday\"", "\"2026-02-30T00:00:00Z\"", "\"latest\"", "\"\"", "true", "LONG"]),
    ("POST", "/webhookEndpoints/{ref}/replay", r#"{"after":"0","until":$}"#, "until", &["17", "\"tomorrow\"", "[]"]),
    ("POST", "/webhookEndpoints/{ref}/replay", r#"{"exhausted":$}"#, "exhausted", &["false", "\"true\"", "1", "[]"]),
    ("PUT", "/suppliers/{ref}", r#"{"name":$}"#, "name", &TEXTS),
    ("PUT", "/subscribers/{ref}", r#"{"contactEmail":$}"#, "contactEmail", &EMAILS),
    // It has none, so "" is an echo.
    ("PUT", "/users/{ref}", r#"{"lastName":$}"#, "lastName", &["1", "[]", "\" \"", "\"a\\tb\"", "\"a\\u202eb\"", "\"\\u200b\"", "LONG"]),
    ("PUT", "/users/{ref}", r#"{"email":$}"#, "email", &EMAILS),
    ("PUT", "/applications/{ref}", r#"{"portalUrl":$}"#, "portalUrl", &URLS),
    ("PUT", "/offers/{ref}", r#"{"name":$}"#, "name", &TEXTS),
    ("PUT", "/offers/{ref}", r#"{"items":$}"#, "items", &["[]", "null", "1"]),
    ("PUT", "/processingStrategies/{ref}", r#"{"name":$}"#, "name", &TEXTS),
    ("PUT", "/subscriptions/{ref}", r#"{"state":"SUSPENDED","reason":$}"#, "reason", &TEXTS),
    ("PUT", "/subscriptions/{ref}", r#"{"state":$}"#, "state", &["\"CANCELLED\"", "\"PENDING\"", "null", "1"]),
];
