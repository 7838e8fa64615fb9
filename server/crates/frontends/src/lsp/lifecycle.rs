//! The beginning and the end of a connection: what the client can do, what we can do, and when
//! it is over.

use std::time::Duration;

use changes::{Breaks, Counting, Encoding};
use protocol::{
    AbsPath, Mode, PROTOCOL_VERSION,
    methods::{Direction, METHODS},
    wire::{ClientCapabilities, ClientHost, ClientUi, ServerCapabilities},
};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tower_lsp_server::gen_lsp_types::{self as lsp, LspAny, PositionEncodingKind};

use super::{commands, convert, review_document};

/// How often it is looked whether the client's process still lives.
const LIFE_CHECK: Duration = Duration::from_secs(3);

/// What a client says of itself.
#[derive(Debug)]
pub(super) struct Profile {
    /// Its name, for people.
    pub(super) name: String,
    /// How it counts positions.
    pub(super) counting: Counting,
    /// The folder it works in.
    pub(super) root: AbsPath,
    /// The other folders it has open.
    pub(super) folders: Vec<AbsPath>,
    /// Whether it named them itself.
    pub(super) named: bool,
    /// Whether each CR in an edit ends a line for it, though it is a character in its own text:
    /// Neovim without a plugin.
    pub(super) breaks_at_cr: bool,
    /// What it draws by itself.
    pub(super) ui: ClientUi,
    /// What it does for the server.
    pub(super) host: ClientHost,
    /// The mode of its sessions, if it says so.
    pub(super) mode: Option<Mode>,
    /// The model of its sessions, if it says so.
    pub(super) model: Option<String>,
    /// Whether it shows work-done progress.
    pub(super) progress: bool,
    /// Whether it opens documents when asked.
    pub(super) shows_documents: bool,
    /// Whether it does that beside what the user looks at. Helix puts every document in its place,
    /// and the user's next keys go there.
    pub(super) shows_beside: bool,
    /// Whether it is to have its answers for themselves: Emacs, which waits for answers and
    /// leaves what it reads together with one lying. Before eglot 1.13 it does not say its name.
    pub(super) reads_answers_alone: bool,
    /// Whether it can be told that its code lenses are old.
    pub(super) refreshes_lenses: bool,
    /// Whether it reads documents from the server that are no files.
    pub(super) reads_content: bool,
    /// Whether it can be asked to tell what changes on disk.
    pub(super) watches: bool,
    /// Whether it can be asked to watch any folder and not only its own.
    pub(super) watches_folders: bool,
}

/// `initializationOptions.coworker`: what the client can do, as some clients can only say it
/// here, and what its user chose.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    #[serde(flatten)]
    capabilities: Option<ClientCapabilities>,
    mode: Option<Mode>,
    model: Option<String>,
}

impl Profile {
    /// What a client's `initialize` says. `folder` is where to work if it names none.
    ///
    /// # Errors
    /// Its `coworker` settings do not fit, in a sentence for the user.
    pub(super) fn new(params: &lsp::InitializeParams, folder: &AbsPath) -> Result<Self, String> {
        let options: Options =
            read(params.initialization_options.as_ref(), "initializationOptions.coworker")?
                .unwrap_or_default();
        let announced: Option<ClientCapabilities> =
            read(params.capabilities.experimental.as_ref(), "experimental.coworker")?;
        let ClientCapabilities { ui, host, .. } =
            announced.or(options.capabilities).unwrap_or_default();
        let window = params.capabilities.window.as_ref();
        let workspace = params.capabilities.workspace.as_ref();
        let watching = workspace.and_then(|it| it.did_change_watched_files.as_ref());
        let shows_documents = window
            .and_then(|window| window.show_document.as_ref())
            .is_some_and(|show| show.support);
        let mut folders = folders(params);
        let root = if folders.is_empty() { None } else { Some(folders.remove(0)) };
        Ok(Self {
            name: params.client_info.as_ref().map_or("an editor", |info| &*info.name).to_owned(),
            counting: counting(params),
            named: root.is_some(),
            root: root.unwrap_or_else(|| folder.clone()),
            folders,
            breaks_at_cr: is_one_of(params, &["neovim"]) && !ui.hunks,
            ui,
            host,
            mode: options.mode,
            model: options.model,
            progress: window.and_then(|window| window.work_done_progress) == Some(true),
            shows_documents,
            shows_beside: shows_documents && !is_one_of(params, &["helix"]),
            reads_answers_alone: params.client_info.is_none()
                || is_one_of(params, &["emacs", "eglot"]),
            refreshes_lenses: workspace
                .and_then(|it| it.code_lens.as_ref())
                .is_some_and(|lenses| lenses.refresh_support == Some(true)),
            reads_content: workspace.is_some_and(|it| it.text_document_content.is_some()),
            watches: watching.and_then(|it| it.dynamic_registration) == Some(true),
            watches_folders: watching.and_then(|it| it.relative_pattern_support) == Some(true),
        })
    }

    /// A client that has said nothing.
    pub(super) fn unknown(folder: AbsPath) -> Self {
        Self {
            name: "an editor".to_owned(),
            counting: Encoding::Utf16.into(),
            root: folder,
            folders: Vec::new(),
            named: false,
            breaks_at_cr: false,
            ui: ClientUi::default(),
            host: ClientHost::default(),
            mode: None,
            model: None,
            progress: false,
            shows_documents: false,
            shows_beside: false,
            reads_answers_alone: false,
            refreshes_lenses: false,
            reads_content: false,
            watches: false,
            watches_folders: false,
        }
    }
}

/// The `coworker` part of a settings object.
fn read<T: for<'de> Deserialize<'de>>(
    settings: Option<&LspAny>,
    name: &str,
) -> Result<Option<T>, String> {
    let Some(settings) = settings.and_then(|settings| settings.get("coworker")) else {
        return Ok(None);
    };
    T::deserialize(settings)
        .map(Some)
        .map_err(|error| format!("`{name}` does not fit: {error}; correct it in your settings"))
}

/// Whether a client says that it is one of these editors.
fn is_one_of(params: &lsp::InitializeParams, editors: &[&str]) -> bool {
    params.client_info.as_ref().is_some_and(|info| {
        let name = info.name.to_lowercase();
        editors.iter().any(|editor| name.contains(editor))
    })
}

/// How a client counts. The protocol has lines end at a lone CR, too, but those of Vim, Emacs and
/// Helix do not: to count otherwise than they do would be to edit other lines than theirs. Emacs
/// may say no name.
fn counting(params: &lsp::InitializeParams) -> Counting {
    let ends_at_lf =
        params.client_info.is_none() || is_one_of(params, &["vim", "emacs", "eglot", "helix"]);
    let breaks = if ends_at_lf { Breaks::Lf } else { Breaks::All };
    Counting { encoding: encoding(&params.capabilities), breaks }
}

/// UTF-8 costs nothing to convert; without it, what every client can do.
fn encoding(capabilities: &lsp::ClientCapabilities) -> Encoding {
    let offered = capabilities.general.as_ref().and_then(|it| it.position_encodings.as_deref());
    match offered.unwrap_or_default() {
        offered if offered.contains(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        [PositionEncodingKind::UTF32] => Encoding::Utf32,
        _ => Encoding::Utf16,
    }
}

/// The folders the client has open, in its order.
#[expect(deprecated, reason = "older clients name their folder in no other way")]
fn folders(params: &lsp::InitializeParams) -> Vec<AbsPath> {
    let folders = match &params.workspace_folders_initialize_params.workspace_folders {
        Some(lsp::WorkspaceFolders::WorkspaceFolderList(folders)) => folders.as_slice(),
        _ => &[],
    };
    let path = match &params.root_path {
        Some(lsp::RootPath::String(path)) => Some(path),
        _ => None,
    };
    let folders: Vec<AbsPath> =
        folders.iter().filter_map(|folder| convert::path(folder.uri.as_ref())).collect();
    if !folders.is_empty() {
        return folders;
    }
    let root = params.root_uri.as_ref().and_then(|root| convert::path(root.as_ref()));
    root.or_else(|| convert::folder(path?)).into_iter().collect()
}

/// What we answer to `initialize`.
pub(super) fn announcement(profile: &Profile) -> lsp::InitializeResult {
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::Incremental),
        save: Some(lsp::Save::SaveOptions(lsp::SaveOptions { include_text: Some(false) })),
        ..Default::default()
    };
    // Without `resolve`: some clients never ask for it, and commands need none.
    let actions = lsp::CodeActionOptions {
        code_action_kinds: Some(vec![
            lsp::CodeActionKind::QuickFix,
            lsp::CodeActionKind::RefactorRewrite,
        ]),
        ..Default::default()
    };
    let commands = lsp::ExecuteCommandOptions {
        commands: commands::NAMES.iter().map(|&name| name.to_owned()).collect(),
        ..Default::default()
    };
    // Only for the chat document. In every other one an editor would ask for nothing.
    let completion = (!profile.ui.chat).then(|| lsp::CompletionOptions {
        trigger_characters: Some(vec!["@".to_owned(), "/".to_owned()]),
        ..Default::default()
    });
    let answered = METHODS.iter().filter(|method| method.direction == Direction::ClientRequest);
    let coworker = ServerCapabilities {
        protocol_version: PROTOCOL_VERSION,
        methods: answered.map(|method| method.name.to_owned()).collect(),
    };
    let capabilities = lsp::ServerCapabilities {
        position_encoding: Some(match profile.counting.encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
            Encoding::Utf32 => PositionEncodingKind::UTF32,
        }),
        text_document_sync: Some(lsp::TextDocumentSync::Options(sync)),
        code_action_provider: Some(lsp::CodeActionProvider::CodeActionOptions(actions)),
        execute_command_provider: Some(commands),
        completion_provider: completion,
        // Not for clients that draw hunks: Neovim gives `K` another meaning where a server has it.
        hover_provider: (!profile.ui.hunks).then_some(lsp::HoverProvider::Bool(true)),
        code_lens_provider: (!profile.ui.hunks).then(lsp::CodeLensOptions::default),
        workspace: Some(workspace(profile)),
        experimental: Some(serde_json::json!({ "coworker": coworker })),
        ..Default::default()
    };
    let server_info = Some(lsp::ServerInfo {
        name: "Coworker".to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    });
    lsp::InitializeResult { capabilities, server_info }
}

/// What we want to be told of the client's workspace.
fn workspace(profile: &Profile) -> lsp::WorkspaceOptions {
    let files = || lsp::FileOperationRegistrationOptions {
        filters: vec![lsp::FileOperationFilter {
            scheme: Some("file".to_owned()),
            pattern: lsp::FileOperationPattern { glob: "**".to_owned(), ..Default::default() },
        }],
    };
    lsp::WorkspaceOptions {
        workspace_folders: Some(lsp::WorkspaceFoldersServerCapabilities {
            supported: Some(true),
            change_notifications: Some(true.into()),
        }),
        file_operations: Some(lsp::FileOperationOptions {
            did_create: Some(files()),
            did_rename: Some(files()),
            did_delete: Some(files()),
            ..Default::default()
        }),
        text_document_content: (profile.reads_content && !profile.ui.hunks).then(|| {
            let schemes = vec![review_document::SCHEME.to_owned()];
            lsp::TextDocumentContentOptions { schemes }.into()
        }),
    }
}

/// Cancels `stop` when the client's process is gone. Its end of the pipe may outlive it, in a
/// child that inherited it.
pub(super) async fn watch_process(id: Option<i32>, stop: CancellationToken) {
    let Some(id) = id.filter(|&id| id > 0) else { return };
    while is_alive(id) {
        tokio::time::sleep(LIFE_CHECK).await;
    }
    tracing::info!(id, "the client's process is gone");
    stop.cancel();
}

#[cfg(unix)]
fn is_alive(id: i32) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    let Some(id) = Pid::from_raw(id) else { return true };
    // A process of another user may not be signalled, but it is there.
    !matches!(test_kill_process(id), Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn is_alive(_: i32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn profile(params: Value) -> Result<Profile, String> {
        let params = serde_json::from_value(params).unwrap();
        Profile::new(&params, &AbsPath::new("/elsewhere").unwrap())
    }

    #[test]
    fn the_encoding_is_the_best_one_both_know() {
        let negotiated = |general: Value| {
            profile(json!({"capabilities": {"general": general}})).unwrap().counting.encoding
        };
        let offers = |kinds: &[&str]| negotiated(json!({"positionEncodings": kinds}));
        assert_eq!(offers(&["utf-8", "utf-16", "utf-32"]), Encoding::Utf8);
        assert_eq!(offers(&["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(offers(&["utf-32", "utf-16"]), Encoding::Utf16);
        assert_eq!(offers(&["utf-32"]), Encoding::Utf32);
        assert_eq!(offers(&["ebcdic"]), Encoding::Utf16);
        assert_eq!(negotiated(json!({})), Encoding::Utf16);
    }

    #[test]
    fn neovim_with_our_plugin() {
        let profile = profile(json!({
            "processId": 4242,
            "clientInfo": {"name": "Neovim", "version": "0.11.4+v0.11.4"},
            "rootPath": "/workspace",
            "rootUri": "file:///workspace",
            "workspaceFolders": [{"name": "/workspace", "uri": "file:///workspace"}],
            "trace": "off",
            "workDoneToken": "1",
            "initializationOptions": {"coworker": {"mode": "plan", "model": "a/b"}},
            "capabilities": {
                "general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]},
                "window": {"showDocument": {"support": true}, "workDoneProgress": true},
                "experimental": {"coworker": {"version": 1, "ui": {"chat": true, "later": 1}}},
            },
        }))
        .unwrap();
        assert_eq!((&*profile.name, profile.root.as_str()), ("Neovim", "/workspace"));
        assert_eq!((profile.mode, profile.model.as_deref()), (Some(Mode::Plan), Some("a/b")));
        assert!(profile.ui.chat && !profile.ui.approvals);
        assert!(profile.progress && profile.shows_documents && !profile.reads_answers_alone);
    }

    #[test]
    fn emacs_says_next_to_nothing() {
        let profile = profile(json!({
            "processId": 4242,
            "rootPath": "/work space/",
            "rootUri": "file:///work%20space",
            "initializationOptions": {},
            "capabilities": {"workspace": {"applyEdit": true}, "experimental": {}},
        }))
        .unwrap();
        assert_eq!(profile.root.as_str(), "/work space");
        assert_eq!(profile.ui, ClientUi::default());
        assert!(!profile.progress && !profile.shows_documents);
        assert!(profile.reads_answers_alone);
        assert_eq!(profile.counting.breaks, Breaks::Lf);
    }

    #[test]
    fn helix_puts_documents_in_the_place_of_others() {
        let profile = profile(json!({
            "clientInfo": {"name": "helix", "version": "25.7.1"},
            "capabilities": {"window": {"showDocument": {"support": true}}},
        }))
        .unwrap();
        assert!(profile.shows_documents && !profile.shows_beside);
        assert_eq!(profile.counting.breaks, Breaks::Lf);
    }

    #[test]
    fn settings_stand_in_for_capabilities_a_client_cannot_announce() {
        let options = json!({"coworker": {"version": 1, "ui": {"approvals": true}}});
        let profile = profile(json!({"capabilities": {}, "initializationOptions": options}));
        let profile = profile.unwrap();
        assert!(profile.ui.approvals && !profile.ui.chat);
        assert_eq!(profile.root.as_str(), "/elsewhere");
    }

    #[test]
    fn settings_that_do_not_fit_are_named() {
        let options = json!({"coworker": {"mode": "yolo"}});
        let error = profile(json!({"capabilities": {}, "initializationOptions": options}));
        let error = error.unwrap_err();
        assert!(error.contains("initializationOptions.coworker"), "{error}");
        assert!(error.contains("yolo"), "{error}");
    }

    #[test]
    fn a_process_that_is_gone_is_seen_to_be_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        assert!(is_alive(i32::try_from(std::process::id()).unwrap()));
        child.wait().unwrap();
        assert!(!is_alive(id));
    }
}
