//! What can be chosen in a session: the mode and the model, as ACP has them.

use std::sync::Arc;

use agent_client_protocol_schema::v1::{
    self as acp, SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption,
    SessionMode, SessionModeState,
};
use engine::Sessions;
use protocol::Mode;

/// The name of the option that is the mode.
pub(super) const MODE: &str = "mode";
/// The name of the option that is the model.
pub(super) const MODEL: &str = "model";

/// The modes, with the one that is chosen.
pub(super) fn modes(current: Mode) -> SessionModeState {
    let modes = Mode::ALL.into_iter().map(|mode| {
        SessionMode::new(mode.as_str(), name(mode)).description(mode.description().to_owned())
    });
    SessionModeState::new(current.as_str(), modes.collect())
}

/// All that can be chosen, with what is. Nobody is asked for it.
pub(super) fn options(sessions: &Sessions, mode: Mode, model: &str) -> Vec<SessionConfigOption> {
    let modes = Mode::ALL.into_iter().map(|mode| {
        SessionConfigSelectOption::new(mode.as_str(), name(mode))
            .description(mode.description().to_owned())
    });
    let modes: Vec<_> = modes.collect();
    let mode = SessionConfigOption::select(MODE, "Mode", mode.as_str(), modes)
        .category(SessionConfigOptionCategory::Mode);
    let mut known: Vec<_> = sessions
        .known_models(model)
        .into_iter()
        .map(|choice| {
            SessionConfigSelectOption::new(choice.name.clone(), choice.name)
                .description(Some(choice.description).filter(|words| !words.is_empty()))
        })
        .collect();
    // What is chosen must be among what can be.
    if known.iter().all(|choice| *choice.value.0 != *model) {
        let what = if model.is_empty() { "No model is set up" } else { model };
        known.insert(0, SessionConfigSelectOption::new(Arc::<str>::from(model), what));
    }
    let model = SessionConfigOption::select(MODEL, "Model", Arc::<str>::from(model), known)
        .category(SessionConfigOptionCategory::Model);
    vec![mode, model]
}

/// The mode of this name.
pub(super) fn mode(name: &str) -> Option<Mode> {
    Mode::ALL.into_iter().find(|mode| mode.as_str() == name)
}

/// What a mode is called in a menu.
fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Ask => "Ask",
        Mode::Plan => "Plan",
        Mode::Edit => "Edit",
        Mode::Auto => "Auto",
        // Every mode has a name of its own.
        _ => mode.as_str(),
    }
}

/// Says that the choices are others now.
pub(super) fn changed(
    sessions: &Sessions,
    before: (Mode, &str),
    now: (Mode, &str),
) -> Vec<acp::SessionUpdate> {
    let mut updates = Vec::new();
    if before.0 != now.0 {
        let update = acp::CurrentModeUpdate::new(now.0.as_str());
        updates.push(acp::SessionUpdate::CurrentModeUpdate(update));
    }
    if before != now {
        let update = acp::ConfigOptionUpdate::new(options(sessions, now.0, now.1));
        updates.push(acp::SessionUpdate::ConfigOptionUpdate(update));
    }
    updates
}
