//! The table that a run ends with, and the same as JSON.

use anyhow::Context;
use serde_json::{Value, json};
use std::path::Path;

/// What a ratio should be.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    fn is_met_by(self, ratio: f64) -> bool {
        match self {
            Goal::AtLeast(goal) => ratio >= goal,
            Goal::AtMost(goal) => ratio <= goal,
        }
    }

    fn text(self) -> String {
        match self {
            Goal::AtLeast(goal) => format!(">= {goal:.2}"),
            Goal::AtMost(goal) => format!("<= {goal:.2}"),
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The unit of figure and reference.
    pub unit: &'static str,
    /// Its median.
    pub figure: f64,
    /// What it is set against, in words.
    pub against: String,
    /// The median of that.
    pub reference: f64,
    /// What figure / reference should be.
    pub goal: Goal,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.figure / self.reference
    }

    fn verdict(&self) -> &'static str {
        if self.goal.is_met_by(self.ratio()) { "pass" } else { "short" }
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what, "unit": self.unit, "figure": self.figure, "against": self.against,
            "reference": self.reference, "ratio": self.ratio(), "goal": self.goal.text(), "verdict": self.verdict(),
        })
    }
}

/// A line whose figure is the median of some.
pub fn row(what: String, unit: &'static str, figures: &[f64], against: String, reference: f64, goal: Goal) -> Row {
    Row { what, unit, figure: median(figures), against, reference, goal }
}

/// The middle one of some figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints the table.
#[allow(clippy::print_stdout, reason = "this is what the program is run for")]
pub fn print(rows: &[Row]) {
    println!("{:<48} {:>10}  {:<46} {:>10} {:<7} {:>6}  {:>8}", "figure", "", "reference", "", "", "ratio", "goal");
    for row in rows {
        println!(
            "{:<48} {:>10.1}  {:<46} {:>10.1} {:<7} {:>6.2}  {:>8}  {}",
            row.what,
            row.figure,
            row.against,
            row.reference,
            row.unit,
            row.ratio(),
            row.goal.text(),
            row.verdict()
        );
    }
}

/// Says on stderr what is being measured now.
#[allow(clippy::print_stderr, reason = "who waits sees that it goes on")]
pub fn progress(what: &str) {
    eprintln!("bench: {what}");
}

/// Writes the table as JSON.
pub fn write(path: &Path, rows: &[Row]) -> anyhow::Result<()> {
    let json = json!({ "rows": rows.iter().map(Row::json).collect::<Vec<_>>() });
    std::fs::write(path, format!("{json:#}\n")).context("writing the results")
}

#[cfg(test)]
mod tests {
    use super::{Goal, median};

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(&[9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_goal_is_met_at_its_bound_and_never_by_nothing() {
        assert!(Goal::AtLeast(0.3).is_met_by(0.3) && !Goal::AtLeast(0.3).is_met_by(0.29));
        assert!(Goal::AtMost(5.0).is_met_by(5.0) && !Goal::AtMost(5.0).is_met_by(5.01));
        assert!(!Goal::AtMost(5.0).is_met_by(f64::NAN) && !Goal::AtLeast(0.3).is_met_by(f64::NAN));
    }
}
