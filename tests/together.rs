//! Several at one file: two sessions in one editor, and two editors with a process each. Each
//! takes back its own text, and nobody else's.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "this is all test")]

#[path = "support/environment.rs"]
mod environment;
#[allow(dead_code, reason = "killing and going on is tested elsewhere")]
#[path = "support/server.rs"]
mod server;
#[path = "support/stage.rs"]
mod stage;

use std::fs;

use anyhow::Result;
use frontends::client::Event;
use protocol::{
    AbsPath, SessionId, SessionUpdate, Status, UndoScope, Update,
    methods::{ChangesUndo, Chat, SessionNew},
    wire::{ChangesUndoParams, ChangesUndoResult, ChatParams, NewSessionParams},
};
use server::Server;
use stage::Stage;

/// Agents that replace a word each: the name of their script, the word, and what it becomes.
const AGENTS: [(&str, &str, &str); 3] =
    [("two", "two", "2"), ("four", "four", "4"), ("second", "2\\n", "2nd\\n")];

const TEXT: &str = "one\ntwo\nthree\nfour\n";

/// A project with one file.
struct Desk {
    stage: Stage,
    file: AbsPath,
}

impl Desk {
    fn new() -> Result<Self> {
        let stage = Stage::new()?;
        stage.write("list.txt", TEXT.as_bytes())?;
        for (name, old, new) in AGENTS {
            let edit = format!(
                r#"call edit {{"path": "list.txt", "old_text": "{old}", "new_text": "{new}"}}"#
            );
            let script = format!("```script\nturn\n{edit}\n---\nsay \"Done.\"\n```\n");
            stage.write(&format!("{name}.md"), script.as_bytes())?;
        }
        let file = stage.root.join("list.txt")?;
        Ok(Self { stage, file })
    }

    /// A process of its own with an editor that has the file open.
    async fn editor(&self) -> Result<Server> {
        let script = self.stage.root.join("two.md")?;
        let mut command = self.stage.coworker(script.as_std_path());
        command.arg("--mode").arg("edit").arg("lsp");
        let server = Server::start(command, Server::full_editor(&self.stage.root)).await?;
        server.client.open(&self.file, TEXT).await;
        Ok(server)
    }

    /// The file as an editor has it.
    fn text(&self, editor: &Server) -> String {
        editor.client.text(&self.file).unwrap_or_default()
    }

    /// Types behind a text.
    async fn type_behind(&self, editor: &Server, anchor: &str, text: &str) {
        let at = self.text(editor).find(anchor).expect("the text is there") + anchor.len();
        editor.client.replace(&self.file, at..at, text).await;
    }
}

/// Has an agent do its work in a session of its own.
async fn work(desk: &Desk, editor: &mut Server, agent: &str) -> Result<SessionId> {
    let model = Some(format!("script:{}", desk.stage.root.join(&format!("{agent}.md"))?));
    let new = NewSessionParams { model, ..NewSessionParams::default() };
    let session = editor.client.call::<SessionNew>(new).await?.session.id;
    let session_id = Some(session.clone());
    let text = "work".to_owned();
    let params = ChatParams { session_id, text, context: Vec::new(), steer: false };
    editor.client.call::<Chat>(params).await?;
    loop {
        match editor.client.next().await {
            Event::Update(SessionUpdate {
                session_id,
                update: Update::Status(Status::Idle { turn_id: Some(_), .. }),
                ..
            }) if session_id == session => return Ok(session),
            Event::Closed => anyhow::bail!("the server ended by itself"),
            _ => {}
        }
    }
}

async fn undo(editor: &Server, session: &SessionId) -> Result<ChangesUndoResult> {
    let params = ChangesUndoParams { session_id: session.clone(), scope: UndoScope::Session };
    Ok(editor.client.call::<ChangesUndo>(params).await?)
}

#[tokio::test]
async fn of_two_sessions_in_one_editor_each_takes_back_its_own() -> Result<()> {
    let desk = Desk::new()?;
    let mut editor = desk.editor().await?;
    let one = work(&desk, &mut editor, "two").await?;
    let other = work(&desk, &mut editor, "four").await?;
    desk.type_behind(&editor, "three", " and a half").await;
    assert_eq!(desk.text(&editor), "one\n2\nthree and a half\n4\n");

    assert_eq!(undo(&editor, &one).await?.hunks.len(), 1);
    assert_eq!(desk.text(&editor), "one\ntwo\nthree and a half\n4\n");
    assert_eq!(undo(&editor, &other).await?.hunks.len(), 1);
    assert_eq!(desk.text(&editor), "one\ntwo\nthree and a half\nfour\n");
    editor.finish().await
}

#[tokio::test]
async fn what_another_session_wrote_over_is_not_taken_back() -> Result<()> {
    let desk = Desk::new()?;
    let mut editor = desk.editor().await?;
    let one = work(&desk, &mut editor, "two").await?;
    let other = work(&desk, &mut editor, "second").await?;
    assert_eq!(desk.text(&editor), "one\n2nd\nthree\nfour\n");

    undo(&editor, &one).await?;
    let text = desk.text(&editor);
    assert!(text.contains("nd\n"), "the other session's text is gone: {text:?}");
    undo(&editor, &other).await?;
    assert!(desk.text(&editor).starts_with("one\n"), "{:?}", desk.text(&editor));
    assert!(desk.text(&editor).ends_with("three\nfour\n"), "{:?}", desk.text(&editor));
    editor.finish().await
}

#[tokio::test]
async fn of_two_editors_each_takes_back_in_its_own_document() -> Result<()> {
    let desk = Desk::new()?;
    let (mut one, mut other) = (desk.editor().await?, desk.editor().await?);
    desk.type_behind(&other, "one", " (typed)").await;
    let first = work(&desk, &mut one, "two").await?;
    one.client.save(&desk.file).await?;
    let second = work(&desk, &mut other, "four").await?;
    assert_eq!(desk.text(&one), "one\n2\nthree\nfour\n");
    assert_eq!(desk.text(&other), "one (typed)\ntwo\nthree\n4\n");

    // What the other editor saves, the first one takes over, as editors do.
    other.client.save(&desk.file).await?;
    let saved = fs::read_to_string(desk.file.as_std_path())?;
    one.client.replace(&desk.file, 0..desk.text(&one).len(), &saved).await;
    assert!(undo(&one, &first).await?.hunks.is_empty(), "its text was gone");
    assert_eq!(desk.text(&one), saved);
    assert_eq!(undo(&other, &second).await?.hunks.len(), 1);
    assert_eq!(desk.text(&other), "one (typed)\ntwo\nthree\nfour\n");
    one.finish().await?;
    other.finish().await
}
