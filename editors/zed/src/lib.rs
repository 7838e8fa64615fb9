//! Brings Coworker's language server into Zed: finds the binary and starts it.
//!
//! That is all an extension of Zed can do: it draws nothing. The agent panel speaks ACP and is set
//! up in Zed's settings; see `docs/editors/zed.md`.

use zed_extension_api::{
    self as zed, Command, LanguageServerId, Result, Worktree, serde_json::Value,
    settings::LspSettings,
};

/// What the language server is called in Zed's settings, and the program.
const NAME: &str = "coworker";

struct Coworker;

impl zed::Extension for Coworker {
    fn new() -> Self {
        Self
    }

    /// `lsp.coworker.binary` of the settings, or `coworker` on the path.
    fn language_server_command(
        &mut self,
        _: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let binary = LspSettings::for_worktree(NAME, worktree)?.binary;
        let (path, arguments, set) = match binary {
            Some(binary) => (binary.path, binary.arguments, binary.env),
            None => (None, None, None),
        };
        let command = path.or_else(|| worktree.which(NAME)).ok_or(
            "`coworker` is not on the path. Install it, or set `lsp.coworker.binary.path` in Zed's \
             settings.",
        )?;
        let mut env = worktree.shell_env();
        env.extend(set.into_iter().flatten());
        let args = arguments.unwrap_or_else(|| vec!["lsp".to_owned()]);
        Ok(Command { command, args, env })
    }

    /// `lsp.coworker.initialization_options` of the settings.
    fn language_server_initialization_options(
        &mut self,
        _: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<Value>> {
        Ok(LspSettings::for_worktree(NAME, worktree)?.initialization_options)
    }
}

zed::register_extension!(Coworker);
