//! Shades of a colour that can be told from the ground they are on.

/// What non-text has to stand out by: WCAG 1.4.11.
const ENOUGH: f64 = 3.0;
/// Cards of the two schemes: `--surface` in `app.css`.
const LIGHT: [u8; 3] = [0xff, 0xff, 0xff];
const DARK: [u8; 3] = [0x19, 0x1b, 0x1f];

/// A colour (`#rrggbb`) as it is on light ground and on dark: itself where it stands out, else the
/// nearest shade of it that does.
pub fn on_both(color: &str) -> (String, String) {
    let Some(rgb) = parse(color) else {
        return (color.to_owned(), color.to_owned());
    };
    (toward(rgb, 0, LIGHT), toward(rgb, 255, DARK))
}

fn toward(rgb: [u8; 3], end: u8, ground: [u8; 3]) -> String {
    let mixed = |step: u16| {
        rgb.map(|part| {
            let (part, end) = (u16::from(part), u16::from(end));
            ((part * (20 - step) + end * step) / 20) as u8
        })
    };
    let shade = (0..=20)
        .map(mixed)
        .find(|shade| contrast(*shade, ground) >= ENOUGH);
    let [r, g, b] = shade.unwrap_or(rgb);
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn parse(color: &str) -> Option<[u8; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// WCAG's contrast ratio, 1 to 21.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        match part <= 0.03928 {
            true => part / 12.92,
            false => ((part + 0.055) / 1.055).powf(2.4),
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_can_be_told_from_both_grounds() {
        for info in crate::engine::agents() {
            let (light, dark) = on_both(info.color);
            let on = |shade: &str, ground| contrast(parse(shade).unwrap(), ground);
            assert!(on(&light, LIGHT) >= ENOUGH, "{}: {light}", info.id);
            assert!(on(&dark, DARK) >= ENOUGH, "{}: {dark}", info.id);
        }
    }

    #[test]
    fn a_colour_that_stands_out_stays() {
        assert_eq!(on_both("#808080"), ("#808080".into(), "#808080".into()));
        assert_eq!(on_both("teal"), ("teal".into(), "teal".into()));
    }

    /// A custom property of the style sheet in one theme: `light-dark(a, b)`, first or second.
    fn token(css: &str, name: &str, dark: usize) -> [u8; 3] {
        let value = css.split(&format!("{name}:light-dark(")).nth(1).unwrap();
        let value = value
            .split(')')
            .next()
            .unwrap()
            .split(',')
            .nth(dark)
            .unwrap();
        let long = match value.len() {
            4 => value
                .chars()
                .skip(1)
                .flat_map(|c| [c, c])
                .collect::<String>(),
            _ => value[1..].to_owned(),
        };
        parse(&format!("#{long}")).unwrap()
    }

    #[test]
    fn text_is_as_strong_as_its_theme_promises() {
        let css = include_str!("../../templates/assets/app.css");
        let plain = css.split("[data-theme=contrast]").next().unwrap();
        let strong = css.split("[data-theme=contrast]").nth(1).unwrap();
        let strong = strong.split('}').next().unwrap();
        let texts = [
            "--text", "--soft", "--faint", "--accent", "--good", "--warn", "--bad",
        ];
        for (theme, least) in [(plain, 4.5), (strong, 7.0)] {
            for dark in [0, 1] {
                for ground in ["--bg", "--surface", "--sunken", "--hover"] {
                    for text in texts {
                        let ratio = contrast(token(theme, text, dark), token(theme, ground, dark));
                        assert!(
                            ratio >= least,
                            "{text} on {ground} ({dark}): {ratio:.2} < {least}"
                        );
                    }
                }
                for (text, ground) in [
                    ("--mark-text", "--mark"),
                    ("--accent", "--accent-soft"),
                    ("--on-accent", "--accent"),
                    ("--add-text", "--add"),
                    ("--del-text", "--del"),
                    ("--c-key", "--sunken"),
                    ("--c-str", "--sunken"),
                    ("--c-num", "--sunken"),
                    ("--c-fn", "--sunken"),
                    ("--c-type", "--sunken"),
                    ("--c-com", "--sunken"),
                ] {
                    let ratio = contrast(token(theme, text, dark), token(theme, ground, dark));
                    assert!(
                        ratio >= least,
                        "{text} on {ground} ({dark}): {ratio:.2} < {least}"
                    );
                }
            }
        }
        // borders of the strong theme are text of the first rank
        for dark in [0, 1] {
            let (edge, ground) = (
                token(strong, "--edge", dark),
                token(strong, "--surface", dark),
            );
            assert!(contrast(edge, ground) >= 7.0);
        }
    }
}
