//! What only happens on a real terminal: the progress bar, and the browser that a start opens.

#![cfg(target_os = "linux")]

use crate::house::{House, house, wait_for};
use codedash::cli::demo::{self, Plan};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::FromRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Both ends of a new terminal of 24 lines and 80 columns: ours, and the program's.
fn terminal() -> (File, File) {
    let size = libc::winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let (mut ours, mut its) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: the numbers are written before they are read, and belong to nobody else
    unsafe {
        let null_settings = std::ptr::null_mut();
        assert_eq!(
            libc::openpty(&mut ours, &mut its, null, null_settings, &size),
            0
        );
        (File::from_raw_fd(ours), File::from_raw_fd(its))
    }
}

/// Everything that was written to a terminal until nobody held its other end.
fn seen(mut ours: File) -> String {
    let mut bytes = Vec::new();
    let mut block = [0; 4096];
    // the end of a terminal is an error on this system
    while let Ok(n @ 1..) = ours.read(&mut block) {
        bytes.extend_from_slice(&block[..n]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_terminal_sees_how_far_reading_is_and_is_left_clean() {
    let house = house();
    demo::generate(&house.home(), &Plan::demo(1_795_220_910_461)).unwrap();
    let (ours, its) = terminal();
    let mut command = house.command(&["index"]);
    command.env("TERM", "xterm");
    let run = command.stderr(Stdio::from(its)).stdout(Stdio::piped());
    let child = run.spawn().unwrap();
    // the command holds the other end too
    drop(command);
    let drawn = seen(ours);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("up to date:"));
    let bar = drawn.split(['\r', '\n']).find(|line| line.contains('['));
    let bar = bar.unwrap_or_else(|| panic!("no bar in {drawn:?}"));
    assert!(bar.contains("] ") && bar.contains(" B/"), "{bar:?}");
    assert!(!drawn.contains('\n'), "one line is drawn again and again");
    let erases = |code: &str| drawn.trim_end_matches('\r').ends_with(code);
    assert!(erases("\u{1b}[2K"), "{drawn:?}");
}

/// A folder with an opener of addresses that notes what it was given.
fn opener(house: &House) -> (PathBuf, PathBuf) {
    let (folder, note) = (house.path("bin"), house.path("opened"));
    std::fs::create_dir(&folder).unwrap();
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", note.display());
    let file = folder.join("xdg-open");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, note)
}

/// A start on a terminal; its first line tells where it listens.
fn start(mut command: Command) -> (Child, File, String) {
    let (ours, its) = terminal();
    let child = command.stdout(Stdio::from(its)).stderr(Stdio::null());
    let child = child.spawn().unwrap();
    drop(command);
    let mut reader = BufReader::new(ours);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let url = line
        .split_whitespace()
        .find(|word| word.starts_with("http"));
    let url = url.unwrap_or_else(|| panic!("{line:?}")).to_owned();
    (child, reader.into_inner(), url)
}

#[test]
fn a_start_on_a_terminal_opens_the_browser_and_so_does_a_second() {
    let house = house();
    let (folder, note) = opener(&house);
    let path = std::env::var("PATH").unwrap_or_default();
    let command = |display: &str, args: &[&str]| {
        let mut command = house.command(&[&["serve", "--port", "0"], args].concat());
        command
            .env("DISPLAY", display)
            .env("TERM", "xterm")
            .env("PATH", format!("{}:{path}", folder.display()));
        command
    };
    let opened = || -> Vec<String> {
        let text = std::fs::read_to_string(&note).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    };
    let (mut first, terminal, url) = start(command(":0", &[]));
    wait_for("the browser", || (opened().len() == 1).then_some(()));
    assert_eq!(opened(), std::slice::from_ref(&url));

    // asked not to, or with nobody to look: only said
    for (display, args) in [(":0", &["--no-browser"][..]), ("", &[])] {
        let (mut again, _terminal, other) = start(command(display, args));
        assert!(again.wait().unwrap().success());
        assert_eq!(other, url);
    }
    let (mut second, _terminal, other) = start(command(":0", &[]));
    assert!(second.wait().unwrap().success());
    assert_eq!(other, url);
    wait_for("the browser again", || (opened().len() == 2).then_some(()));
    assert_eq!(opened(), [url.clone(), url]);
    first.kill().unwrap();
    first.wait().unwrap();
    drop(terminal);
}
