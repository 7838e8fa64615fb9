//! What a model said goes back to it, and only to it, as its provider wants it: the stamp says of
//! which model it is.
//!
//! Another model would refuse the signatures, and often the ids: each provider has its own notion
//! of what an id of a call may be, and some count theirs anew in each answer. So each call gets an
//! id here that is unique and that all of them take; its provider's own one travels in the stamp.
//! No wire knows of this.

use std::collections::{HashMap, HashSet};

use engine::{AssistantPart, Message, ModelEvent, ModelRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long our own ids are: what Mistral wants, which is the strictest. All take letters and
/// digits.
const ID_LENGTH: usize = 9;

/// What is kept of a model's answer for its own eyes.
#[derive(Default, Serialize, Deserialize)]
struct Stamp {
    /// The model, as `provider/name`.
    model: String,
    /// What its provider calls the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    id: String,
    /// What the provider wants back unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

impl Stamp {
    fn into_value(self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// The stamp in this data, if it is of this model.
    fn read(data: &mut Option<Value>, model: &str) -> Option<Self> {
        let stamp: Self = serde_json::from_value(data.take()?).ok()?;
        (stamp.model == model).then_some(stamp)
    }
}

/// Marks what goes back to a provider unchanged with the model that it is of, and gives each call
/// an id of ours.
pub(crate) fn stamped(event: ModelEvent, model: &str) -> ModelEvent {
    let model = model.to_owned();
    match event {
        ModelEvent::ReasoningEnd { provider_data: Some(data) } => {
            let stamp = Stamp { model, data: Some(data), ..Stamp::default() };
            ModelEvent::ReasoningEnd { provider_data: stamp.into_value() }
        }
        ModelEvent::ToolCall { call_id: id, name, arguments, provider_data: data } => {
            let provider_data = Stamp { model, id, data }.into_value();
            ModelEvent::ToolCall { call_id: own_id(), name, arguments, provider_data }
        }
        other => other,
    }
}

/// The request as the model of this name is sent it: with what is stamped as its own, and without
/// what is another's.
pub(crate) fn of_model(request: &ModelRequest, name: &str) -> ModelRequest {
    let mut own = request.clone();
    let mut ids = Ids::default();
    for message in &mut own.messages {
        match message {
            Message::Assistant { parts } => {
                for part in parts {
                    unstamp(part, name, &mut ids);
                }
            }
            Message::Tool { results } => {
                for result in results {
                    ids.of_result(&mut result.call_id);
                }
            }
            Message::User { .. } => {}
        }
    }
    own
}

fn unstamp(part: &mut AssistantPart, model: &str, ids: &mut Ids) {
    match part {
        AssistantPart::Text { .. } => {}
        AssistantPart::Reasoning { provider_data, .. } => {
            *provider_data = Stamp::read(provider_data, model).and_then(|stamp| stamp.data);
        }
        AssistantPart::ToolCall { call_id, provider_data, .. } => {
            let stamp = Stamp::read(provider_data, model).unwrap_or_default();
            *provider_data = stamp.data;
            ids.of_call(call_id, stamp.id);
        }
    }
}

/// The ids in one request: the provider's own where it has one and has used it once.
#[derive(Default)]
struct Ids {
    used: HashSet<String>,
    /// The provider's by ours.
    theirs: HashMap<String, String>,
}

impl Ids {
    fn of_call(&mut self, call_id: &mut String, theirs: String) {
        if !theirs.is_empty() && self.used.insert(theirs.clone()) {
            let ours = std::mem::replace(call_id, theirs.clone());
            self.theirs.insert(ours, theirs);
        }
    }

    fn of_result(&self, call_id: &mut String) {
        if let Some(theirs) = self.theirs.get(call_id) {
            call_id.clone_from(theirs);
        }
    }
}

fn own_id() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(ID_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use engine::ToolResult;

    use super::*;

    /// A call of this id by a model, as the engine remembers it, and its result.
    fn called(model: &str, id: &str) -> [Message; 2] {
        let [call_id, name, arguments] = [id, "read", "{}"].map(str::to_owned);
        let event = ModelEvent::ToolCall { call_id, name, arguments, provider_data: None };
        let ModelEvent::ToolCall { call_id, name, provider_data, .. } = stamped(event, model)
        else {
            panic!("a call stays one");
        };
        let text = String::new();
        let images = Vec::new();
        let result = ToolResult {
            call_id: call_id.clone(),
            name: name.clone(),
            text,
            images,
            is_error: false,
        };
        let arguments = Value::Null;
        let call = AssistantPart::ToolCall { call_id, name, arguments, provider_data };
        [Message::Assistant { parts: vec![call] }, Message::Tool { results: vec![result] }]
    }

    /// The ids of calls and of results as a model is sent them.
    fn sent(messages: impl IntoIterator<Item = [Message; 2]>, model: &str) -> Vec<[String; 2]> {
        let request = ModelRequest {
            messages: messages.into_iter().flatten().collect(),
            ..crate::attempts::tests::request()
        };
        let of_pair = |pair: &[Message]| match pair {
            [Message::Assistant { parts }, Message::Tool { results }] => match &parts[0] {
                AssistantPart::ToolCall { call_id, .. } => {
                    [call_id.clone(), results[0].call_id.clone()]
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        of_model(&request, model).messages.chunks(2).map(of_pair).collect()
    }

    #[test]
    fn its_own_ids_go_back_to_a_model() {
        let kimi = "moonshot/kimi";
        let messages = [called(kimi, "functions.read:0"), called(kimi, "functions.read:1")];
        let ids = ["functions.read:0", "functions.read:1"].map(|id| [id, id].map(str::to_owned));
        assert_eq!(sent(messages, kimi), ids);
    }

    #[test]
    fn another_model_is_sent_ids_that_all_take() {
        let kimi = "moonshot/kimi";
        let messages = [called(kimi, "functions.read:0"), called(kimi, "functions.read:0")];
        let ids = sent(messages, "mistral/large");
        assert_ne!(ids[0], ids[1]);
        for [of_call, of_result] in ids {
            assert_eq!(of_call, of_result);
            assert_eq!(of_call.len(), 9);
            assert!(of_call.chars().all(|it| it.is_ascii_alphanumeric()), "{of_call}");
        }
    }

    #[test]
    fn no_id_goes_back_twice() {
        let messages = [called("a/b", "call_0"), called("a/b", ""), called("a/b", "call_0")];
        let ids = sent(messages, "a/b");
        assert_eq!(ids[0][0], "call_0");
        let different: HashSet<_> = ids.iter().map(|[of_call, _]| of_call).collect();
        assert_eq!(different.len(), 3, "{ids:?}");
        for [of_call, of_result] in ids {
            assert_eq!(of_call, of_result);
        }
    }
}
