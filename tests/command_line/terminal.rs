//! The program on a terminal, with a person in front of it.

use std::{
    fs::OpenOptions,
    io::{Read, Write},
    process::Child,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// A test that waits longer for a text waits in vain.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with the program in it, as a person sees it.
pub(super) struct Screen {
    program: Child,
    keyboard: File,
    pieces: Receiver<Vec<u8>>,
    /// All that was shown and not looked at yet.
    seen: String,
}

impl Screen {
    pub(super) fn start(mut command: Command) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let end = OpenOptions::new().read(true).write(true).open(name).unwrap();
        command.stdin(end.try_clone().unwrap()).stdout(end.try_clone().unwrap()).stderr(end);
        let program = command.env("TERM", "dumb").spawn().unwrap();
        // Without this the end of the program would not be the end of what it shows.
        drop(command);
        let keyboard = File::from(terminal);
        let mut screen = keyboard.try_clone().unwrap();
        let (pieces, shown) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = screen.read(&mut piece) {
                if pieces.send(piece[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { program, keyboard, pieces: shown, seen: String::new() }
    }

    /// What was shown up to a text that is waited for, with it.
    pub(super) fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.seen.find(text) {
                let rest = self.seen.split_off(at + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(piece) => self.seen += &String::from_utf8_lossy(&piece).replace('\r', ""),
                Err(_) => panic!("no {text:?} in {}", self.seen),
            }
        }
    }

    /// Types a line once a text is there, and gives what was shown up to it.
    pub(super) fn reply(&mut self, text: &str, line: &str) -> String {
        let shown = self.until(text);
        writeln!(self.keyboard, "{line}").unwrap();
        shown
    }

    /// How it ended, and the rest of what it showed.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        while let Ok(piece) = self.pieces.recv_timeout(PATIENCE) {
            self.seen += &String::from_utf8_lossy(&piece).replace('\r', "");
        }
        let code = self.program.wait().unwrap().code();
        (code, std::mem::take(&mut self.seen))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
