//! The levels of the log: one for everything, or a list with levels for parts of the program. A
//! word that is none is refused: taken for the name of a part, it would silence everything else.

use std::str::FromStr;
use tracing::Level;
use tracing_subscriber::filter::Targets;

const NAMES: [(&str, Level); 5] = [
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];

/// The levels of the log.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// For what no target is named for.
    default: Option<Level>,
    targets: Vec<(String, Level)>,
}

impl Levels {
    /// As a filter. Whatever the list does not name is logged at its own level, or else at
    /// `default`.
    pub(super) fn targets(self, default: Level) -> Targets {
        Targets::new().with_default(self.default.unwrap_or(default)).with_targets(self.targets)
    }
}

impl FromStr for Levels {
    type Err = String;

    fn from_str(text: &str) -> Result<Levels, String> {
        let mut levels = Levels::default();
        for directive in text.split(',').map(str::trim) {
            match directive.split_once('=') {
                None => levels.default = Some(level(directive)?),
                Some((target, word)) if is_target(target) => levels.targets.push((target.to_owned(), level(word)?)),
                Some((target, _)) => return Err(format!("'{target}' is not a target, such as orderpark_store")),
            }
        }
        Ok(levels)
    }
}

fn level(word: &str) -> Result<Level, String> {
    if let Some((_, level)) = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Ok(*level);
    }
    // Each level has a first letter of its own.
    let first = word.chars().next().map(|first| first.to_ascii_lowercase());
    let nearest = NAMES.iter().find(|(name, _)| name.chars().next() == first);
    let hint = nearest.map(|(name, _)| format!(" (did you mean '{name}'?)")).unwrap_or_default();
    Err(format!(
        "'{word}' is not a level{hint}: use error, warn, info, debug or trace, or a list such as \
         info,orderpark_store=debug"
    ))
}

/// Modules of Rust are named like that.
fn is_target(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused_with_the_nearest_one() {
        let cases = [
            ("warning", "did you mean 'warn'?"),
            ("ERR", "did you mean 'error'?"),
            ("verbose", "use error, warn, info, debug or trace"),
            ("off", "is not a level"),
            ("", "'' is not a level"),
            ("info,", "'' is not a level"),
            ("orderpark_store", "'orderpark_store' is not a level"),
            ("orderpark_store=loud", "'loud' is not a level"),
            ("a b=debug", "'a b' is not a target"),
            ("=debug", "'' is not a target"),
        ];
        for (text, said) in cases {
            let refused = text.parse::<Levels>().expect_err(text);
            assert!(refused.contains(said), "{text}: {refused}");
        }
    }

    #[test]
    fn a_list_of_targets_leaves_the_rest_at_the_default() {
        let logged = |text: &str, target: &str, level| {
            text.parse::<Levels>().unwrap().targets(Level::INFO).would_enable(target, &level)
        };
        assert!(logged("Warn", "hyper", Level::WARN) && !logged("warn", "hyper", Level::INFO));
        let list = "orderpark_store=debug, hyper=error";
        assert!(logged(list, "orderpark_store::sqlite", Level::DEBUG) && !logged(list, "hyper", Level::WARN));
        assert!(logged(list, "orderpark", Level::INFO), "what the list does not name is not silenced");
        assert!(logged("trace,hyper=info", "orderpark", Level::TRACE));
    }
}
