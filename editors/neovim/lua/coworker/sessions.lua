--- The conversations: which session each root shows, and what has come of it up to now.
--- Panes learn of everything through `subscribe`.

local client = require('coworker.client')
local pause = require('coworker.pause')
local state = require('coworker.state')

local M = {}

---@class coworker.Conversation
---@field root string
---@field id string The session's id.
---@field title string
---@field fold coworker.Fold
---@field epoch? string
---@field seq integer The last update taken in.
---@field models table<string, string> What the models are, as far as it is known.
---@field replays? boolean Whether what is told now is what was missed.
---@field private held? coworker.SessionUpdate[] What came while attaching.
---@field private on_attached? fun(conversation: coworker.Conversation)[] Who waits for that.
---@field private is_lost? boolean Whether its server ended: the next one tells and asks nothing of it.

--- What panes hear of.
---@alias coworker.Event
---| { kind: 'update', update: coworker.Update }
---| { kind: 'reset' } Another conversation, or this one from its beginning.
---| { kind: 'server' } The server started or ended.
---| { kind: 'models' } It is known what the model is.

---@alias coworker.Subscriber fun(root: string, conversation: coworker.Conversation?, event: coworker.Event)

---@type table<string, coworker.Conversation> by session id
local conversations = {}
---@type table<string, coworker.Conversation> by root
local current = {}
---@type table<string, fun(conversation: coworker.Conversation)[]> who waits for a session, by root
local waiting = {}
---@type table<string, string> the mode chosen before there is a session, by root
local chosen_mode = {}
---@type coworker.Subscriber[]
local subscribers = {}

--- Calls `subscriber` for all that happens in the conversations that are shown.
---@param subscriber coworker.Subscriber
function M.subscribe(subscriber)
  table.insert(subscribers, subscriber)
end

---@param root string
---@param event coworker.Event
local function tell(root, event)
  for _, subscriber in ipairs(subscribers) do
    subscriber(root, current[root], event)
  end
end

--- The conversation that a root shows.
---@param root string
---@return coworker.Conversation?
function M.current(root)
  return current[root]
end

---@param root string
---@param id string
---@return coworker.Conversation
local function known(root, id)
  local conversation = conversations[id]
  if not conversation then
    conversation = { root = root, id = id, title = '', fold = state.new(), seq = 0, models = {} }
    conversations[id] = conversation
  end
  return conversation
end

---@param root string
---@param conversation coworker.Conversation
local function show(root, conversation)
  if current[root] ~= conversation then
    current[root] = conversation
    tell(root, { kind = 'reset' })
  end
end

---@param conversation coworker.Conversation
---@param params coworker.SessionUpdate
local function take(conversation, params)
  if params.seq <= conversation.seq then
    return
  end
  conversation.seq = params.seq
  conversation.fold:apply(params.update)
  if params.update.kind == 'resync' then
    M.attach(conversation.root, conversation.id, params.update.fromSeq)
  end
  if current[conversation.root] == conversation then
    tell(conversation.root, { kind = 'update', update = params.update })
  end
end

--- Takes in what the server tells.
---@param root string
---@param params coworker.SessionUpdate
local function receive(root, params)
  local conversation = known(root, params.sessionId)
  if not current[root] then
    show(root, conversation)
  end
  if conversation.held then
    table.insert(conversation.held, params)
  else
    take(conversation, params)
  end
end

---@param conversation coworker.Conversation
---@param result coworker.AttachResult
local function attached(conversation, result)
  conversation.epoch = result.epoch
  conversation.title = result.session.title
  conversation.seq = math.max(conversation.seq, result.seq)
end

-- The missed updates come before the answer that says whether they begin at the beginning, so
-- they are held until then.
---@param conversation coworker.Conversation
---@param result? coworker.AttachResult
local function release(conversation, result)
  local held = conversation.held or {}
  conversation.held = nil
  if result and result.fromStart then
    conversation.fold, conversation.seq = state.new(), 0
  end
  local shown = current[conversation.root] == conversation
  conversation.replays = true
  for _, params in ipairs(held) do
    take(conversation, params)
  end
  conversation.replays = nil
  if result then
    attached(conversation, result)
    if result.fromStart and shown then
      tell(conversation.root, { kind = 'reset' })
    end
  end
end

--- Shows a session of a root, with all that was missed of it.
---@param root string
---@param id string
---@param after? integer The last update seen; without it the last one taken in.
---@param on_done? fun(conversation: coworker.Conversation)
function M.attach(root, id, after, on_done)
  local conversation = known(root, id)
  conversation.on_attached = conversation.on_attached or {}
  table.insert(conversation.on_attached, on_done)
  if conversation.held then
    return
  end
  conversation.held = {}
  client.request(root, 'coworker/session/attach', {
    sessionId = id,
    epoch = conversation.epoch,
    afterSeq = conversation.epoch and (after or conversation.seq) or nil,
  }, function(result)
    local waits = conversation.on_attached or {}
    conversation.on_attached, conversation.is_lost = nil, nil
    release(conversation, result)
    show(root, conversation)
    for _, run in ipairs(waits) do
      run(conversation)
    end
  end, function(problem)
    conversation.on_attached = nil
    release(conversation)
    pause.say(problem.message, vim.log.levels.ERROR)
  end)
end

--- Begins a session and shows it.
---@param root string
---@param on_done fun(conversation: coworker.Conversation)
function M.create(root, on_done)
  if waiting[root] then
    table.insert(waiting[root], on_done)
    return
  end
  waiting[root] = { on_done }
  local params = { mode = chosen_mode[root] }
  client.request(
    root,
    'coworker/session/new',
    next(params) and params or vim.empty_dict(),
    function(result)
      local conversation = known(root, result.session.id)
      attached(conversation, result)
      show(root, conversation)
      local done = waiting[root] or {}
      waiting[root] = nil
      for _, run in ipairs(done) do
        run(conversation)
      end
    end,
    function(problem)
      waiting[root] = nil
      pause.say(problem.message, vim.log.levels.ERROR)
    end
  )
end

--- The conversation of a root: the one shown, attached again where the server is a new one, or a
--- new one.
---@param root string
---@param on_done fun(conversation: coworker.Conversation)
function M.ensure(root, on_done)
  local conversation = current[root]
  if not conversation then
    return M.create(root, on_done)
  end
  if conversation.is_lost then
    return M.attach(root, conversation.id, nil, on_done)
  end
  on_done(conversation)
end

--- Restarts the server of a root and shows the same session again.
---@param root string
function M.restart(root)
  client.restart(root)
end

--- Sends a prompt.
---@param root string
---@param text string
---@param context coworker.ChatContext[]
---@param steer? boolean
function M.chat(root, text, context, steer)
  M.ensure(root, function(conversation)
    client.request(
      root,
      'coworker/chat',
      { sessionId = conversation.id, text = text, context = context, steer = steer or false },
      function() end
    )
  end)
end

--- What can be chosen for the session of a root, by completion's quick way.
---@param root string
---@param id 'mode'|'model'|'trust'
---@return coworker.ConfigOption?
function M.option(root, id)
  local conversation = current[root]
  local params = conversation and { sessionId = conversation.id } or vim.empty_dict()
  local result = client.request_now(root, 'coworker/config/options', params)
  for _, option in ipairs(result and result.options or {}) do
    if option.id == id then
      return option
    end
  end
end

-- Asks what the model is when it is a new one.
---@param conversation coworker.Conversation
---@param model string
local function learn_model(conversation, model)
  if model == '' or conversation.models[model] then
    return
  end
  conversation.models[model] = ''
  local params = { sessionId = conversation.id }
  client.request(conversation.root, 'coworker/config/options', params, function(result)
    for _, option in ipairs(result.options or {}) do
      for _, choice in ipairs(option.id == 'model' and option.choices or {}) do
        conversation.models[choice.value] = choice.description
      end
    end
    tell(conversation.root, { kind = 'models' })
  end, function() end)
end

--- What the model of a root's session is, in the server's words.
---@param root string
---@return string?
function M.describe_model(root)
  local conversation = current[root]
  local said = conversation and conversation.models[conversation.fold.model]
  return said ~= '' and said or nil
end

--- Asks what can be chosen for the session of a root.
---@param root string
---@param on_done fun(options: coworker.ConfigOption[])
function M.options(root, on_done)
  local conversation = current[root]
  local params = conversation and { sessionId = conversation.id } or vim.empty_dict()
  client.request(root, 'coworker/config/options', params, function(result)
    on_done(result.options)
  end)
end

--- Chooses the mode, of the session there is or of the next one.
---@param root string
---@param mode string
function M.set_mode(root, mode)
  chosen_mode[root] = mode
  local conversation = current[root]
  if conversation then
    local params = { sessionId = conversation.id, mode = mode }
    client.request(root, 'coworker/config/set', params, function() end)
  end
end

--- Chooses the model, of the session of a root from its next request on.
---@param root string
---@param model string
function M.set_model(root, model)
  M.ensure(root, function(conversation)
    local params = { sessionId = conversation.id, model = model }
    client.request(root, 'coworker/config/set', params, function() end)
  end)
end

--- Says whether the folder of the session is trusted.
---@param root string
---@param trust boolean
function M.set_trust(root, trust)
  M.ensure(root, function(conversation)
    local params = { sessionId = conversation.id, trust = trust }
    client.request(root, 'coworker/config/set', params, function()
      pause.say(('this folder is %s'):format(trust and 'trusted' or 'not trusted'))
    end)
  end)
end

--- What can be typed at the end of a prompt, by completion's quick way.
---@param root string
---@param text string
---@return coworker.CompleteResult?
function M.complete(root, text)
  local conversation = current[root]
  local session_id = conversation and conversation.id
  return client.request_now(root, 'coworker/complete', { sessionId = session_id, text = text })
end

client.on.update = receive

M.subscribe(function(_, conversation, event)
  local is_config = event.kind == 'update' and event.update.kind == 'config'
  if conversation and (is_config or event.kind == 'reset') then
    learn_model(conversation, conversation.fold.model)
  end
end)

-- Whatever has started it: without this the session would run in it unseen.
client.on.start = function(root)
  local conversation = current[root]
  if conversation and conversation.is_lost then
    M.attach(root, conversation.id)
  end
  tell(root, { kind = 'server' })
end

client.on.exit = function(root)
  waiting[root] = nil
  for _, conversation in pairs(conversations) do
    if conversation.root == root then
      conversation.is_lost, conversation.on_attached = true, nil
      if conversation.held then
        release(conversation)
      end
    end
  end
  tell(root, { kind = 'server' })
end

return M
