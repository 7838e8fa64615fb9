//! What the client says of itself in `initialize`, and what it takes from the answer.

use changes::Encoding;
use protocol::{AbsPath, wire::ClientCapabilities};
use serde_json::{Value, json};

use super::{ClientOptions, uri};

/// The parameters of `initialize`.
pub(super) fn params(options: &ClientOptions) -> Value {
    let folder =
        |path: &AbsPath| json!({"uri": uri(path), "name": path.file_name().unwrap_or("/")});
    let open = std::iter::once(&options.root).chain(&options.folders);
    let folders: Vec<Value> = open.filter(|_| options.names_folders).map(folder).collect();
    let mut capabilities = options.recorded.clone().unwrap_or_else(|| own(options.encoding));
    if options.capabilities != ClientCapabilities::default() {
        capabilities["experimental"] = json!({"coworker": options.capabilities});
    }
    merge(&mut capabilities, &options.lsp_capabilities);
    json!({
        "processId": std::process::id(),
        "clientInfo": {"name": options.name, "version": env!("CARGO_PKG_VERSION")},
        "rootUri": options.names_folders.then(|| uri(&options.root)),
        "workspaceFolders": folders,
        "capabilities": capabilities,
        "initializationOptions": {"coworker": options.initialization},
    })
}

/// What it can do.
fn own(encoding: Encoding) -> Value {
    json!({
        "general": {"positionEncodings": encodings(encoding)},
        "workspace": {
            "applyEdit": true,
            "workspaceEdit": {"documentChanges": true},
            "workspaceFolders": true,
            "didChangeWatchedFiles": {"dynamicRegistration": true},
            "fileOperations": {"didCreate": true, "didRename": true, "didDelete": true},
        },
        "textDocument": {
            "synchronization": {"didSave": true},
            "codeAction": {
                "codeActionLiteralSupport": {
                    "codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]},
                },
            },
        },
        "window": {
            "workDoneProgress": true,
            "showDocument": {"support": true},
            "showMessage": {"messageActionItem": {"additionalPropertiesSupport": true}},
        },
    })
}

/// What the server chose to count in; UTF-16 if it does not say.
pub(super) fn agreed_encoding(hello: &Value) -> Encoding {
    match hello["capabilities"]["positionEncoding"].as_str() {
        Some("utf-8") => Encoding::Utf8,
        Some("utf-32") => Encoding::Utf32,
        _ => Encoding::Utf16,
    }
}

// UTF-16 must always be among them.
fn encodings(first: Encoding) -> &'static [&'static str] {
    match first {
        Encoding::Utf8 => &["utf-8", "utf-16"],
        Encoding::Utf16 => &["utf-16"],
        Encoding::Utf32 => &["utf-32", "utf-16"],
    }
}

/// Puts `more` over `base`: objects are joined, everything else is replaced.
fn merge(base: &mut Value, more: &Value) {
    match (base, more) {
        (Value::Object(base), Value::Object(more)) => {
            for (key, value) in more {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, more) => *base = more.clone(),
    }
}
