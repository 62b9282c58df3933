//! The contrast of all pairs of colours that pages use, in light and dark, computed from `tokens.css` by the rule of
//! WCAG 2.2, 1.4.3 and 1.4.11.

use std::collections::HashMap;

/// Lowest contrast of text.
const TEXT: f64 = 4.5;
/// Lowest contrast of the borders of controls.
const CONTROL: f64 = 3.0;

type Rgb = [f64; 3];

/// The colours by name, light and dark.
fn tokens() -> HashMap<String, [Rgb; 2]> {
    include_str!("../../../web/static/tokens.css")
        .split(';')
        .filter_map(|rule| {
            let (name, value) = rule.rsplit_once("--")?.1.split_once(':')?;
            let pair = value.trim().strip_prefix("light-dark(")?.strip_suffix(')')?;
            let (light, dark) = pair.split_once(',')?;
            Some((name.to_owned(), [rgb(light)?, rgb(dark)?]))
        })
        .collect()
}

fn rgb(colour: &str) -> Option<Rgb> {
    let digits = colour.trim().strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let channel =
        |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok().map(|byte| f64::from(byte) / 255.0);
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn luminance(rgb: Rgb) -> f64 {
    let [red, green, blue] =
        rgb.map(
            |channel| {
                if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
            },
        );
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_and_controls_have_enough_contrast_in_light_and_dark() {
    let tokens = tokens();
    let grounds = ["bg", "surface", "inset", "hover"];
    let inks = ["ink", "ink-2", "ink-3", "accent", "good", "warn", "alarm", "forced", "idle"];
    let pairs = grounds.iter().flat_map(|ground| inks.map(|ink| (ink, *ground, TEXT))).chain([
        ("ink", "accent-soft", TEXT),
        ("ink-3", "accent-soft", TEXT),
        ("accent", "accent-soft", TEXT),
        ("on-accent", "accent", TEXT),
        ("on-accent", "accent-strong", TEXT),
        ("good", "good-soft", TEXT),
        ("warn", "warn-soft", TEXT),
        ("alarm", "alarm-soft", TEXT),
        ("forced", "forced-soft", TEXT),
        ("ink-2", "idle-soft", TEXT),
        ("edge", "surface", CONTROL),
        ("edge", "bg", CONTROL),
    ]);
    for (ink, ground, lowest) in pairs {
        for theme in [0, 1] {
            let found = contrast(tokens[ink][theme], tokens[ground][theme]);
            assert!(found >= lowest, "{ink} on {ground}, {}: {found:.2}", ["light", "dark"][theme]);
        }
    }
}
