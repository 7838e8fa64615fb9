//! What the system prompt holds of projects and users: rules files and the list of skills.

use std::os::unix::fs::symlink;

use engine::NewSession;
use protocol::{AbsPath, ContextPart, Mode, SessionId, ToolCallStatus, UserMessage};
use serde_json::json;

use crate::stage::{Stage, calls, within};

/// The system prompt of a turn in which the user looks at a file.
async fn system_at(stage: &Stage, id: &SessionId, file: Option<&str>) -> String {
    let part = |file| ContextPart::File { path: stage.path(file), line: None };
    let context = file.map(part).into_iter().collect();
    let message = UserMessage { text: "go".to_owned(), context };
    let turn = within(stage.sessions.chat(id, message)).await.unwrap().turn_id;
    stage.end(id, &turn).await;
    stage.model.requests().last().unwrap().system.clone()
}

async fn system(stage: &Stage, file: Option<&str>) -> String {
    system_at(stage, &stage.session().await, file).await
}

/// Whether these stand in a text in this order.
fn in_order(text: &str, parts: &[&str]) -> bool {
    let places: Option<Vec<usize>> = parts.iter().map(|part| text.find(part)).collect();
    places.is_some_and(|places| places.is_sorted())
}

#[tokio::test]
async fn rules_come_from_far_to_near_and_the_users_own_first() {
    let stage = Stage::new();
    stage.write("state/user/AGENTS.md", "rule of the user");
    stage.write("CLAUDE.md", "rule of the root");
    stage.write("web/.cursorrules", "rule of the web");
    stage.write("web/page/AGENTS.md", "rule of the page");
    stage.write("server/AGENTS.md", "rule of the server");
    let text = system(&stage, Some("web/page/a.js")).await;
    let order = [
        "for every project",
        "the user\n",
        "CLAUDE.md",
        "of the root",
        "of the web",
        "of the page",
    ];
    assert!(in_order(&text, &order), "{text}");
    assert!(!text.contains("rule of the server"));
    let text = system(&stage, None).await;
    assert!(text.contains("rule of the root") && !text.contains("rule of the web"), "{text}");
}

#[tokio::test]
async fn a_folder_has_one_rules_file_and_no_text_is_sent_twice() {
    let stage = Stage::new();
    stage.write("GEMINI.md", "the third name");
    stage.write("AGENTS.md", "the first name");
    stage.write("web/notes.md", "linked");
    symlink("notes.md", stage.on_disk("web/CLAUDE.md")).unwrap();
    symlink("../CLAUDE.md", stage.on_disk("web/page.md")).unwrap();
    stage.write("web/page/x.js", "");
    symlink("../notes.md", stage.on_disk("web/page/AGENTS.md")).unwrap();
    stage.write("web/page/deep/AGENTS.md", " the first name\n");
    let text = system(&stage, Some("web/page/deep/x.js")).await;
    assert!(!text.contains("the third name"), "{text}");
    for once in ["the first name", "linked"] {
        assert_eq!(text.matches(once).count(), 1, "{once}: {text}");
    }
}

#[tokio::test]
async fn rules_that_lead_to_a_secret_or_outside_are_not_sent() {
    let stage = Stage::new();
    let elsewhere = tempfile::TempDir::new().unwrap();
    std::fs::write(elsewhere.path().join("notes.md"), "from outside").unwrap();
    stage.write(".env", "KEY=secret");
    stage.write("state/user/AGENTS.md", "the user's");
    symlink(elsewhere.path().join("notes.md"), stage.on_disk("AGENTS.md")).unwrap();
    stage.write("web/x.js", "");
    symlink("../.env", stage.on_disk("web/AGENTS.md")).unwrap();
    stage.write("lib/x.js", "");
    symlink("../state/user/AGENTS.md", stage.on_disk("lib/CLAUDE.md")).unwrap();
    for file in ["web/x.js", "lib/x.js"] {
        let text = system(&stage, Some(file)).await;
        assert!(!text.contains("from outside") && !text.contains("KEY="), "{text}");
        assert_eq!(text.matches("# Instructions of").count(), 1, "{text}");
    }
}

#[tokio::test]
async fn of_long_rules_the_nearest_have_the_most_and_the_cut_is_said() {
    let stage = Stage::new();
    let long = |word: &str| format!("{word} rule\n").repeat(10_000);
    for (file, word) in [("AGENTS.md", "far"), ("a/AGENTS.md", "middle"), ("a/b/AGENTS.md", "near")]
    {
        stage.write(file, &long(word));
    }
    let text = system(&stage, Some("a/b/x.js")).await;
    let [far, middle, near] =
        ["far rule\n", "middle rule\n", "near rule\n"].map(|rule| text.matches(rule).count());
    assert!(near > 3000 && middle > 2000 && far < 10, "{near} {middle} {far}");
    assert!(text.len() < 80 * 1024);
    assert!(text.contains(&format!("the file has {} bytes", long("near").trim().len())));
}

#[tokio::test]
async fn rules_for_other_programs_are_read_at_the_top() {
    let stage = Stage::new();
    stage.write(".github/copilot-instructions.md", "for the pilot");
    stage.write(".cursor/rules/a.mdc", "---\nalwaysApply: true\n---\nalways");
    stage.write(".cursor/rules/b.mdc", "---\nglobs: *.ts,web/**/*.{css,scss}\n---\nfor styles");
    stage.write(".cursor/rules/c.md", "---\ndescription: asked for\n---\nnever");
    stage.write(".cursor/rules/d.txt", "---\nalwaysApply: true\n---\nno rule");
    for (file, fits) in
        [("web/a/b.css", true), ("lib/deep/a.ts", true), ("lib/a.css", false), ("a.js", false)]
    {
        let text = system(&stage, Some(file)).await;
        assert!(text.contains("for the pilot") && text.contains("\nalways"), "{text}");
        assert_eq!(text.contains("for styles"), fits, "{file}");
        assert!(!text.contains("never\n") && !text.contains("no rule"), "{text}");
        assert!(!text.contains("alwaysApply"));
    }
}

#[tokio::test]
async fn every_folder_of_the_work_has_its_rules() {
    let stage = Stage::new();
    stage.write("one/AGENTS.md", "rule of one");
    stage.write("two/AGENTS.md", "rule of two");
    stage.write("two/src/AGENTS.md", "rule in two");
    let new = NewSession {
        root: stage.path("one"),
        folders: vec![stage.path("two")],
        mode: None,
        model: None,
    };
    let id = stage.sessions.create(new).await.unwrap().id;
    let text = system_at(&stage, &id, None).await;
    let below = format!("They are for what lies below {}.", stage.path("two"));
    assert!(in_order(&text, &[&below, "rule of two", "rule of one"]), "{text}");
    assert!(text.contains(&format!("Also part of the work: {}", stage.path("two"))));
    let text = system_at(&stage, &id, Some("two/src/x.js")).await;
    assert!(in_order(&text, &["rule of one", "rule of two", "rule in two"]), "{text}");
    assert!(!text.contains(&below));
}

fn skill(name: &str, description: &str) -> String {
    format!("---\nname: {name}\ndescription: {description}\n---\nHow to {name}.\n")
}

#[tokio::test]
async fn skills_of_a_project_count_once_it_is_trusted() {
    let stage = Stage::new();
    stage.write(".agents/skills/deploy/SKILL.md", &skill("deploy", "Deploys the project"));
    stage.write(".claude/skills/commit/SKILL.md", &skill("commit", "Commits as we do"));
    stage.write("state/user/skills/commit/SKILL.md", &skill("commit", "Commits as I do"));
    stage.write("state/user/skills/deploy/SKILL.md", &skill("deploy", "Deploys mine"));
    let text = system(&stage, None).await;
    assert!(text.contains("- deploy: Deploys mine") && text.contains("- commit: Commits as I do"));
    assert!(text.contains("- code-review: "), "{text}");
    stage.sessions.set_trusted(&stage.root, true).unwrap();
    let text = system(&stage, None).await;
    assert!(text.contains("- deploy: Deploys the project"), "{text}");
    assert!(text.contains("- commit: Commits as we do"), "{text}");
    assert_eq!(text.matches("- commit: ").count(), 1);
}

#[tokio::test]
async fn a_skill_that_breaks_the_rules_or_leads_outside_is_left_out() {
    let stage = Stage::new();
    stage.sessions.set_trusted(&stage.root, true).unwrap();
    let elsewhere = tempfile::TempDir::new().unwrap();
    std::fs::write(elsewhere.path().join("SKILL.md"), skill("outside", "Outside")).unwrap();
    stage.write(".agents/skills/other/SKILL.md", &skill("name", "Not its folder"));
    symlink(elsewhere.path(), stage.on_disk(".agents/skills/outside")).unwrap();
    let text = system(&stage, None).await;
    assert!(!text.contains("Not its folder") && !text.contains("Outside"), "{text}");
    let id = stage.session().await;
    let report = stage.sessions.context(&id, "").await.unwrap();
    let told = |name: &str| name.contains("other/SKILL.md") && name.contains("its folder `other`");
    assert!(report.parts.iter().any(|part| told(&part.name)), "{report:?}");
}

#[tokio::test]
async fn the_files_of_a_users_skill_can_be_read_and_nothing_else_there() {
    let stage = Stage::new();
    stage.write("state/user/skills/pdf/SKILL.md", &skill("pdf", "Reads PDF files"));
    stage.write("state/user/skills/pdf/more/forms.md", "Forms are hard.\n");
    stage.write("state/user/skills/notes/forms.md", "No skill.\n");
    stage.write("state/user/config.toml", "mode = 'ask'\n");
    let id = stage.session_in(Mode::Auto).await;
    let below = "state/user/skills/pdf/more";
    let answer = stage.model.answer("go");
    answer
        .calls("read", &json!({"path": format!("{below}/forms.md")}))
        .calls("grep", &json!({"pattern": "Forms", "path": "state/user/skills/pdf"}))
        .calls("read", &json!({"path": "state/user/skills/notes/forms.md"}))
        .calls("read", &json!({"path": "state/user/config.toml"}))
        .calls("glob", &json!({"pattern": "*", "path": "state/user"}))
        .calls("delete", &json!({"path": format!("{below}/forms.md")}))
        .ends();
    let calls = calls(&stage.complete(&id, "go").await);
    let statuses: Vec<_> = calls.iter().map(|call| call.status).collect();
    use ToolCallStatus::{Completed, Rejected};
    assert_eq!(statuses, [Completed, Completed, Rejected, Rejected, Rejected, Rejected]);
    let found = calls[1].output.as_ref().unwrap();
    assert!(found.text.contains("forms.md:1: Forms are hard."), "{}", found.text);
}

#[tokio::test]
async fn a_missing_user_folder_is_no_fault() {
    let nowhere = || AbsPath::new("/nowhere/at/all").unwrap();
    let stage = Stage::set_up(|settings| settings.user_folders = vec![nowhere()]);
    assert!(system(&stage, None).await.contains("Skills"));
}
