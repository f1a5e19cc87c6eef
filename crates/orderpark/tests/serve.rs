//! `orderpark serve`, as its operator meets it.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use program::{Running, ask_token, run, stderr, write_secret};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const SECRET: &str = "a secret of the operator's choosing, long enough";

/// The secret that the first start showed.
fn shown_secret(running: &Running) -> String {
    let stderr = running.stderr();
    let lines: Vec<&str> = stderr.lines().filter_map(|line| line.trim().strip_prefix("client_secret: ")).collect();
    let [secret] = lines.as_slice() else { panic!("not one secret in: {stderr}") };
    (*secret).to_owned()
}

fn secret_file(folder: &Path, text: &str) -> String {
    let path = folder.join("secret");
    write_secret(&path, text);
    path.into_os_string().into_string().unwrap()
}

#[tokio::test]
async fn the_first_start_makes_one_operator_client_with_a_random_secret_printed_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::serve(folder.path(), &[]);
    let secret = shown_secret(&first);
    let (status, token) = ask_token(&first.address, "default/operator", &secret).await;
    assert_eq!((status, &token["scope"]), (200, &"[OPERATOR:1]".into()), "{token}");
    assert_eq!(first.stop(Signal::TERM).0.code(), Some(0));

    let again = Running::serve(folder.path(), &[]);
    assert!(!again.stderr().contains("client_secret"), "{}", again.stderr());
    let (status, same) = ask_token(&again.address, "operator", &secret).await;
    assert_eq!(
        (status, &same["access_token"]),
        (200, &token["access_token"]),
        "the key and the token outlive a restart"
    );
}

#[tokio::test]
async fn a_first_secret_that_nobody_can_have_seen_leaves_no_operator_and_one_that_nobody_used_is_shown_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut serve = program::program(&["serve", "--listen", "127.0.0.1:0", "--data", data]);
    let output = serve.stderr(full).output().unwrap();
    assert_eq!((output.status.code(), output.stdout), (Some(1), Vec::new()));

    let first = Running::serve(folder.path(), &[]);
    let seen = shown_secret(&first);
    first.stop(Signal::TERM);
    let again = Running::serve(folder.path(), &[]);
    assert!(again.stderr().contains("has not been used"), "{}", again.stderr());
    for secret in [seen, shown_secret(&again)] {
        assert_eq!(ask_token(&again.address, "operator", &secret).await.0, 200);
    }
    again.stop(Signal::TERM);
    let third = Running::serve(folder.path(), &[]);
    assert!(!third.stderr().contains("client_secret"), "{}", third.stderr());
}

/// Waits until the log says so.
fn wait_for(running: &Running, text: &str) {
    let begun = std::time::Instant::now();
    while !running.stderr().contains(text) {
        assert!(begun.elapsed().as_secs() < 10, "no '{text}' in: {}", running.stderr());
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn operators_are_told_of_start_refusals_failed_logins_hangups_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), &[]);
    let address = running.address.strip_prefix("http://").unwrap();
    for text in ["orderpark starts version=\"0.1.0\" build=", "a migration of the schema was carried out version=1"] {
        wait_for(&running, text);
    }
    let file = folder.path().join("orderpark.db");
    wait_for(&running, &format!("ready to serve address=\"{address}\" database=sqlite:{} schema=", file.display()));

    let client = reqwest::Client::new();
    let missing = client.get(format!("{}/core/v141/nothing?secret=hidden", running.address)).send().await.unwrap();
    assert!(missing.status().is_client_error());
    let problem: serde_json::Value = missing.json().await.unwrap();
    let error_id = problem["errorId"].as_str().unwrap();
    wait_for(
        &running,
        &format!("a request was refused error_id=\"{error_id}\" method=GET path=\"/core/v141/nothing\""),
    );
    assert!(!running.stderr().contains("hidden"));

    assert_eq!(ask_token(&running.address, "default/nobody\nforged", SECRET).await.0, 401);
    let told = r#"a client failed to authenticate client_id="default/nobody\\u000aforged" address=127.0.0.1"#;
    wait_for(&running, told);
    assert!(!running.stderr().contains(SECRET));

    running.signal(Signal::HUP);
    wait_for(&running, "SIGHUP is ignored");
    assert_eq!(client.get(format!("{}/health/live", running.address)).send().await.unwrap().status(), 200);
    let (status, log) = running.stop_with_log(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(log.trim_end().ends_with("stopped"), "{log}");
}

#[tokio::test]
async fn there_is_no_default_credential() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), &[]);
    for secret in ["operator", "admin", "secret", "password", "ops_"] {
        assert_eq!(ask_token(&running.address, "default/operator", secret).await.0, 401);
    }
}

#[tokio::test]
async fn the_first_client_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = secret_file(folder.path(), &format!("{SECRET}\n"));
    let options = ["--bootstrap-client-id", "jane@acme.example", "--bootstrap-client-secret-file", &file];
    let data = folder.path().join("data");
    let running = Running::serve(&data, &options);
    assert!(!running.stderr().contains(SECRET) && !running.stderr().contains("client_secret"), "{}", running.stderr());
    assert_eq!(ask_token(&running.address, "default/jane@acme.example", SECRET).await.0, 200);
    running.stop(Signal::TERM);

    let file = secret_file(folder.path(), &SECRET.repeat(2));
    let options = ["--bootstrap-client-id", "joe@acme.example", "--bootstrap-client-secret-file", &file];
    let again = Running::serve(&data, &options);
    assert!(again.stderr().contains("are ignored"), "{}", again.stderr());
    assert_eq!(ask_token(&again.address, "joe@acme.example", &SECRET.repeat(2)).await.0, 401);
    assert_eq!(ask_token(&again.address, "jane@acme.example", SECRET).await.0, 200);
}

#[test]
fn what_is_wrong_with_the_first_client_is_said_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let short = "a".repeat(31);
    let long = "a".repeat(32);
    let two_lines = format!("{long}\n{long}\n");
    let cases = [
        ("a", short.as_str(), "fewer than 32 characters"),
        ("a", &two_lines, "more than one line"),
        ("other/a", &long, "no profile 'other'"),
        ("default/a b", &long, "not a login"),
    ];
    for (client_id, secret, reason) in cases {
        let file = secret_file(folder.path(), secret);
        let (data, options) = (data.to_str().unwrap(), ["--bootstrap-client-secret-file", &file]);
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--bootstrap-client-id", client_id];
        let output = run(&[&serve[..], &options].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(reason) && !stderr(&output).contains(secret), "{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    assert!(!data.exists());
}

#[test]
fn stdout_has_the_line_that_it_listens_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for signal in [Signal::TERM, Signal::INT] {
        let running = Running::serve(folder.path(), &[]);
        assert!(running.said.is_empty());
        let port: u16 = running.address.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
        assert_ne!(port, 0);
        let (status, rest) = running.stop(signal);
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_second_process_on_the_same_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Running::serve(folder.path(), &[]);
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("in use"), "{}", stderr(&output));
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let first = Running::serve(folder.path(), &[]);
    let secret = shown_secret(&first);
    let (_, token) = ask_token(&first.address, "operator", &secret).await;
    first.stop(Signal::KILL);

    let again = Running::serve(folder.path(), &[]);
    let bearer = token["access_token"].as_str().unwrap();
    let asked = reqwest::Client::new().get(format!("{}/core/v141/api/orders", again.address)).bearer_auth(bearer);
    assert_eq!(asked.send().await.unwrap().status(), 200);
}

#[test]
fn the_data_folder_is_0700_and_its_files_are_0600() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _running = Running::serve(&data, &[]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Every file that the program depends on: with the mode that is just taken, and with one more bit.
#[tokio::test]
async fn files_that_others_can_change_or_read_are_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (secret, config) = (secret_file(folder.path(), SECRET), folder.path().join("orderpark.toml"));
    fs::write(&config, "log = \"info\"\n").unwrap();
    let options = ["--bootstrap-client-id", "jane", "--bootstrap-client-secret-file", &secret];
    let options = [&options[..], &["--config", config.to_str().unwrap()]].concat();
    // Both keys are there when a token was signed.
    ask_token(&Running::serve(&data, &options).address, "jane", SECRET).await;
    for (file, taken, refused, mended_by) in [
        (data.clone(), 0o755, 0o775, "chmod go-w"),
        (data.join("secret.key"), 0o600, 0o640, "chmod 600"),
        (data.join("signing.key"), 0o600, 0o604, "chmod 600"),
        (data.join("orderpark.db"), 0o644, 0o660, "chmod go-w"),
        (data.join("orderpark.db.lock"), 0o644, 0o622, "chmod go-w"),
        (secret.as_str().into(), 0o600, 0o644, "chmod go-r"),
        (config.clone(), 0o644, 0o646, "chmod go-w"),
    ] {
        let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        set(refused);
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let output = run(&[&arguments[..], &options].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("{mended_by} {}", file.display())), "{said}");
        set(taken);
        drop(Running::serve(&data, &options));
    }
    let mode = |name| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("orderpark.db"), mode("orderpark.db.lock")), (0o600, 0o600), "what others could read is mended");
}

/// As from a shell that allows few files at first.
#[test]
fn the_limit_of_open_files_is_raised_and_connections_fit_in_and_no_core_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let script = "ulimit -Sn 100; ulimit -Hn 2000; exec \"$0\" \"$@\"";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_orderpark"), "serve", "--listen", "127.0.0.1:0", "--data"]);
    let running = Running::spawn({
        command.arg(folder.path());
        command
    });
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let limit = |name: &str| limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(limit("Max open files").split_whitespace().nth(3), Some("2000"));
    assert_eq!(limit("Max core file size").split_whitespace().nth(4), Some("0"));
    assert!(running.stderr().contains("connections_max=1750"), "{}", running.stderr());
}

#[tokio::test]
async fn neither_logs_nor_files_hold_a_secret_or_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = secret_file(folder.path(), SECRET);
    let options = ["--bootstrap-client-id", "jane", "--bootstrap-client-secret-file", &file, "--log", "trace"];
    let running = Running::serve(&data, &options);
    let (_, token) = ask_token(&running.address, "jane", SECRET).await;
    let token = token["access_token"].as_str().unwrap().to_owned();
    let client = reqwest::Client::new();
    for path in ["/core/v141/api/orders".to_owned(), format!("/admin/v141/api/oauth/tokeninfo?access_token={token}")] {
        let answer = client.get(format!("{}{path}", running.address)).bearer_auth(&token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let log = running.stderr();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log is as wordy as it can be: {log}");
    assert!(!log.contains(SECRET) && !log.contains(&token), "{log}");
    assert_eq!(running.stop(Signal::TERM).0.code(), Some(0));
    for path in fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = fs::read(&path).unwrap();
        for text in [SECRET, &token] {
            assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn plain_http_only_on_loopback_or_with_an_explicit_flag() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let output = run(&["serve", "--listen", "192.0.2.1:80", "--data", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--allow-plain-http"), "{}", stderr(&output));
    assert!(!data.exists());
}

#[tokio::test]
async fn options_win_over_the_configuration_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orderpark.toml");
    let configured = folder.path().join("configured");
    let text = format!(
        "listen = \"192.0.2.1:80\"\ndata = {configured:?}\noperator_id = \"northern\"\n\
         [tokens]\nvalidity_max = \"1hours\"\n"
    );
    fs::write(&path, text).unwrap();
    let running = Running::start(&["serve", "--listen", "127.0.0.1:0", "--config", path.to_str().unwrap()]);
    assert!(configured.is_dir());
    let (_, token) = ask_token(&running.address, "operator", &shown_secret(&running)).await;
    assert_eq!(token["operator_id"], "northern");
    assert!((3590..=3600).contains(&token["expires_in"].as_i64().unwrap()), "{token}");
}

#[test]
fn unknown_keys_of_the_configuration_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("orderpark.toml");
    fs::write(&path, "lisen = \"127.0.0.1:0\"\n").unwrap();
    let output = run(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("lisen"), "{}", stderr(&output));
}
