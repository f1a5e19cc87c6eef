//! `orderpark contain`: the way in when all credentials are lost or in wrong hands.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod harness;

use harness::http::{get, post};
use harness::program::{run, stderr};
use harness::{Deployment, LOGIN, SECRET};
use orderpark_testbed::Engine;
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};

const CORE: &str = "/core/latest/api";

fn token(deployment: &Deployment, login: &str, secret: &str) -> Option<String> {
    let form = format!("grant_type=client_credentials&client_id={login}&client_secret={secret}");
    let request = post("/admin/latest/api/oauth/token").form(&form);
    let answer = deployment.connect().exchange(&request.bytes()).unwrap();
    answer.json()["access_token"].as_str().map(ToOwned::to_owned)
}

fn makes(deployment: &Deployment, token: &str, path: &str, body: &Value) -> Value {
    let request = post(&format!("{CORE}{path}")).bearer(token).json(body);
    deployment.connect().exchange(&request.bytes()).unwrap().done()
}

fn reads(deployment: &Deployment, token: &str) -> u16 {
    deployment.connect().exchange(&get(&format!("{CORE}/users")).bearer(token).bytes()).unwrap().status
}

fn contain(deployment: &Deployment, more: &[&str]) -> String {
    let url = deployment.database_url();
    let output = run(&[&["contain", "--database", &url, "--user"], more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output))
}

#[test]
fn orderpark_contain_ends_what_no_caller_can() {
    for engine in Engine::ALL {
        let mut deployment = Deployment::on(engine, &[]);
        let operator = token(&deployment, LOGIN, SECRET).unwrap();
        let body = json!({"email": "thief@thief.example", "scopes": ["OPERATOR:1"]});
        let thief = makes(&deployment, &operator, "/users", &body);
        let stolen = token(&deployment, "thief@thief.example", thief["clientSecret"].as_str().unwrap()).unwrap();
        makes(&deployment, &stolen, "/webhookEndpoints", &json!({"url": "https://thief.example/"}));
        // One process has an SQLite database; nodes of PostgreSQL go on, and hear of it.
        if engine == Engine::Sqlite {
            let output = run(&["contain", "--database", &deployment.database_url(), "--user", LOGIN]);
            assert!(!output.status.success(), "the server has the file");
            deployment.stop();
        }
        let dry = contain(&deployment, &[LOGIN, "--end-created", "--dry-run"]);
        assert!(dry.contains("thief@thief.example") && dry.contains("would be deleted"), "{dry}");
        let said = contain(&deployment, &[LOGIN, "--end-created", "--new-secret", "--since", "2020-01-01T00:00:00Z"]);
        assert!(said.contains("https://thief.example/") && said.contains("secrets and token ended"), "{said}");
        if engine == Engine::Sqlite {
            deployment.restart();
        }
        let seen = || (reads(&deployment, &stolen), reads(&deployment, &operator));
        let began = Instant::now();
        while seen() != (401, 401) {
            // A node is told within milliseconds, or forgets what it remembers of a token after a
            // second.
            assert!(began.elapsed() < Duration::from_secs(3), "{:?}", seen());
            sleep(Duration::from_millis(20));
        }
        assert_eq!(token(&deployment, LOGIN, SECRET), None);
        let secret = said.split("client_secret: ").nth(1).unwrap().trim();
        assert_eq!(reads(&deployment, &token(&deployment, LOGIN, secret).unwrap()), 200);
        let nobody = run(&["contain", "--database", &deployment.database_url(), "--user", "nobody"]);
        assert!(!nobody.status.success());
        deployment.stop();
        deployment.verify();
    }
}
