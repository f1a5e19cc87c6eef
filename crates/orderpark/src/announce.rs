//! What the program says to people: stdout for what was asked for, stderr for everything else.

use std::io::Write as _;
use std::str::FromStr as _;
use tracing_subscriber::EnvFilter;

/// Writes a line to stdout, at once. A reader that has gone away is no reason to stop.
pub fn out(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// Writes a line to stderr, outside the log.
pub fn err(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Starts the log on stderr. `filter` is a level, or a list such as `info,orderpark_store=debug`.
pub fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::from_str(filter).map_err(|error| anyhow::anyhow!("log: '{filter}': {error}"))?;
    let color = std::io::IsTerminal::is_terminal(&std::io::stderr());
    // A second log in one process can only be a test's; the first one stays.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(color).try_init();
    Ok(())
}
