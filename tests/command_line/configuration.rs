//! `coworker config` and `coworker trust`: which value counts, and where it came from.

use super::*;

/// What `coworker config --json` says of a key: its value and its layer.
fn setting(place: &Place, key: &str, arguments: &[&str]) -> (Value, String) {
    let (_, out, told) = place.said(&[&["config", "--json"], arguments].concat());
    let lines = json_lines(&out);
    let line = lines.iter().find(|line| line["key"] == key);
    let line = line.unwrap_or_else(|| panic!("{key}: {out}{told}"));
    (line["value"].clone(), line["origin"]["layer"].as_str().unwrap().to_owned())
}

#[test]
fn each_layer_counts_more_than_the_one_below() {
    let place = Place::new();
    let mode = |arguments: &[&str]| setting(&place, "mode", arguments);
    let is = |value: &str, layer: &str| (Value::from(value), layer.to_owned());
    assert_eq!(mode(&[]), is("ask", "builtIn"));
    place.write("home/config.toml", "mode = \"edit\"\n");
    assert_eq!(mode(&[]), is("edit", "user"));
    place.write("project/.coworker/config.toml", "mode = \"ask\"\n");
    assert_eq!(mode(&[]), is("edit", "user"));
    assert_eq!(place.said(&["trust"]).0, DONE);
    assert_eq!(mode(&[]), is("ask", "project"));
    let variable = said(place.command(&["config"]).env("COWORKER_MODE", "plan")).1;
    assert!(
        variable.contains("mode = \"plan\"") && variable.contains("# COWORKER_MODE"),
        "{variable}"
    );
    assert_eq!(mode(&["--mode", "auto"]), is("auto", "flag"));
}

#[test]
fn a_project_counts_for_nothing_until_its_folder_is_trusted() {
    let place = Place::new();
    let model = place.script(&says("from the project"));
    place.write("project/.coworker/config.toml", &format!("model = {model:?}\n"));
    let (code, out, _) = place.said(&["config"]);
    assert_eq!(code, DONE);
    let way_out = format!("`coworker trust {}`", place.project().display());
    assert!(out.contains("counts for nothing") && out.contains(&way_out), "{out}");
    assert_eq!(place.said(&["run", "hi"]).0, NO_MODEL);

    assert_eq!(place.said(&["trust", "."]).0, DONE);
    let trusted = place.said(&["trust", "--list"]).1;
    assert_eq!(trusted, format!("{}\n", place.project().display()));
    let (code, out, told) = place.said(&["run", "hi"]);
    assert_eq!((code, out.as_str()), (DONE, "from the project\n"), "{told}");

    assert_eq!(place.said(&["trust", "--remove"]).0, DONE);
    assert_eq!(place.said(&["run", "hi"]).0, NO_MODEL);
}

#[test]
fn a_project_may_not_be_freer_than_its_user() {
    let place = Place::new();
    place.write("project/.coworker/config.toml", "mode = \"edit\"\n");
    place.said(&["trust"]);
    let (_, out, _) = place.said(&["config"]);
    assert!(out.contains("mode = \"ask\"") && out.contains("is freer than your `ask`"), "{out}");
    place.write("project/.coworker/config.toml", "log = \"trace\"\n");
    let (code, out, _) = place.said(&["config"]);
    assert_eq!(code, USAGE);
    assert!(out.contains("config.toml:1: `log` is for your own file"), "{out}");
}

#[test]
fn every_mistake_is_told_and_stops_what_would_act_on_it() {
    let place = Place::new();
    let file = place.write("home/config.toml", "# mine\nmode = \"auto\"\nmax_requests = \"x\"\n");
    let (code, out, told) = place.said(&["run", "hi"]);
    assert_eq!((code, out.as_str()), (USAGE, ""));
    let file = file.display();
    for part in ["2 mistakes", &format!("{file}:2: `mode`"), &format!("{file}:3: `max_requests`")] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(setting(&place, "mode", &[]).0, "ask");
    assert_eq!(place.said(&["doctor"]).0, FAILED);
}

#[test]
fn the_file_and_its_schema_can_be_found() {
    let place = Place::new();
    let path = place.said(&["config", "path"]).1;
    assert_eq!(Path::new(path.trim_end()), place.home().join("config.toml"));
    let schema: Value = serde_json::from_str(&place.said(&["config", "schema"]).1).unwrap();
    let shown = json_lines(&place.said(&["config", "--json"]).1);
    assert!(!shown.is_empty());
    for line in shown {
        let key = line["key"].as_str().unwrap();
        let property = &schema["properties"][key];
        assert!(property["description"].as_str().is_some_and(|it| !it.is_empty()), "{key}");
        assert_eq!(property["default"], line["value"], "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn what_config_writes_can_be_read_again() {
    let place = Place::new();
    let written = place.said(&["config"]).1;
    place.write("home/config.toml", &written);
    let (code, again, told) = place.said(&["config"]);
    assert_eq!(code, DONE, "{told}{again}");
    assert!(again.contains("config.toml:1"), "{again}");
}

#[test]
fn an_address_in_the_file_counts_more_than_a_variable_for_all_programs() {
    let place = Place::new();
    let asked = |place: &Place| {
        let mut run = place.command(&["--model", "openai/gpt-6", "run", "hi"]);
        // Nobody listens at either.
        run.env("OPENAI_BASE_URL", "http://127.0.0.1:2/v1").env("COWORKER_MAX_RETRIES", "0");
        said(&mut run).2
    };
    let told = asked(&place);
    assert!(told.contains("The server at 127.0.0.1:2 (OPENAI_BASE_URL)"), "{told}");
    place.write("home/config.toml", "[providers.openai]\nbase_url = \"http://127.0.0.1:1/v1\"\n");
    let told = asked(&place);
    assert!(told.contains("The server at 127.0.0.1:1 (`base_url` of provider `openai`)"), "{told}");
}
