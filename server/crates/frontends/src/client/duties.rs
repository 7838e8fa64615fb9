//! What the client does for the server beside applying edits: it saves documents, and it says
//! what its language servers find in them.

use std::{fmt, ops::Range, sync::Arc};

use protocol::{
    AbsPath, Severity,
    wire::{self, DiagnosticsParams, DiagnosticsResult, WireDiagnostic},
};

use super::{Buffers, uri};

/// What `coworker/documents/save` meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaveBehaviour {
    /// The documents are written and their saving is told.
    Save,
    /// It is answered with an error.
    Refuse,
    /// It is never answered.
    Ignore,
}

/// A language server, as far as others see it: from a document and its text to what it finds.
#[derive(Clone)]
pub struct Checker(Arc<Check>);

type Check = dyn Fn(&AbsPath, &str) -> Vec<Finding> + Send + Sync;

/// A problem in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, in bytes.
    pub bytes: Range<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
}

impl Checker {
    /// What this editor's language servers are called.
    pub const NAME: &str = "checker";

    /// One that finds what `check` does.
    pub fn new(check: impl Fn(&AbsPath, &str) -> Vec<Finding> + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }

    /// The answer to `coworker/editor/diagnostics`. It is about the text of this moment, because
    /// this language server is never behind.
    pub(super) fn answer(
        &self,
        params: &DiagnosticsParams,
        buffers: &Buffers,
    ) -> Option<DiagnosticsResult> {
        let mut items = Vec::new();
        let mut version = None;
        for path in buffers.paths() {
            if params.uri.as_ref().is_some_and(|wanted| *wanted != uri(path)) {
                continue;
            }
            version = params.uri.as_ref().and(buffers.version(path));
            items.extend(self.findings(path, buffers));
        }
        let known = params.uri.is_none() || version.is_some();
        let fresh = params.min_version.is_none_or(|min| version.is_some_and(|it| it >= min));
        known.then(|| DiagnosticsResult {
            items,
            version,
            fresh,
            servers: vec![Self::NAME.to_owned()],
        })
    }

    fn findings(&self, path: &AbsPath, buffers: &Buffers) -> Vec<WireDiagnostic> {
        let text = buffers.text(path).unwrap_or_default();
        let found = (self.0)(path, &text).into_iter();
        let item = |Finding { bytes, severity, message }| {
            let start = buffers.position(path, bytes.start)?;
            let range = wire::Range { start, end: buffers.position(path, bytes.end)? };
            let source = Self::NAME.to_owned();
            Some(WireDiagnostic {
                uri: uri(path),
                range,
                severity,
                message,
                source,
                code: String::new(),
            })
        };
        found.filter_map(item).collect()
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checker")
    }
}
