//! What the program says of itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot prepare has failed")]

mod program;

use program::run;

fn help(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success());
    assert!(output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_of_the_program() {
    insta::assert_snapshot!(help(&["--help"]));
}

#[test]
fn help_of_serve() {
    insta::assert_snapshot!(help(&["serve", "--help"]));
}

#[test]
fn help_of_verify() {
    insta::assert_snapshot!(help(&["verify", "--help"]));
}

#[test]
fn help_of_demo() {
    insta::assert_snapshot!(help(&["demo", "--help"]));
}

#[test]
fn help_of_migrate() {
    insta::assert_snapshot!(help(&["migrate", "--help"]));
}

#[test]
fn help_of_copy() {
    insta::assert_snapshot!(help(&["copy", "--help"]));
}

#[test]
fn help_of_contain() {
    insta::assert_snapshot!(help(&["contain", "--help"]));
}

#[test]
fn version() {
    assert_eq!(help(&["--version"]), format!("orderpark {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_command_line_that_is_not_right_ends_with_2() {
    for arguments in
        [&[][..], &["sell"], &["serve", "--bootstrap-client-id", "a"], &["serve", "--listen", "here"], &["copy"]]
    {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// It would otherwise stand in the log of whatever ran the command.
#[test]
fn a_database_that_is_named_wrongly_is_not_repeated() {
    for arguments in [
        &["serve", "--database", "postgres://ops:hush@db.example/a?sslmode=hope"][..],
        &["verify", "--database", "postgres://ops:hush@"],
        &["demo", "--database", "mysql://ops:hush@db.example/a"],
        &["migrate", "--database", "postgres://ops:hush@db.example:port/a"],
        &["copy", "--from", "sqlite:a", "--to", "postgres:/ops:hush@db.example/a"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = program::stderr(&output);
        assert!(told.contains(arguments[arguments.len() - 2]) && !told.contains("hush"), "{told}");
    }
}
