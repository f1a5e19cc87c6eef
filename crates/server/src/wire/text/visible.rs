//! Visible text: which characters show nothing (control, format, default-ignorable), where some of
//! them are needed nevertheless, and Unicode normalization (NFC).
//!
//! Two texts that look the same must be the same, so what shows nothing is refused. Joiners stay
//! where a script or an emoji needs them (as RFC 5892, A.1 and A.2, but between any two letters
//! that join), variation selectors behind what they vary, and direction marks inside a text that is
//! written from right to left.

use super::Read;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{
    BidiClass, CanonicalCombiningClass, DefaultIgnorableCodePoint, EmojiModifier, ExtendedPictographic,
    GeneralCategory, GeneralCategoryGroup, JoiningType, UnifiedIdeograph,
};
use icu_properties::{CodePointMapData, CodePointSetData};
use std::borrow::Cow;

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const KEYCAP: char = '\u{20E3}';
/// BRAILLE PATTERN BLANK, the one symbol that looks like a blank.
const BLANK_SYMBOL: char = '\u{2800}';

/// Whether a character shows nothing by itself: control, format, separator of lines,
/// default-ignorable, or none at all.
pub fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let code = u32::from(character);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || code & 0xFFFE == 0xFFFE
        || (0xFDD0..=0xFDEF).contains(&code)
}

/// Composes a text (NFC).
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// The text, unless it holds what cannot be seen or shows nothing at all.
pub(super) fn visible(text: &str) -> Read<&str> {
    if text.chars().any(is_hidden) {
        let characters: Vec<char> = text.chars().collect();
        let hidden = (0..characters.len()).find(|at| is_hidden(characters[*at]) && !is_needed(&characters, *at));
        if let Some(at) = hidden {
            let (code, place) = (u32::from(characters[at]), at + 1);
            let rule = format!("must not hold U+{code:04X} (character {place}), which nobody can see; remove it");
            return Err(rule.into());
        }
    }
    if !text.is_empty() && text.chars().all(|it| it.is_whitespace() || it == BLANK_SYMBOL) {
        return Err("must contain at least one visible character".into());
    }
    Ok(text)
}

/// Whether a hidden character is needed where it stands.
fn is_needed(text: &[char], at: usize) -> bool {
    let (Some(before), after) = (at.checked_sub(1).map(|at| text[at]), text.get(at + 1).copied()) else {
        return false;
    };
    match text[at] {
        joiner @ (ZWNJ | ZWJ) => {
            is_virama(before)
                || after.is_some_and(|after| joins(before, after) || is_virama(after) && is_word(before))
                || joiner == ZWJ && is_emoji(base_of(&text[..at])) && after.is_some_and(is_emoji)
        }
        '\u{200E}' | '\u{200F}' => after.is_some() && text.iter().copied().any(is_from_right_to_left),
        '\u{FE0E}' | '\u{FE0F}' => is_emoji(before) || is_keycap_base(before) && after == Some(KEYCAP),
        '\u{FE00}'..='\u{FE02}' | '\u{E0100}'..='\u{E01EF}' => {
            CodePointSetData::new::<UnifiedIdeograph>().contains(before)
        }
        _ => false,
    }
}

/// The emoji that what stands last varies or colours.
fn base_of(text: &[char]) -> char {
    let varies = |it: &char| *it == '\u{FE0F}' || CodePointSetData::new::<EmojiModifier>().contains(*it);
    text.iter().rev().find(|it| !varies(it)).copied().unwrap_or_default()
}

fn is_emoji(character: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(character)
}

fn is_keycap_base(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '#' | '*')
}

fn is_word(character: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    GeneralCategoryGroup::Letter.contains(category) || GeneralCategoryGroup::Mark.contains(category)
}

fn is_virama(character: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(character) == CanonicalCombiningClass::Virama
}

/// Whether both are letters or marks of a script whose letters join.
fn joins(before: char, after: char) -> bool {
    let joining = |it| CodePointMapData::<JoiningType>::new().get(it) != JoiningType::NonJoining;
    [before, after].into_iter().all(|it| is_word(it) && joining(it))
}

fn is_from_right_to_left(character: char) -> bool {
    let class = CodePointMapData::<BidiClass>::new().get(character);
    !is_hidden(character) && (class == BidiClass::RightToLeft || class == BidiClass::ArabicLetter)
}
