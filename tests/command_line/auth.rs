//! `coworker auth`, and what a provider's key is seen by.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
};

use super::*;

const CANARY: &str = "sk-canary-3f9c";

/// Pipes a key in.
fn set(place: &Place, provider: &str, key: &str) -> Said {
    let mut command = place.command(&["auth", "set", provider]);
    let (stdout, stderr) = (Stdio::piped(), Stdio::piped());
    let mut child = command.stdin(Stdio::piped()).stdout(stdout).stderr(stderr).spawn().unwrap();
    child.stdin.take().unwrap().write_all(key.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let [out, told] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (status.code(), out, told)
}

#[test]
fn a_key_is_kept_listed_by_its_place_and_forgotten() {
    let place = Place::new();
    let (code, out, told) = set(&place, "openai", &format!("{CANARY}\n"));
    assert_eq!(code, DONE, "{told}");
    assert!(out.contains("The key of openai is kept in ") && !out.contains(CANARY), "{out}");
    let file = place.home().join("keys.toml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (_, out, _) = place.said(&["auth", "list"]);
    assert_eq!(out, format!("openai       {}\n", file.display()));
    let (_, out, _) = place.said(&["doctor"]);
    assert!(out.contains("openai, key from ") && !out.contains(CANARY), "{out}");
    assert!(place.said(&["auth", "remove", "openai"]).1.contains("is forgotten"));
    assert!(place.said(&["auth", "list"]).1.contains("There is no key."));
}

#[test]
fn what_is_no_key_or_of_nobody_is_not_kept() {
    let place = Place::new();
    for (provider, key, why) in [
        ("openai", "", "it is empty"),
        ("openai", "sk\u{e4}", "characters that cannot be sent"),
        ("opnai", "sk-1", "those that are known: anthropic, openai"),
    ] {
        let (code, _, told) = set(&place, provider, key);
        assert_ne!(code, DONE);
        assert!(told.contains(why), "{told}");
    }
    assert!(!place.home().join("keys.toml").exists());
}

#[test]
fn what_stands_in_a_header_is_not_shown() {
    let place = Place::new();
    let table = "[providers.work]\nbase_url = \"http://127.0.0.1:9\"\n";
    let headers = format!(
        "headers = {{ authorization = \"Basic {CANARY}\" }}\nproxy = \"http://me:{CANARY}@p:1\"\n"
    );
    place.write("home/config.toml", &format!("{table}{headers}"));
    for arguments in [&["config"][..], &["config", "--json"], &["doctor"]] {
        let (_, out, told) = place.said(arguments);
        assert!(!out.contains(CANARY) && !told.contains(CANARY), "{out}{told}");
    }
    assert!(place.said(&["config"]).1.contains("\"authorization\":\"…\""));
    place.write("home/config.toml", &format!("{table}headers = \"Bearer {CANARY}\"\n"));
    let (_, out, told) = place.said(&["config"]);
    assert!(out.contains("`providers` does not fit") && !out.contains(CANARY), "{out}{told}");
}

/// The address of a provider that refuses the key of one request, and what came of that.
fn refusing() -> (String, std::thread::JoinHandle<String>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", server.local_addr().unwrap());
    let provider = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut head = String::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        while !head.ends_with("\r\n\r\n") {
            lines.read_line(&mut head).unwrap();
        }
        // A server may be as careless as to say what it was sent.
        let body = format!("{{\"error\": {{\"message\": \"no such key: {CANARY}\"}}}}");
        write!(stream, "HTTP/1.1 401 No\r\nconnection: close\r\n\r\n{body}").unwrap();
        head
    });
    (address, provider)
}

#[test]
#[cfg(not(feature = "keychain"))]
fn a_build_without_a_keychain_says_so() {
    let place = Place::new();
    let key = fs::File::open(place.write("key", CANARY)).unwrap();
    let mut command = place.command(&["auth", "set", "openai", "--keychain"]);
    let (code, _, told) = said(command.stdin(key));
    assert_ne!(code, DONE);
    assert!(told.contains("This build of Coworker has no keychain"), "{told}");
    place.write("home/keys.toml", "openai = { keychain = true }\n");
    let (_, out, _) = place.said(&["auth", "list"]);
    assert_eq!(out, "openai       the keychain\n");
    let (code, _, told) = place.said(&["--model", "openai/gpt-6", "run", "hi"]);
    assert_eq!(code, NO_MODEL);
    assert!(told.contains("`coworker auth set openai` keeps the key in a file"), "{told}");
}

/// Needs `dbus-run-session`, `dbus-send` and `gnome-keyring-daemon`: a bus and a keychain of its
/// own, which know nothing of the user's.
#[test]
#[cfg(feature = "keychain")]
fn a_key_in_the_keychain_is_found_there_and_nothing_of_it_is_in_a_file() {
    const STEPS: &str = r#"
        gnome-keyring-daemon --foreground --unlock --components=secrets < password > /dev/null &
        owner='org.freedesktop.DBus.GetNameOwner string:org.freedesktop.secrets'
        until dbus-send --session --print-reply --dest=org.freedesktop.DBus / $owner > /dev/null 2>&1
        do sleep 0.02; done
        "$1" auth set openai --keychain < key
        "$1" auth list
        "$1" doctor | grep -o 'openai, key from .*'
        cat "$COWORKER_HOME/keys.toml"
        "$1" --log trace --model openai/gpt-6 run hi || true
        "$1" auth remove openai
        "$1" auth list
        echo 'openai = { keychain = true }' > "$COWORKER_HOME/keys.toml"
        "$1" --model openai/gpt-6 run hi || true
        kill $!"#;
    let place = Place::new();
    place.write("project/password", "pw");
    place.write("project/key", CANARY);
    for folder in ["data", "run"] {
        fs::create_dir(place.0.path().join(folder)).unwrap();
    }
    let (address, provider) = refusing();
    let mut command = Command::new("dbus-run-session");
    command.args(["--", "sh", "-ec", STEPS, "sh", env!("CARGO_BIN_EXE_coworker")]);
    command.current_dir(place.project());
    environment::clear(&mut command);
    command.env("COWORKER_HOME", place.home()).env("OPENAI_BASE_URL", address);
    command.env("XDG_DATA_HOME", place.0.path().join("data"));
    command.env("XDG_RUNTIME_DIR", place.0.path().join("run"));
    let (_, out, told) = said(&mut command);
    let expected = "The key of openai is kept in the keychain.\n\
                    openai       the keychain\n\
                    openai, key from the keychain\n\
                    # Keys of providers, kept by `coworker auth set`.\n\
                    openai = { keychain = true }\n\
                    The key of openai is forgotten.\n\
                    There is no key. `coworker auth set anthropic` keeps one.\n";
    assert_eq!(out, expected, "{told}");
    let head = provider.join().unwrap();
    assert!(head.contains(&format!("authorization: Bearer {CANARY}\r\n")), "{head}");
    assert!(told.contains("refused the key: no such key: [key]"), "{told}");
    assert!(told.contains("The key of `openai` is not in the keychain any more"), "{told}");
    let log = fs::read_to_string(place.home().join("coworker.log")).unwrap();
    assert!(!log.contains(CANARY) && !told.contains(CANARY), "{told}");
}

#[test]
fn a_key_is_seen_by_its_provider_alone() {
    let place = Place::new();
    let (address, provider) = refusing();
    set(&place, "openai", CANARY);
    let mut run = place.command(&["--log", "trace", "--model", "openai/gpt-6", "run", "hi"]);
    let (code, out, told) = said(run.env("OPENAI_BASE_URL", address));
    assert_eq!(code, NO_MODEL, "{out}{told}");
    assert!(told.contains("refused the key: no such key: [key]"), "{told}");
    let head = provider.join().unwrap();
    assert!(head.contains(&format!("authorization: Bearer {CANARY}\r\n")), "{head}");
    let (_, exported, _) = place.said(&["sessions", "--json"]);
    for (name, text) in [("output", &out), ("messages", &told), ("sessions", &exported)] {
        assert!(!text.contains(CANARY), "{name}: {text}");
    }
    assert_in_no_file(&place);
}

/// Looks for the canary in all that was written but the file of the keys.
fn assert_in_no_file(place: &Place) {
    let mut folders = vec![place.0.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("keys.toml") {
                let bytes = fs::read(&path).unwrap();
                let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_key_is_not_in_what_a_crash_leaves_behind() {
    use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, setrlimit};
    // Of a dump of the memory the system decides.
    let no_dump = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, no_dump).unwrap();
    let place = Place::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", server.local_addr().unwrap());
    let mut run = place.command(&["--log", "trace", "--model", "openai/gpt-6", "run", "hi"]);
    run.env("OPENAI_BASE_URL", address).env("OPENAI_API_KEY", CANARY);
    run.env("RUST_BACKTRACE", "full").stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = run.spawn().unwrap();
    let (stream, _) = server.accept().unwrap();
    let mut lines = BufReader::new(&stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        lines.read_line(&mut head).unwrap();
    }
    assert!(head.contains(CANARY), "{head}");
    (&stream).write_all(b"HTTP/1.1 200 OK\r\n\r\n: here\n\n").unwrap();
    kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert_eq!(status.code(), None, "it did not crash");
    for said in [stdout, stderr] {
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains(CANARY), "{said}");
    }
    assert!(place.home().join("coworker.log").exists());
    assert_in_no_file(&place);
}

#[cfg(unix)]
#[test]
fn a_command_of_the_agent_does_not_get_the_keys() {
    let place = Place::new();
    let model = place.script(
        "turn\ncall bash {\"command\": \"env\"}\n---\nsees \"PATH=\"\n\
         sees not \"canary\"\nsay \"seen\"",
    );
    set(&place, "openai", CANARY);
    let mut run = place.command(&["--model", &model, "--mode", "auto", "run", "hi"]);
    let (code, out, told) = said(run.env("ANTHROPIC_API_KEY", CANARY).env("MY_TOKEN", CANARY));
    assert_eq!(code, DONE, "{out}{told}");
    assert!(out.contains("seen") && !out.contains(CANARY), "{out}");
    assert_in_no_file(&place);
}
