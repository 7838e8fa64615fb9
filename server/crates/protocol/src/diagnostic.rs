//! What the language servers of an editor say about a document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AbsPath;

/// One problem that an editor shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// The file.
    pub path: AbsPath,
    /// The line, counted from 1.
    pub line: u32,
    /// The character in the line, counted from 1.
    pub column: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong; may have several lines.
    pub message: String,
    /// Who says so, such as `typescript`; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Its code there, such as `2322`; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
}

/// How bad a problem is. Same meaning as in LSP 3.17, `DiagnosticSeverity`; the worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// It will not work.
    Error,
    /// It may not work.
    Warning,
    /// Good to know.
    Information,
    /// Could be better.
    Hint,
}

impl Severity {
    /// The word, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
            Self::Hint => "hint",
        }
    }
}
