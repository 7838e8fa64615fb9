//! What stands around the work: `coworker doctor`, the log, completions, the manual.

use super::*;

#[test]
fn the_doctor_says_what_is_amiss_and_the_way_out() {
    let place = Place::new();
    let (code, out, _) = place.said(&["doctor"]);
    assert_eq!(code, FAILED);
    assert!(
        out.contains(
            "✗ model     none is set up\n            → set a key such as ANTHROPIC_API_KEY"
        ),
        "{out}"
    );
    let model = place.script(&says("yes"));
    let (code, out, _) = place.said(&["--model", &model, "doctor"]);
    assert_eq!(code, DONE, "{out}");
    for part in [
        "✓ version",
        "✓ settings",
        "✓ state",
        "✓ sessions  0 in ",
        "✓ log",
        "(--model)",
        "as of 20",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let lines = json_lines(&place.said(&["doctor", "--json"]).1);
    let bad: Vec<_> =
        lines.iter().filter(|it| it["state"] == "bad").map(|it| &it["check"]).collect();
    assert_eq!(bad, ["model"]);
}

#[test]
fn a_database_that_is_none_can_be_moved_away() {
    let place = Place::new();
    place.write("home/coworker.db", &"no database ".repeat(100));
    let (code, out, _) = place.said(&["doctor"]);
    assert_eq!(code, FAILED);
    assert!(out.contains("✗ sessions") && out.contains("→ move the database away"), "{out}");
}

#[test]
fn the_doctor_asks_the_model_only_if_told_to() {
    let place = Place::new();
    let away = "script:nowhere.md";
    assert_eq!(place.said(&["--model", away, "doctor"]).0, DONE);
    let (code, out, _) = place.said(&["--model", away, "doctor", "--online"]);
    assert_eq!(code, FAILED);
    assert!(out.contains("✗ model") && out.contains("nowhere.md"), "{out}");
    let (code, out, _) =
        place.said(&["--model", &place.script(&says("yes")), "doctor", "--online"]);
    assert_eq!(code, DONE);
    assert!(out.contains("it answers"), "{out}");
}

#[test]
fn the_log_is_a_file_that_only_its_owner_reads_and_only_if_there_is_something_to_log() {
    let place = Place::new();
    let model = place.script(&says("hello"));
    place.ask(&model, "hi");
    let log = place.home().join("coworker.log");
    assert!(!log.exists());
    let (code, out, told) = place.said(&["--log", "trace", "--model", &model, "run", "hi"]);
    assert_eq!((code, out.as_str()), (DONE, "hello\n"), "{told}");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let other = place.0.path().join("other.log");
    let mut command = place.command(&["--model", &model, "run", "hi"]);
    command.env("COWORKER_LOG", "trace").env("COWORKER_LOG_FILE", &other);
    assert_eq!(said(&mut command).0, DONE);
    assert!(fs::metadata(&other).unwrap().len() > 0);
    let (code, _, told) = place.said(&["--log", "engine=loud", "run", "hi"]);
    assert_eq!(code, USAGE);
    assert!(told.contains("--log: `log` does not say what to log"), "{told}");
    let (code, _, told) = place.said(&["--log", "warn,debgu", "run", "hi"]);
    assert_eq!(code, USAGE);
    assert!(told.contains("`debgu` is no level"), "{told}");
}

#[test]
fn every_shell_gets_its_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, told) = place.said(&["completions", shell]);
        assert_eq!(code, DONE, "{told}");
        for word in ["sessions", "export", "--continue", "doctor"] {
            let word = if shell == "fish" { word.trim_start_matches("--") } else { word };
            assert!(out.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let place = Place::new();
    let page = place.said(&["man"]).1;
    for part in [".TH coworker 1", ".SH ENVIRONMENT", "coworker\\-run(1)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (code, out, told) = place.said(&["man", "--output", "pages/man1"]);
    assert_eq!(code, DONE, "{told}");
    for name in ["coworker", "coworker-run", "coworker-sessions", "coworker-sessions-export"] {
        let file = format!("pages/man1/{name}.1");
        assert!(out.lines().any(|line| line == file), "{out}");
        assert!(fs::read_to_string(place.project().join(file)).unwrap().contains(".SH NAME"));
    }
}

#[test]
fn what_a_model_would_be_sent_is_weighed() {
    let place = Place::new();
    place.write("project/AGENTS.md", &"Always be brief. ".repeat(100));
    place.write("project/notes.md", &"words ".repeat(1000));
    let weigh = |prompt: &[&str]| {
        let (code, out, told) = place.said(&[&["context", "--json"], prompt].concat());
        assert_eq!(code, DONE, "{told}");
        json_lines(&out).remove(0)
    };
    let (alone, mentioned) = (weigh(&[]), weigh(&["look at @notes.md"]));
    let named = |report: &Value, name: &str| {
        report["parts"].as_array().unwrap().iter().any(|part| part["name"] == name)
    };
    assert!(named(&alone, "AGENTS.md") && named(&alone, "read"), "{alone}");
    let more = mentioned["tokens"].as_u64().unwrap() - alone["tokens"].as_u64().unwrap();
    assert!(more > 1500, "{mentioned}");
    let table = place.said(&["context"]).1;
    assert!(table.contains("rules         AGENTS.md") && table.contains("together"), "{table}");
}

#[test]
fn what_was_used_is_told_day_by_day() {
    let place = Place::new();
    let model = place.script("turn\nusage 1200 34\nsay \"x\"\nturn\nusage 800 6\nsay \"y\"");
    place.ask(&model, "one");
    place.ask(&model, "another session");
    let (code, out, told) = place.said(&["usage", "--json"]);
    assert_eq!(code, DONE, "{told}");
    let days = json_lines(&out);
    let tokens = |field| days.iter().map(|day| day[field].as_u64().unwrap()).sum::<u64>();
    // Around midnight they may be two days.
    assert_eq!((tokens("inputTokens"), tokens("outputTokens")), (2400, 68), "{out}");
    let (_, table, _) = place.said(&["usage"]);
    let last = table.lines().rev().nth(1).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(last, ["30", "days", "2400", "0", "68", "$0.00"], "{table}");
}

#[test]
fn who_says_yes_to_all_does_not_say_it_to_a_budget() {
    let place = Place::new();
    place.write("home/config.toml", "max_turn_tokens = 100000\n");
    place.write("project/a.txt", "one\n");
    let model =
        place.script("turn\nusage 90000 10000\ncall read {\"path\": \"a.txt\"}\n---\nsay \"ok\"");
    let (code, _, told) = place.said(&["--model", &model, "run", "--yes", "look"]);
    assert_ne!(code, DONE);
    assert!(told.contains("This turn has used 100000 tokens of 100000 tokens"), "{told}");
}
