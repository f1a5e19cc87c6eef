//! Output for people: stdout for results, stderr for everything else (see `log`).

use std::io::Write as _;

/// Writes a line to stdout, at once. A reader that has gone away is no reason to stop.
#[expect(clippy::disallowed_methods, reason = "the one place that writes to stdout")]
pub fn out(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Writes a line to stdout without waiting for whoever reads it, which may be who does not read the
/// log either.
pub fn out_unawaited(line: String) {
    let _ = std::thread::Builder::new().name("stdout".into()).spawn(move || out(&line));
}

/// Writes a line to stderr, outside the levels of the log.
pub fn err(line: &str) {
    crate::log::tell(line);
}
