//! One turn: ask the model, do what it calls for, until it calls for nothing more.
//!
//! Start with [`run`]. What a response's tool calls lead to is in `calls.rs`.

use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex},
};

use futures::StreamExt;
use protocol::{
    Effect, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode, Notice, NoticeLevel, Rule,
    SessionInfo, SessionState, Stretch, ToolCall, ToolCallStatus, TurnId, Update, Usage,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    Message, ModelEvent, ModelRequest, ModelStream, Parts, StopCause,
    budget::{self, Meter},
    calls, compaction,
    context::{self, Pictures, Place, Standing},
    prompts,
    session::{Command, Session, SessionHandle, item_of},
    sessions::Shared,
    watch::Watch,
};

/// How deep a model's JSON may be nested. A record holds it some levels deeper, and what the
/// journal holds must be readable again.
const DEPTH: usize = 64;

/// How a turn ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TurnEnd {
    Completed,
    Cancelled,
    Failed(ErrorInfo),
}

/// Why a turn cannot go on. Not an error of a tool: those are results for the model.
pub(crate) enum Halt {
    Cancelled,
    Failed(ErrorInfo),
}

impl From<ErrorInfo> for Halt {
    fn from(error: ErrorInfo) -> Self {
        Self::Failed(error)
    }
}

/// A running turn and what it works with.
pub(crate) struct Turn {
    pub(crate) shared: Arc<Shared>,
    pub(crate) session: Session,
    pub(crate) id: TurnId,
    /// Set when the user stops it or its time is out.
    pub(crate) cancel: CancellationToken,
    /// Which model response is being handled, counted from 1.
    pub(crate) step: u32,
    /// How long it has worked.
    pub(crate) watch: Arc<Watch>,
    /// What the session had used when it began.
    pub(crate) before: Usage,
    /// Texts that the model was told are faulty, and may propose again nevertheless.
    pub(crate) warned: Mutex<HashSet<String>>,
}

/// A tool call as the model made it.
pub(crate) struct RequestedCall {
    pub(crate) item: Item,
    pub(crate) call: ToolCall,
    /// The arguments; the reason when they are not JSON.
    pub(crate) input: Result<Value, String>,
}

/// Runs a turn to its end. `stopped` is set when the user stops it.
pub(crate) async fn run(mut turn: Turn, stopped: &CancellationToken) -> TurnEnd {
    let done = turn.work().await;
    turn.settle().await;
    match done {
        Ok(()) => TurnEnd::Completed,
        // Whatever else went wrong on the way down: the user stopped it.
        Err(_) if stopped.is_cancelled() => TurnEnd::Cancelled,
        Err(Halt::Cancelled) => TurnEnd::Cancelled,
        Err(Halt::Failed(error)) => TurnEnd::Failed(error),
    }
}

impl Turn {
    pub(crate) fn new(
        shared: Arc<Shared>,
        session: Session,
        id: TurnId,
        cancel: CancellationToken,
    ) -> Self {
        let (watch, warned) = (Arc::new(Watch::default()), Mutex::default());
        let before = session.look(|state| state.usage);
        Self { shared, session, id, cancel, step: 0, watch, before, warned }
    }

    /// Works until it is done or its time is out. The end of its time stops it as the user would:
    /// what is being written is written, and told.
    async fn work(&mut self) -> Result<(), Halt> {
        let limit = self.shared.parts.settings.max_turn_time;
        let (watch, stop) = (self.watch.clone(), self.cancel.clone());
        let mut steps = pin!(self.steps());
        tokio::select! {
            done = &mut steps => return done,
            () = watch.runs_out(limit) => stop.cancel(),
        }
        steps.await.map_err(|_| {
            let minutes = limit.as_secs().div_ceil(60);
            let plural = if minutes == 1 { "" } else { "s" };
            too_long(&format!("{minutes} minute{plural} of work"))
        })
    }

    /// Waits until it is noted what its commands changed.
    async fn settle(&self) {
        // Also of one that was stopped before it began: its folders may just be looked through.
        let is_command = |item: &Item| match &item.body {
            ItemBody::ToolCall(call) => {
                let runs = |effect: &Effect| matches!(effect, Effect::Run { .. });
                item.turn_id == self.id && call.effects.iter().any(runs)
            }
            _ => false,
        };
        if self.session.look(|state| state.items.iter().any(is_command)) {
            let turn = self.id.clone();
            let noted = self
                .session
                .ledger
                .ask(move |book| Box::pin(async move { book.after_commands(&turn).await }));
            if let Err(error) = noted.await {
                tracing::debug!(%error, "what commands changed was not noted");
            }
        }
    }

    async fn steps(&mut self) -> Result<(), Halt> {
        self.session.ledger.post(|book| Box::pin(book.take_stock()));
        self.choose_model().await?;
        let standing = self.standing().await;
        let max_requests = self.shared.parts.settings.max_requests;
        let mut pictures = Pictures::default();
        while self.step < max_requests {
            self.step += 1;
            pictures.load(self).await?;
            self.report().await?;
            let calls = self.step(&standing, &pictures).await?;
            let done = calls.is_empty();
            calls::run(self, calls).await?;
            // What the user said meanwhile is heard before the turn goes on, or ends.
            let steered = self.session.request(|reply| Command::Steer { reply }).await?;
            if done && !steered {
                return Ok(());
            }
        }
        let plural = if self.step == 1 { "" } else { "s" };
        Err(too_long(&format!("{} model request{plural}", self.step)))
    }

    /// Whether a call was made at least twice in this turn and came to the same each time. Of
    /// those that go on for ever, every third is asked about.
    pub(crate) fn repeats(&self, call: &RequestedCall) -> bool {
        let equal = self.session.look(|state| {
            let calls = state.items.iter().rev().take_while(|item| {
                // After an edit the same call is another question.
                item.turn_id == self.id && !is_applied(&item.body)
            });
            let ended = calls.filter_map(|item| match &item.body {
                ItemBody::ToolCall(it) if it.name == call.call.name => {
                    it.output.as_ref().map(|output| (&it.input, output))
                }
                _ => None,
            });
            let mut same = ended.filter(|(input, _)| **input == call.call.input);
            let Some((_, last)) = same.next() else { return 0 };
            1 + same.take_while(|(_, output)| *output == last).count()
        });
        equal >= 2 && (equal - 2).is_multiple_of(3)
    }

    /// Asks the model once, with a conversation that fits into its window. What it calls for is
    /// given back.
    async fn step(
        &self,
        standing: &Standing,
        pictures: &Pictures,
    ) -> Result<Vec<RequestedCall>, Halt> {
        let mut request = self.request(standing, pictures);
        if compaction::is_needed(self, &request) {
            compaction::compact(self, &request, pictures, false).await?;
            request = self.request(standing, pictures);
        }
        match self.answer(request).await {
            // What providers count is not what we estimate.
            Err(Halt::Failed(error)) if error.code == ErrorCode::ContextTooLong => {
                let refused = self.request(standing, pictures);
                compaction::compact(self, &refused, pictures, true).await?;
                self.answer(self.request(standing, pictures)).await
            }
            other => other,
        }
    }

    /// Where no model is chosen, one is looked for that needs no setting up.
    async fn choose_model(&self) -> Result<(), Halt> {
        if !self.session.look(|state| state.model.is_empty()) {
            return Ok(());
        }
        let found = self.unless_cancelled(self.shared.parts.model.find_default()).await?;
        let Some(model) = found else { return Ok(()) };
        Ok(self.session.request(|reply| Command::DefaultModel { model, reply }).await?)
    }

    /// Has the model told of what became of its edits after it had their results.
    async fn report(&self) -> Result<(), Halt> {
        let is_news = self.session.look(|state| {
            state.told().any(|item| match &item.body {
                ItemBody::ChangeSet(set) => set
                    .files
                    .iter()
                    .flat_map(|file| &file.hunks)
                    .any(|hunk| hunk.believed.is_some()),
                _ => false,
            })
        });
        if !is_news {
            return Ok(());
        }
        let item = self.item(ItemBody::Reviewed { hunks: Vec::new() });
        let told = self.session.ledger.ask(move |book| {
            Box::pin(async move { book.report(|body| Item { body, ..item }).await })
        });
        Ok(told.await??)
    }

    async fn standing(&self) -> Standing {
        let looked_at = self.session.look(context::looked_at);
        let place = Place::new(&self.shared.parts, &self.session.info(), self.mode());
        Standing::gather(&place, looked_at.as_ref()).await
    }

    fn request(&self, standing: &Standing, pictures: &Pictures) -> ModelRequest {
        let SessionInfo { id, root, folders, .. } = self.session.info();
        let (mode, model, mut messages) = self.session.look(|state| {
            (state.mode, state.model.clone(), context::messages(&state.items, pictures))
        });
        let parts = &self.shared.parts;
        let model = self.who_sees(self.who_answers(mode, model), &mut messages);
        let most = parts.model.facts(&model).output_tokens;
        ModelRequest {
            model,
            system: prompts::system(&root, &folders, mode, standing),
            tools: parts.tools.iter().map(|tool| tool.spec()).collect(),
            messages,
            max_output_tokens: parts.settings.max_output_tokens.min(most),
            session: id.to_string(),
        }
    }

    /// The model that answers in a mode, of a session with this model.
    fn who_answers(&self, mode: Mode, model: String) -> String {
        match mode {
            Mode::Fast => self.shared.parts.model.fast(&model),
            _ => model,
        }
    }

    /// Says once in a turn that another model answers than the one of the session.
    async fn tell_who_answers(&self, model: &str) -> Result<(), Halt> {
        let text = format!("`{model}` answers.");
        let is_news = self.session.look(|state| {
            let mut told = state.items.iter().filter(|item| item.turn_id == self.id);
            let says = |item: &Item| matches!(&item.body, ItemBody::Notice(it) if it.text == text);
            state.model != model && !told.any(says)
        });
        if !is_news {
            return Ok(());
        }
        let notice = Notice { level: NoticeLevel::Info, code: None, text };
        let item = self.item(ItemBody::Notice(notice));
        Ok(self.session.record(vec![Update::ItemEnded { item }]).await?)
    }

    /// The model for these messages: a model that reads no pictures is not sent any. Where there
    /// are new ones, the model for pictures takes its place.
    fn who_sees(&self, model: String, messages: &mut [Message]) -> String {
        let Parts { model: models, settings, .. } = &self.shared.parts;
        if models.facts(&model).images {
            return model;
        }
        let vision = &settings.vision_model;
        if !vision.is_empty() && context::has_new_pictures(messages) {
            return vision.clone();
        }
        context::leave_out_pictures(messages);
        model
    }

    /// Asks the model and journals what it says. Returns its tool calls once the answer is
    /// whole; of an answer that breaks off no call is run.
    async fn answer(&self, request: ModelRequest) -> Result<Vec<RequestedCall>, Halt> {
        budget::check(self, &request).await?;
        self.tell_who_answers(&request.model).await?;
        let mut meter = Meter::of(&self.session, &request);
        let opened = self.unless_cancelled(self.shared.parts.model.stream(request)).await?;
        let mut stream = opened.map_err(|error| Halt::Failed(error.into()))?;
        let mut speech = Speech::new(self);
        let mut calls = Vec::new();
        let received = self.receive(&mut stream, &mut speech, &mut meter, &mut calls).await;
        // What was said up to here was told, so it stays, however the answer ended.
        speech.end(None).await?;
        self.add_untold(&mut meter).await?;
        received.map(|()| calls)
    }

    async fn receive(
        &self,
        stream: &mut ModelStream,
        speech: &mut Speech<'_>,
        meter: &mut Meter,
        calls: &mut Vec<RequestedCall>,
    ) -> Result<(), Halt> {
        loop {
            let event = self.unless_cancelled(stream.next()).await?;
            if let Some(Ok(event)) = &event {
                meter.read(event);
            }
            match event {
                Some(Ok(ModelEvent::Text(text))) => speech.say(Kind::Text, &text).await?,
                Some(Ok(ModelEvent::Reasoning(text))) => {
                    speech.say(Kind::Reasoning, &text).await?;
                }
                Some(Ok(ModelEvent::ReasoningEnd { provider_data })) => {
                    let kept = provider_data.filter(|data| depth(data) <= DEPTH);
                    speech.end_reasoning(kept).await?;
                }
                Some(Ok(ModelEvent::ToolCall { call_id, name, arguments, provider_data })) => {
                    speech.end(None).await?;
                    let data = provider_data.filter(|data| depth(data) <= DEPTH);
                    calls.push(self.announce(call_id, name, arguments, data).await);
                }
                Some(Ok(ModelEvent::Waiting { why })) => self.notice(why).await?,
                Some(Ok(ModelEvent::Restarted { why })) => {
                    speech.set_aside().await?;
                    self.add_untold(meter).await?;
                    self.notice(why).await?;
                }
                Some(Ok(ModelEvent::Usage(usage))) => self.add_usage(usage).await?,
                Some(Ok(ModelEvent::End(cause))) => return self.whole(cause, calls),
                Some(Err(error)) => return Err(Halt::Failed(error.into())),
                None => {
                    return Err(Halt::Failed(ErrorInfo::new(
                        ErrorCode::ModelBrokeOff,
                        "The model's answer broke off; send a prompt to go on.",
                    )));
                }
            }
        }
    }

    fn whole(&self, cause: StopCause, calls: &[RequestedCall]) -> Result<(), Halt> {
        match cause {
            StopCause::EndOfAnswer | StopCause::ToolCalls => Ok(()),
            // The calls came whole; only what would have followed is missing.
            StopCause::OutputLimit if !calls.is_empty() => Ok(()),
            StopCause::OutputLimit => Err(Halt::Failed(ErrorInfo::new(
                ErrorCode::ModelBrokeOff,
                "The answer ran into the limit of output tokens; send a prompt to go on.",
            ))),
            StopCause::Refusal => Err(Halt::Failed(ErrorInfo::new(
                ErrorCode::ModelRefused,
                "The model declined to answer this.",
            ))),
        }
    }

    /// Tells the user what is no end of the turn.
    pub(crate) async fn notice(&self, text: String) -> Result<(), Halt> {
        let notice = Notice { level: NoticeLevel::Warning, code: None, text };
        let item = self.item(ItemBody::Notice(notice));
        Ok(self.session.record(vec![Update::ItemEnded { item }]).await?)
    }

    async fn announce(
        &self,
        call_id: String,
        name: String,
        arguments: String,
        provider_data: Option<Value>,
    ) -> RequestedCall {
        // No arguments at all is how some providers write an empty object.
        let written = if arguments.trim().is_empty() { "{}" } else { &arguments };
        let input = parse(written);
        let call = ToolCall {
            call_id,
            step: self.step,
            title: name.clone(),
            name,
            input: input.clone().unwrap_or(Value::String(arguments)),
            status: ToolCallStatus::Pending,
            effects: Vec::new(),
            output: None,
            provider_data,
        };
        let item = self.item(ItemBody::ToolCall(call.clone()));
        self.session.post(Update::ItemStarted { item: item.clone() }).await;
        RequestedCall { item, call, input }
    }

    /// Counts what the answer has used that its provider did not tell.
    pub(crate) async fn add_untold(&self, meter: &mut Meter) -> Result<(), Halt> {
        match meter.untold(&*self.shared.parts.model) {
            Some(usage) => self.add_usage(usage).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn add_usage(&self, more: Usage) -> Result<(), Halt> {
        Ok(self.session.add_usage(&self.shared.parts, more).await?)
    }

    /// Waits for something, but not after the user stopped the turn.
    pub(crate) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        self.cancel.run_until_cancelled(work).await.ok_or(Halt::Cancelled)
    }

    /// A new item of this turn.
    pub(crate) fn item(&self, body: ItemBody) -> Item {
        let parts = &self.shared.parts;
        item_of(&self.id, (parts.ids)(), (parts.clock)(), body)
    }

    /// What a tool call may do to the session.
    pub(crate) fn handle(&self, item: &ItemId) -> SessionHandle {
        let (shared, turn) = (self.shared.clone(), self.id.clone());
        let new_item =
            move |body| item_of(&turn, (shared.parts.ids)(), (shared.parts.clock)(), body);
        SessionHandle::new(
            self.shared.clone(),
            self.session.clone(),
            item.clone(),
            Arc::new(new_item),
        )
    }

    pub(crate) fn mode(&self) -> Mode {
        self.session.look(|state| state.mode)
    }

    /// What the user has allowed: in this session, and always in this folder.
    pub(crate) async fn rules(&self) -> Result<Vec<Rule>, Halt> {
        let mut rules = self.session.look(session_rules);
        let always = self.shared.parts.store.rules(&self.session.info().root).await;
        rules.extend(always.map_err(|error| Halt::Failed(error.into()))?);
        Ok(rules)
    }
}

/// Whether a document was changed by this.
fn is_applied(body: &ItemBody) -> bool {
    let ItemBody::ChangeSet(set) = body else { return false };
    set.files.iter().flat_map(|file| &file.hunks).any(|hunk| hunk.state.is_in_document())
}

fn too_long(after: &str) -> Halt {
    Halt::Failed(ErrorInfo::new(
        ErrorCode::TurnTooLong,
        format!("The turn was stopped after {after}; send a prompt to go on."),
    ))
}

/// The arguments of a call; why not, if they cannot be read or kept.
fn parse(arguments: &str) -> Result<Value, String> {
    let value = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    if depth(&value) > DEPTH {
        return Err(format!("they are nested deeper than {DEPTH} levels"));
    }
    Ok(value)
}

fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}

/// What the user allowed for this session, as its journal has it.
fn session_rules(state: &SessionState) -> Vec<Rule> {
    let mut rules = Vec::new();
    for item in state.told() {
        let ItemBody::Approval(approval) = &item.body else { continue };
        let Some(answer) = &approval.answer else { continue };
        if answer.decision == protocol::Decision::Session {
            let chosen = approval.options.iter().find(|it| it.decision == answer.decision);
            rules.extend(chosen.into_iter().flat_map(|option| option.rules.clone()));
        }
    }
    rules
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
}

/// The message or reasoning that is streaming, if one is.
struct Speech<'a> {
    turn: &'a Turn,
    open: Option<(Kind, Item, String)>,
    /// The first and the last item that ended.
    ended: Option<(ItemId, ItemId)>,
}

impl<'a> Speech<'a> {
    fn new(turn: &'a Turn) -> Self {
        Self { turn, open: None, ended: None }
    }

    async fn say(&mut self, kind: Kind, more: &str) -> Result<(), Halt> {
        if more.is_empty() {
            return Ok(());
        }
        if self.open.as_ref().is_some_and(|(open, ..)| *open != kind) {
            self.end(None).await?;
        }
        if self.open.is_none() {
            self.begin(kind).await;
        }
        if let Some((_, item, text)) = &mut self.open {
            text.push_str(more);
            let command = Command::Text { item: item.id.clone(), text: more.to_owned() };
            self.turn.session.send(command).await;
        }
        Ok(())
    }

    async fn begin(&mut self, kind: Kind) {
        let item = self.turn.item(body(kind, String::new(), None));
        self.turn.session.post(Update::ItemStarted { item: item.clone() }).await;
        self.open = Some((kind, item, String::new()));
    }

    /// Ends the reasoning; one whose text the provider hides still has data to keep.
    async fn end_reasoning(&mut self, provider_data: Option<Value>) -> Result<(), Halt> {
        let is_open = matches!(self.open, Some((Kind::Reasoning, ..)));
        if !is_open {
            if provider_data.is_none() {
                return Ok(());
            }
            self.end(None).await?;
            self.begin(Kind::Reasoning).await;
        }
        self.end(provider_data).await
    }

    /// Sets aside what was said: it stays to be read, but the model has not said it.
    async fn set_aside(&mut self) -> Result<(), Halt> {
        self.end(None).await?;
        let Some((first, last)) = self.ended.take() else { return Ok(()) };
        let stretch = Stretch { first, last };
        Ok(self.turn.session.record(vec![Update::SetAside { stretch, aside: true }]).await?)
    }

    async fn end(&mut self, provider_data: Option<Value>) -> Result<(), Halt> {
        let Some((kind, mut item, text)) = self.open.take() else { return Ok(()) };
        item.body = body(kind, text, provider_data);
        let first = self.ended.take().map_or_else(|| item.id.clone(), |(first, _)| first);
        self.ended = Some((first, item.id.clone()));
        Ok(self.turn.session.record(vec![Update::ItemEnded { item }]).await?)
    }
}

fn body(kind: Kind, text: String, provider_data: Option<Value>) -> ItemBody {
    match kind {
        Kind::Text => ItemBody::AgentMessage { text },
        Kind::Reasoning => ItemBody::Reasoning { text, provider_data },
    }
}
