//! The line that a shell is told to run.

use super::json::Raw;
use std::borrow::Cow;

/// The shell line of a `command` member: a string, or a list of words of which the shell that runs the
/// line is dropped (`bash -lc`, `powershell.exe -NoProfile -Command`, `cmd.exe /d /c`).
pub fn command_line(raw: Raw<'_>) -> Option<String> {
    if raw.is_text() {
        return raw.filled().map(Cow::into_owned);
    }
    let words: Vec<Cow<'_, str>> = raw.items().into_iter().filter_map(Raw::text).collect();
    match words.as_slice() {
        [] => None,
        [shell, flag, line] if flag.eq_ignore_ascii_case("-command") && !shell.is_empty() => {
            Some(line.to_string())
        }
        [shell, rest @ ..] if line_behind(shell, rest).is_some() => line_behind(shell, rest),
        words => Some(
            words
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}

/// What a shell is told to run: the words behind its last flag.
fn line_behind(shell: &str, words: &[Cow<'_, str>]) -> Option<String> {
    let name = shell.rsplit(['/', '\\']).next().unwrap_or(shell);
    let name = name.to_ascii_lowercase();
    let runs = |flag: &str| match name.trim_end_matches(".exe") {
        "bash" | "sh" | "zsh" | "dash" | "fish" => {
            flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')
        }
        "powershell" | "pwsh" => {
            flag.eq_ignore_ascii_case("-command") || flag.eq_ignore_ascii_case("-c")
        }
        "cmd" => flag.eq_ignore_ascii_case("/c") || flag.eq_ignore_ascii_case("/k"),
        _ => false,
    };
    let flags = words
        .iter()
        .take_while(|word| word.starts_with(['-', '/']))
        .count();
    let at = words[..flags].iter().position(|flag| runs(flag))?;
    let line = &words[at + 1..];
    (!line.is_empty()).then(|| line.join(" "))
}

fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) || word.contains("*** Begin Patch") {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use crate::agents::read::tool::present;

    #[test]
    fn the_shell_that_runs_a_line_is_dropped() {
        for (words, line) in [
            (r#"["bash","-lc","ls | wc"]"#, "ls | wc"),
            (r#"["/bin/zsh","-l","-c","ls"]"#, "ls"),
            (
                r#"["powershell.exe","-NoProfile","-Command","Get-ChildItem -Force"]"#,
                "Get-ChildItem -Force",
            ),
            (
                r#"["C:\\Windows\\pwsh.exe","-NoLogo","-NonInteractive","-c","rg","--files"]"#,
                "rg --files",
            ),
            (r#"["cmd.exe","/d","/c","dir"]"#, "dir"),
            (r#"["bash","run.sh","-c","x"]"#, "bash run.sh -c x"),
            (
                r#"["powershell.exe","-File","a.ps1"]"#,
                "powershell.exe -File a.ps1",
            ),
            (r#"["git","-c","a=b","log"]"#, "git -c a=b log"),
        ] {
            let shown = present("shell", &format!(r#"{{"command":{words}}}"#), true);
            assert_eq!(
                (shown.text.as_str(), shown.call.title.as_str()),
                (line, line),
                "{words}"
            );
        }
    }
}
