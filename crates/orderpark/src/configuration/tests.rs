use super::Configuration;
use orderpark_server::Settings;
use orderpark_server::wire::is_segment;
use std::io::Write as _;

fn read(text: &str) -> Result<Settings, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let read = Configuration::read(Some(file.path())).and_then(|configuration| configuration.settings());
    read.map_err(|error| format!("{error:#}"))
}

#[test]
fn everything_is_optional() {
    assert_eq!(read("").unwrap(), Settings::default());
    assert_eq!(Configuration::read(None).unwrap().settings().unwrap(), Settings::default());
}

#[test]
fn the_example_of_the_documentation_is_right() {
    let lines = include_str!("../configuration.rs").lines();
    let example: Vec<&str> = lines
        .skip_while(|line| *line != "//! ```toml")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| line.trim_start_matches("//!").trim_start())
        .collect();
    let settings = read(&example.join("\n")).unwrap();
    assert_eq!(settings.token_validity_max_s, Some(30 * 86_400));
    assert_eq!(Settings { token_validity_max_s: None, ..settings }, Settings::default());
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for text in
        ["lisen = \"127.0.0.1:1\"", "[api]\nlisen = 1", "[tokens]\nlisen = 1", "[[profiles]]\nid = \"a\"\nlisen = 1"]
    {
        let error = read(text).unwrap_err();
        assert!(error.contains("lisen"), "{error}");
    }
}

#[test]
fn the_default_profile_is_one_of_the_profiles() {
    assert_eq!(read("default_profile = \"acme\"").unwrap().profiles.len(), 1);
    assert_eq!(read("[[profiles]]\nid = \"acme\"").unwrap().default_profile, "acme");
    assert!(read("default_profile = \"acme\"\n[[profiles]]\nid = \"other\"").is_err());
    assert!(read("[[profiles]]\nid = \"a\"\n[[profiles]]\nid = \"b\"").is_err());
}

#[test]
fn validity_is_said_as_clients_say_it() {
    let settings = read("[tokens]\ndefault_validity = \"90minutes\"\nvalidity_max = \"2days\"").unwrap();
    assert_eq!(settings.token_validity_default_s, 90 * 60);
    assert_eq!(settings.token_validity_max_s, Some(2 * 86_400));
    assert_eq!(read("[tokens]\nvalidity_max = \"infinite\"").unwrap().token_validity_max_s, None);
    assert!(read("[tokens]\ndefault_validity = \"infinite\"").is_err());
    assert!(read("[tokens]\nvalidity_max = \"2d\"").unwrap_err().contains("tokens.validity_max"));
}

#[test]
fn ids_are_those_of_the_api() {
    for id in ["a", "A1._~@+-", &"a".repeat(128)] {
        assert!(is_segment(id), "{id}");
    }
    for id in ["", "-a", "a/b", "a b", "ä", &"a".repeat(129)] {
        assert!(!is_segment(id), "{id}");
    }
}
