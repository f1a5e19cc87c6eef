//! One JSON value, spelled in many ways.

use super::harness::Chance;
use serde_json::Value;

/// Spells a value: attributes in any order, any spaces between, any character escaped.
pub fn spell(value: &Value, chance: &Chance) -> String {
    let mut text = String::new();
    space(&mut text, chance);
    write(value, &mut text, chance);
    space(&mut text, chance);
    text
}

fn space(text: &mut String, chance: &Chance) {
    for _ in 0..chance.below(3) {
        text.push(*chance.pick(&[' ', '\n', '\t', '\r']));
    }
}

fn write(value: &Value, text: &mut String, chance: &Chance) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            chance.shuffle(&mut members);
            text.push('{');
            for (n, (name, value)) in members.into_iter().enumerate() {
                if n > 0 {
                    text.push(',');
                }
                space(text, chance);
                string(name, text, chance);
                space(text, chance);
                text.push(':');
                space(text, chance);
                write(value, text, chance);
                space(text, chance);
            }
            text.push('}');
        }
        Value::String(inner) => string(inner, text, chance),
        other => text.push_str(&other.to_string()),
    }
}

fn string(inner: &str, text: &mut String, chance: &Chance) {
    text.push('"');
    for character in inner.chars() {
        if chance.percent(20) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let digits = format!("{unit:04x}");
                text.push_str("\\u");
                text.push_str(&if chance.percent(50) { digits.to_uppercase() } else { digits });
            }
        } else if character == '/' && chance.percent(50) {
            text.push_str("\\/");
        } else {
            text.push(character);
        }
    }
    text.push('"');
}
