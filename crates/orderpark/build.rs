//! Tells the program which commit it was built from, where it is built in a checkout of its own
//! repository.

use std::path::Path;
use std::process::Command;

fn main() {
    // In somebody else's repository, where a source archive may have been unpacked, the commit
    // would be another one's.
    let own = git(&["rev-parse", "--show-prefix"]).is_some_and(|prefix| prefix == "crates/orderpark/");
    let commit = git(&["rev-parse", "--short=12", "HEAD"]).filter(|_| own);
    println!("cargo::rustc-env=ORDERPARK_BUILD={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| own && Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// The output of git; none without git or a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
