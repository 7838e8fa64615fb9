//! Everything that can go wrong at a provider, as a code and a sentence with the way out; and
//! whether it is worth to try again.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use engine::ModelError;
use protocol::ErrorCode;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::Key;
use crate::connection::WORDLESS_TIMEOUT;
use crate::frames::Cut;
use crate::provider::ProviderSettings;
use crate::wire::Fault;

/// The shortest value of a header that is kept out of sentences, in bytes.
const LEAST_SECRET: usize = 16;
/// How much of a provider's explanation is passed on, in characters.
const MOST_DETAIL: usize = 400;

/// What went wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: ErrorCode,
    /// What went wrong, for the user: a sentence without its full stop.
    pub(crate) what: String,
    /// What the user can do about it.
    pub(crate) way_out: String,
    /// Whether the same request may succeed in a while.
    pub(crate) passes: bool,
    /// How long to wait, as the provider says.
    pub(crate) after: Option<Duration>,
}

impl Failure {
    /// One that repeating does not mend.
    pub(crate) fn lasting(code: ErrorCode, what: String, way_out: &str) -> Self {
        Self { code, what, way_out: way_out.to_owned(), passes: false, after: None }
    }

    /// Whether any other model would fail for the same reason.
    pub(crate) fn is_of_request(&self) -> bool {
        matches!(self.code, ErrorCode::ModelRefused | ErrorCode::ContextTooLong)
    }
}

impl From<Failure> for ModelError {
    fn from(Failure { code, what, way_out, .. }: Failure) -> Self {
        let end = if what.ends_with(['.', '?', '!']) { "" } else { "." };
        Self::new(code, format!("{what}{end} {way_out}").trim_end())
    }
}

/// Explains the failures of one request.
#[derive(Clone, Debug)]
pub(crate) struct Failures {
    /// Who answers, for people.
    place: String,
    /// What the key is called, for people.
    key_source: String,
    provider: String,
    /// Whether it is at another address than the provider's own.
    is_elsewhere: bool,
    model: String,
    /// What no sentence may hold.
    secrets: Vec<Key>,
}

impl Failures {
    pub(crate) fn new(settings: &ProviderSettings, model: &str) -> Self {
        // Of a header only what is long enough to be a secret: others are words.
        let headers = settings.headers.values().filter(|it| it.value().len() >= LEAST_SECRET);
        Self {
            place: settings.place(),
            key_source: settings.key_source.clone(),
            provider: settings.name.clone(),
            is_elsewhere: !settings.url_source.is_empty(),
            model: model.to_owned(),
            secrets: settings.key.iter().chain(headers).cloned().collect(),
        }
    }

    /// The settings are not such that a request could be made.
    pub(crate) fn unusable(&self, why: &str) -> Failure {
        self.lasts(ErrorCode::ModelUnavailable, why.to_owned(), "")
    }

    /// There is no key, and the provider answers nobody without one.
    pub(crate) fn no_key(&self) -> Failure {
        let what = format!("There is no key for `{}` of {}", self.model, self.place);
        let way_out = format!(
            "Set {}, keep one with `coworker auth set {}`, or choose another model; \
             `coworker demo` needs none.",
            self.key_source, self.provider
        );
        self.lasts(ErrorCode::ModelUnavailable, what, &way_out)
    }

    /// The answer ended before it was whole.
    pub(crate) fn broke_off(&self, why: &str) -> Failure {
        let what = format!("The answer of {} broke off: {why}", self.place);
        self.passes(ErrorCode::ModelBrokeOff, what, "Send the prompt again to go on.", None)
    }

    /// The connection was cut in the middle of an answer.
    pub(crate) fn cut(&self, cut: &Cut) -> Failure {
        match cut {
            Cut::Connection(error) => self.broke_off(&root_cause(error)),
            Cut::TooLong => Failure { passes: false, ..self.broke_off(&cut.to_string()) },
        }
    }

    /// Nothing came for so long in the middle of an answer.
    pub(crate) fn fell_silent(&self, patience: Duration) -> Failure {
        self.broke_off(&format!("nothing came for {}", spelled(patience)))
    }

    /// Nothing came at all for so long.
    pub(crate) fn silent(&self, patience: Duration) -> Failure {
        match patience {
            WORDLESS_TIMEOUT => self.wordless(),
            _ => self.unreachable(&format!("nothing came for {}", spelled(patience))),
        }
    }

    /// No word of the answer came for as long as anybody waits. Asked again, the server would
    /// only do the same work again.
    pub(crate) fn wordless(&self) -> Failure {
        let time = spelled(WORDLESS_TIMEOUT);
        let what = format!("For {time} no word of an answer came from {}", self.place);
        let way_out = "Send the prompt again, or choose another model; if the server is your own, \
                       look whether it is still at work.";
        self.lasts(ErrorCode::ModelBrokeOff, what, way_out)
    }

    /// More came than any answer has, in bytes.
    pub(crate) fn endless(&self, most: usize) -> Failure {
        let why = format!("it has more than {} MB", most >> 20);
        Failure { passes: false, ..self.broke_off(&why) }
    }

    pub(crate) fn unreachable(&self, why: &str) -> Failure {
        let what = format!("{} cannot be reached: {why}", self.place);
        let way_out = "Check the network and the proxy, then send the prompt again.";
        self.passes(ErrorCode::ModelUnavailable, what, way_out, None)
    }

    /// What a wire found wrong in an answer.
    pub(crate) fn of(&self, fault: &Fault) -> Failure {
        match fault {
            Fault::Unreadable => self.broke_off("it holds an event that cannot be understood"),
            Fault::Reported(Some(status), error) => {
                self.refused(*status, &json!({ "error": error }), &HeaderMap::new())
            }
            Fault::Reported(None, error) => {
                let detail = self.detail(&json!({ "error": error }));
                self.broke_off(&format!("the provider reported a fault{detail}"))
            }
        }
    }

    /// An answer that is no success: nothing of the model's answer came.
    pub(crate) fn refused(&self, status: u16, body: &Value, headers: &HeaderMap) -> Failure {
        let after = retry_after(headers).or_else(|| retry_delay(body));
        let detail = self.detail(body);
        match (status, Reason::of(status, body)) {
            (_, Some(Reason::TooLong)) => self.too_long(&detail),
            (_, Some(Reason::NoCredit)) => self.lasts(
                ErrorCode::QuotaExceeded,
                format!("The account of this key has nothing left at {}{detail}", self.place),
                "Add credit there, or choose another model.",
            ),
            (_, Some(Reason::BadKey)) => self.unauthorized(401, &detail),
            (_, Some(Reason::Flagged)) => self.lasts(
                ErrorCode::ModelRefused,
                format!("{} refused the request{detail}", self.place),
                "Choose another model, or start a new session.",
            ),
            (401 | 403, _) => self.unauthorized(status, &detail),
            (404, _) | (_, Some(Reason::NoModel)) => self.lasts(
                ErrorCode::ModelNotFound,
                format!("{} has no model `{}`{detail}", self.place, self.model),
                &format!(
                    "Choose another with `--model {}/NAME`{}.",
                    self.provider,
                    if self.is_elsewhere { ", or look whether the address is right" } else { "" }
                ),
            ),
            (429, _) => self.passes(
                ErrorCode::ModelOverloaded,
                format!("{} lets this key do no more for now{detail}", self.place),
                &again(after),
                after,
            ),
            (503 | 529, _) => self.passes(
                ErrorCode::ModelOverloaded,
                format!("{} is overloaded{detail}", self.place),
                &again(after),
                after,
            ),
            (408 | 409 | 425 | 500.., _) => self.passes(
                ErrorCode::ModelUnavailable,
                format!("{} failed with status {status}{detail}", self.place),
                &again(after),
                after,
            ),
            (400..500, _) => self.lasts(
                ErrorCode::ModelRefused,
                format!("{} refused the request with status {status}{detail}", self.place),
                "Choose another model, or start a new session.",
            ),
            _ => self.lasts(
                ErrorCode::ModelUnavailable,
                format!("{} answered with status {status}{detail}", self.place),
                "Look whether its address is right.",
            ),
        }
    }

    /// The provider's own explanation, to stand before a full stop; empty if it gave none.
    fn detail(&self, body: &Value) -> String {
        let Some(text) = message_of(error_of(body)) else { return String::new() };
        // Before it is cut: half a secret would not be known as one.
        let text = self.without_secrets(text.into_owned());
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        let mut plain: String = plain.take(MOST_DETAIL + 1).collect();
        if plain.chars().count() > MOST_DETAIL {
            plain.pop();
            plain.push('…');
        }
        let plain = plain.trim().trim_end_matches('.');
        if plain.is_empty() { String::new() } else { format!(": {plain}") }
    }

    fn without_secrets(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| secret.redact(&text))
    }

    fn too_long(&self, detail: &str) -> Failure {
        self.lasts(
            ErrorCode::ContextTooLong,
            format!("The conversation is too long for `{}`{detail}", self.model),
            "Start a new session, or choose a model with a larger window.",
        )
    }

    fn unauthorized(&self, status: u16, detail: &str) -> Failure {
        let Self { place, model, provider, .. } = self;
        let key = match self.key_source.as_str() {
            "" => format!("the key of `{provider}`"),
            source => source.to_owned(),
        };
        let (what, way_out) = match status {
            401 => (format!("{place} refused the key{detail}"), format!("Check {key}.")),
            _ => (
                format!("{place} does not allow this key to use `{model}`{detail}"),
                format!("Use another than {key}, or choose another model."),
            ),
        };
        self.lasts(ErrorCode::ModelUnauthorized, what, &way_out)
    }

    fn passes(
        &self,
        code: ErrorCode,
        what: String,
        way_out: &str,
        after: Option<Duration>,
    ) -> Failure {
        Failure { passes: true, after, ..self.lasts(code, what, way_out) }
    }

    fn lasts(&self, code: ErrorCode, what: String, way_out: &str) -> Failure {
        let mut what = self.without_secrets(what);
        // A sentence may begin with the place, which is named in the middle of others.
        if let Some(rest) = what.strip_prefix("the ") {
            what = format!("The {rest}");
        }
        Failure::lasting(code, what, way_out)
    }
}

/// What a provider refuses for, where the status alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    TooLong,
    NoCredit,
    NoModel,
    BadKey,
    Flagged,
}

impl Reason {
    fn of(status: u16, body: &Value) -> Option<Self> {
        let error = error_of(body);
        let word = |name: &str| error[name].as_str().unwrap_or_default().to_ascii_lowercase();
        let codes = [word("code"), word("type"), word("status")];
        let is = |code: &str| codes.iter().any(|known| known == code);
        let text = message_of(error).unwrap_or_default().to_ascii_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        if status == 413 || is("context_length_exceeded") || is("exceed_context_size_error") {
            return Some(Self::TooLong);
        }
        // Where it is an error of the request without a code of its own, only the text tells.
        let too_long = [
            "prompt is too long",
            "maximum context length",
            "context length",
            "context window",
            "exceeds the maximum number of tokens",
            "input length and `max_tokens` exceed",
        ];
        if matches!(status, 400 | 422) && says(&too_long) {
            return Some(Self::TooLong);
        }
        let no_credit = ["credit balance", "insufficient balance", "insufficient credits"];
        if status == 402 || is("insufficient_quota") || is("billing_error") || says(&no_credit) {
            return Some(Self::NoCredit);
        }
        // Google and xAI say so with 400.
        if matches!(status, 400 | 403) && says(&["api key not valid", "incorrect api key"]) {
            return Some(Self::BadKey);
        }
        // OpenRouter says 403 when a prompt was flagged, and for what.
        if status == 403 && error["metadata"]["reasons"].is_array() {
            return Some(Self::Flagged);
        }
        let no_model = is("model_not_found") || is("not_found_error");
        no_model.then_some(Self::NoModel)
    }
}

/// A time of seconds or whole minutes.
fn spelled(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 600 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

/// Where the error stands in a body: Google puts it into a list.
fn error_of(body: &Value) -> &Value {
    let body = body.get(0).unwrap_or(body);
    body.get("error").unwrap_or(body)
}

/// What an error says; by some it is nothing but that, by others what is wrong with which field.
fn message_of(error: &Value) -> Option<Cow<'_, str>> {
    let detail = error["message"].get("detail").unwrap_or(&error["detail"]);
    let text = error["message"].as_str().or(error.as_str()).or(detail.as_str());
    if let Some(text) = text {
        return Some(text.into());
    }
    let wrong = &detail[0];
    let part = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    let field: Vec<_> = wrong["loc"].as_array()?.iter().map(part).collect();
    Some(format!("{}: {}", field.join("."), wrong["msg"].as_str()?).into())
}

/// How long to wait, as `retry-after-ms` or `retry-after` say: in seconds, or until a time (RFC
/// 9110, section 10.2.3). A time is not read: few send one, and clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| {
        let text = headers.get(name)?.to_str().ok()?;
        text.trim().parse::<f64>().ok().filter(|number| (0.0..1e9).contains(number))
    };
    let milliseconds = number("retry-after-ms").map(|number| number / 1000.0);
    milliseconds.or_else(|| number("retry-after")).map(Duration::from_secs_f64)
}

/// How long to wait, as Google says in the body: `34s`.
fn retry_delay(body: &Value) -> Option<Duration> {
    let details = error_of(body)["details"].as_array()?;
    let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds = delay.strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// When to try again, in the provider's words if it said so.
fn again(after: Option<Duration>) -> String {
    match after.map(|after| after.as_secs_f64().ceil() as u64) {
        Some(0 | 1) => "Send the prompt again in a second.".to_owned(),
        Some(seconds) => format!("Send the prompt again in {seconds} seconds."),
        None => "Send the prompt again in a while.".to_owned(),
    }
}

/// The innermost cause: the outer ones name the address and say little else.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::preset;

    #[test]
    fn the_way_out_follows_the_sentence() {
        let lasting = |what: &str, way_out| {
            Failure::lasting(ErrorCode::ModelUnavailable, what.to_owned(), way_out)
        };
        for (failure, expected) in [
            (lasting("It is so", "Do this."), "It is so. Do this."),
            (lasting("Is it so?", "Do this."), "Is it so? Do this."),
            (lasting("It is so.", ""), "It is so."),
        ] {
            assert_eq!(ModelError::from(failure).message, expected);
        }
    }

    #[test]
    fn what_is_not_found_may_be_the_address_if_it_is_of_the_user() {
        let way_out = |url_source: &str| {
            let settings = ProviderSettings {
                url_source: url_source.to_owned(),
                ..ProviderSettings::of(preset("openai").unwrap())
            };
            let failures = Failures::new(&settings, "gpt-9");
            failures.refused(404, &Value::Null, &HeaderMap::new()).way_out
        };
        assert_eq!(way_out(""), "Choose another with `--model openai/NAME`.");
        assert_eq!(
            way_out("OPENAI_BASE_URL"),
            "Choose another with `--model openai/NAME`, or look whether the address is right."
        );
    }

    #[test]
    fn the_innermost_cause_is_told() {
        let inner = std::io::Error::other("the cable is cut.");
        let outer = std::io::Error::other(Cut::Connection(inner));
        assert_eq!(root_cause(&outer), "the cable is cut");
    }
}
