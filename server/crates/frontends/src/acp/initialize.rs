//! The first exchange: what the client can do, and what we say we can.

use agent_client_protocol_schema::{
    ProtocolVersion,
    v1::{self as acp, InitializeRequest, InitializeResponse},
};

/// What a client said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    /// Who answers here, for the journal.
    pub(super) name: String,
    /// It reads files, with what is not saved in them.
    pub(super) reads: bool,
    /// It writes files.
    pub(super) writes: bool,
    /// It shows forms.
    pub(super) forms: bool,
    /// It shows notices.
    pub(super) notices: bool,
    /// It shows compactions.
    pub(super) compaction: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            name: "an ACP client".to_owned(),
            reads: false,
            writes: false,
            forms: false,
            notices: false,
            compaction: false,
        }
    }
}

impl Profile {
    pub(super) fn new(request: &InitializeRequest) -> Self {
        let acp::ClientCapabilities { fs, session, elicitation, .. } = &request.client_capabilities;
        let name = request.client_info.as_ref().map(|client| {
            client.title.clone().filter(|title| !title.is_empty()).unwrap_or(client.name.clone())
        });
        let session = session.as_ref();
        Self {
            name: name.unwrap_or_else(|| Self::default().name),
            reads: fs.read_text_file,
            writes: fs.write_text_file,
            forms: elicitation.as_ref().is_some_and(|it| it.form.is_some()),
            notices: session.is_some_and(|it| it.notices.is_some()),
            compaction: session.is_some_and(|it| it.compaction.is_some()),
        }
    }
}

/// What we say we can. One version is spoken; whoever speaks another has to decide.
pub(super) fn announcement() -> InitializeResponse {
    let prompts = acp::PromptCapabilities::new().image(true).embedded_context(true);
    let sessions = acp::SessionCapabilities::new()
        .list(acp::SessionListCapabilities::new())
        .delete(acp::SessionDeleteCapabilities::new())
        .additional_directories(acp::SessionAdditionalDirectoriesCapabilities::new())
        .resume(acp::SessionResumeCapabilities::new())
        .close(acp::SessionCloseCapabilities::new());
    let capabilities = acp::AgentCapabilities::new()
        .load_session(true)
        .prompt_capabilities(prompts)
        .session_capabilities(sessions);
    let info = acp::Implementation::new("coworker", env!("CARGO_PKG_VERSION"));
    InitializeResponse::new(ProtocolVersion::V1)
        .agent_capabilities(capabilities)
        .agent_info(info.title("Coworker".to_owned()))
}
