//! What commands are given of the environment: an allow-list, so that a key nobody thought of
//! stays out.

use std::ffi::{OsStr, OsString};

/// The variables that pass when they are set.
#[rustfmt::skip]
const ALLOWED: &[&str] = &[
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TMPDIR", "TZ",
    // Where tool chains and their caches are.
    "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN",
    "GOPATH", "GOROOT", "GOCACHE", "GOMODCACHE", "GOBIN", "GOTOOLCHAIN",
    "JAVA_HOME", "GRADLE_USER_HOME", "ANDROID_HOME", "DOTNET_ROOT",
    "NVM_DIR", "NVM_BIN", "VOLTA_HOME", "FNM_DIR", "PNPM_HOME", "BUN_INSTALL", "DENO_DIR",
    "VIRTUAL_ENV", "CONDA_PREFIX", "PYENV_ROOT", "UV_CACHE_DIR",
    "RBENV_ROOT", "GEM_HOME", "GEM_PATH", "ASDF_DIR", "MISE_DATA_DIR",
    "PKG_CONFIG_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
];

/// The environment that commands run in.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Takes what may pass out of a whole environment, such as `std::env::vars_os()`.
    pub fn allowed_of(all: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let allowed = all.into_iter().filter(|(name, _)| is_allowed(name));
        // No terminal is there to be drawn on.
        let fixed = [("TERM".into(), "dumb".into())];
        Self { variables: allowed.chain(fixed).collect() }
    }

    /// The variables, each once.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

fn is_allowed(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let is_locale = name
        .strip_prefix("LC_")
        .is_some_and(|category| category.bytes().all(|byte| byte.is_ascii_uppercase()));
    is_locale || ALLOWED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn keys_stay_out() {
        let all = ["PATH", "LC_ALL", "LC_MY_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "TERM"];
        let environment = Environment::allowed_of(all.map(|name| (name.into(), "value".into())));
        let names: Vec<&str> =
            environment.variables().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "TERM"]);
        assert!(environment.variables().any(|(_, value)| value == "dumb"));
    }
}
