//! Where context is looked up, and what of it may be read.
//!
//! A project's own files must not make Coworker send what the agent would have to ask for: a
//! rules file that is a link to a key is not read. What lies in the user's own folders is the
//! user's; only what looks like a secret stays there.

use std::sync::Arc;

use protocol::{AbsPath, Effect, Mode, SessionInfo};

use crate::{
    Documents, Entry, Snapshot, Trust,
    policy::{self, Situation, Verdict},
    sessions::Parts,
};

/// The folders of a session with the eyes to look into them.
#[derive(Clone)]
pub(crate) struct Place {
    pub(super) documents: Arc<dyn Documents>,
    /// The session's folder, resolved.
    pub(super) root: AbsPath,
    /// Further folders of the same work, resolved.
    pub(super) folders: Vec<AbsPath>,
    /// The user's own, the first counts most. Not resolved.
    pub(super) user_folders: Vec<AbsPath>,
    pub(super) forbidden: Vec<AbsPath>,
    pub(super) mode: Mode,
    trust: Trust,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Project,
    User,
}

/// A file of text.
pub(super) struct Read {
    /// Where it really is.
    pub(super) path: AbsPath,
    pub(super) text: String,
}

impl Place {
    pub(crate) fn new(parts: &Parts, info: &SessionInfo, mode: Mode) -> Self {
        Self {
            documents: parts.documents.clone(),
            root: info.root.clone(),
            folders: info.folders.clone(),
            user_folders: parts.settings.user_folders.clone(),
            forbidden: parts.settings.forbidden.clone(),
            mode,
            trust: parts.trust.clone(),
        }
    }

    /// A place without a user: what is built in is all there is.
    pub(super) fn detached(root: AbsPath, documents: Arc<dyn Documents>) -> Self {
        let (folders, user_folders, forbidden) = Default::default();
        let (mode, trust) = (Mode::default(), Trust::none());
        Self { documents, root, folders, user_folders, forbidden, mode, trust }
    }

    /// All folders of the work, the session's own first.
    pub(super) fn roots(&self) -> impl Iterator<Item = &AbsPath> {
        std::iter::once(&self.root).chain(&self.folders)
    }

    pub(super) fn is_trusted(&self, folder: &AbsPath) -> bool {
        (self.trust.is_trusted)(folder)
    }

    /// What policy says to reading a resolved path. What the user allowed for a tool is not
    /// allowed for a project's own files; `named` is what the user themself named just now.
    pub(super) fn verdict(&self, path: &AbsPath, named: bool) -> Verdict {
        let read = Effect::Read { path: path.clone() };
        let rules = if named { vec![protocol::Rule { allow: read.clone() }] } else { Vec::new() };
        let situation = Situation {
            mode: self.mode,
            root: &self.root,
            folders: &self.folders,
            forbidden: &self.forbidden,
            skills: &[],
            rules: &rules,
        };
        policy::decide(&situation, &[read])
    }

    /// Reads a file, if there is one that may be read.
    pub(super) async fn read(&self, owner: Owner, path: &AbsPath) -> Option<Read> {
        let path = self.allowed(owner, path).await?;
        let Snapshot { text, .. } = self.documents.snapshot(&path).await.ok()?;
        Some(Read { path, text: text.to_string() })
    }

    /// What is in a folder; nothing if there is none that may be read.
    pub(super) async fn list(&self, owner: Owner, folder: &AbsPath) -> Vec<Entry> {
        let Some(folder) = self.allowed(owner, folder).await else { return Vec::new() };
        self.documents.list(&folder).await.unwrap_or_default()
    }

    async fn allowed(&self, owner: Owner, path: &AbsPath) -> Option<AbsPath> {
        let resolved = self.documents.resolve(path).await.ok()?;
        let verdict = match owner {
            Owner::Project => self.verdict(&resolved, false),
            Owner::User => {
                // Coworker's own configuration is closed to tools; this is no tool, and people
                // keep such files elsewhere and link them.
                let root = resolved.parent().unwrap_or_else(|| resolved.clone());
                let (folders, forbidden, skills, rules) = (&[], &[], &[], &[]);
                let mode = self.mode;
                let situation = Situation { mode, root: &root, folders, forbidden, skills, rules };
                policy::decide(&situation, &[Effect::Read { path: resolved.clone() }])
            }
        };
        (verdict == Verdict::Allow).then_some(resolved)
    }
}
