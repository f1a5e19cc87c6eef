//! The judges: the packages that integrators verify webhooks with are shown what went over the line.

use crate::harness::{LONG, Receiver, message, to_loopback};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orderpark_server::outside::Message;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Reads a list of cases, and says of each whether it is genuine.
const PYTHON: &str = r#"
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
verdicts = []
for case in json.load(sys.stdin):
    try:
        Webhook(case["secret"]).verify(case["body"], case["headers"])
        verdicts.append(True)
    except WebhookVerificationError:
        verdicts.append(False)
print(json.dumps(verdicts))
"#;

/// The same.
const NODE: &str = r#"
const { Webhook, WebhookVerificationError } = require("standardwebhooks");
const verdicts = JSON.parse(require("fs").readFileSync(0, "utf8")).map(({ secret, body, headers }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
});
console.log(JSON.stringify(verdicts));
"#;

/// What docs/webhooks.md tells integrators to do, in place of the package.
const PYTHON_PAGE: &str = r#"
import json, sys
from page import verify
verdicts = []
for case in json.load(sys.stdin):
    try:
        verify(case["secret"], case["headers"], case["body"].encode())
        verdicts.append(True)
    except ValueError:
        verdicts.append(False)
print(json.dumps(verdicts))
"#;

/// The same.
const NODE_PAGE: &str = r#"
import { readFileSync } from "node:fs";
import { verify } from "./page.mjs";
const verdicts = JSON.parse(readFileSync(0, "utf8")).map(({ secret, body, headers }) => {
  try {
    verify(secret, headers, Buffer.from(body));
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify(verdicts));
"#;

const NEWER: &[u8] = b"the secret of now, 32 bytes long";
const OLDER: &[u8] = b"the secret before, as long as it";

#[tokio::test]
async fn the_packages_of_pypi_and_npm_verify_our_signatures_and_refuse_others() {
    let (cases, expected) = cases(&sent().await);
    let folder = orderpark_testbed::verifiers();
    let python = ask(Command::new(folder.join("python/bin/python")).args(["-c", PYTHON]), &cases);
    assert_eq!(python, expected, "Python");
    let node = ask(Command::new("node").args(["-e", NODE]).current_dir(folder.join("node")), &cases);
    assert_eq!(node, expected, "Node.js");
}

#[tokio::test]
async fn what_the_page_for_integrators_shows_verifies_our_signatures_and_refuses_others() {
    let (cases, expected) = cases(&sent().await);
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("page.py", shown_in("python"));
    write("judge.py", PYTHON_PAGE);
    write("page.mjs", shown_in("js"));
    write("judge.mjs", NODE_PAGE);
    let python = orderpark_testbed::verifiers().join("python/bin/python");
    let python = ask(Command::new(python).args(["-B", "judge.py"]).current_dir(folder.path()), &cases);
    assert_eq!(python, expected, "Python");
    let node = ask(Command::new("node").arg("judge.mjs").current_dir(folder.path()), &cases);
    assert_eq!(node, expected, "Node.js");
}

/// The program in this language that docs/webhooks.md shows.
fn shown_in(language: &str) -> &'static str {
    let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks.md"));
    let (_, rest) = page.split_once(&format!("```{language}\n")).expect("a program");
    rest.split_once("\n```").expect("its end").0
}

/// What a receiver was sent while two secrets were live, with the newer one.
async fn sent() -> Value {
    let receiver = Receiver::content().await;
    let body = r#"{"type":"order.activated","data":{"name":"B\u00e4r é 熊 \"quoted\"","count":1e3}}"#;
    let secrets = [NEWER, OLDER].map(|secret| Zeroizing::new(secret.to_vec())).to_vec();
    let sent = Message { body: body.as_bytes().into(), secrets, ..message(&receiver.url()) };
    assert!(to_loopback().send(&sent, LONG).await.is_success());
    let headers = receiver.seen()[0].headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({"secret": whsec(NEWER), "body": body, "headers": Value::Object(headers)})
}

/// What was sent, and what somebody has changed on its way; and of each whether it is genuine.
fn cases(genuine: &Value) -> (Value, Value) {
    let changed = |place: &str, value: Value| {
        let mut case = genuine.clone();
        *case.pointer_mut(place).expect("a place") = value;
        case
    };
    let timestamp = genuine["headers"]["webhook-timestamp"].as_str().expect("a timestamp");
    let later = timestamp.parse::<i64>().expect("seconds") + 1;
    let body = genuine["body"].as_str().expect("a body");
    let cases = [
        (genuine.clone(), true),
        (changed("/secret", json!(whsec(OLDER))), true),
        (changed("/secret", json!(whsec(b"a secret that nobody has given out"))), false),
        (changed("/body", json!(format!("{body} "))), false),
        (changed("/headers/webhook-id", json!("evt_8_0")), false),
        (changed("/headers/webhook-timestamp", json!(later.to_string())), false),
        (changed("/headers/webhook-signature", json!("v1,AAAA")), false),
    ];
    (cases.iter().map(|(case, _)| case.clone()).collect(), cases.iter().map(|(_, genuine)| *genuine).collect())
}

/// A secret as it is shown to whoever made the endpoint.
fn whsec(secret: &[u8]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

fn ask(program: &mut Command, cases: &Value) -> Value {
    let name = PathBuf::from(program.get_program());
    let program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap_or_else(|error| panic!("{}: {error}", name.display()));
    child.stdin.take().expect("its input").write_all(cases.to_string().as_bytes()).expect("written");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "{}: {}", name.display(), String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a verdict for each")
}
