--- The questions that wait for the user, and how they are answered. No answer is ever given by
--- anything but a key, a command or a call that says so.

local answers = require('coworker.answers')
local client = require('coworker.client')
local pause = require('coworker.pause')
local sessions = require('coworker.sessions')

local M = {}

---@class coworker.OpenQuestion
---@field id string The approval's item.
---@field approval coworker.Approval
---@field conversation coworker.Conversation

---@class coworker.Asked
---@field root string
---@field session_id string
---@field approval coworker.Approval
---@field resume fun(answer: coworker.Answer|vim.NIL)

-- A key that was on its way when a question came up must not answer it.
local LOOK_FIRST_MS = 500

---@type table<string, coworker.Asked> requests of the server that are not answered yet
local asked = {}
---@type table<string, true> answered here; the server has not said so yet
local answered = {}
---@type table<string, number> when a question was first shown, in milliseconds
local shown_at = {}
---@type fun(question: coworker.OpenQuestion)[]
local on_asked = {}

--- Calls `run` for each question that the server asks.
---@param run fun(question: coworker.OpenQuestion)
function M.subscribe(run)
  table.insert(on_asked, run)
end

---@param conversation coworker.Conversation
---@param id string
---@return boolean
local function is_open(conversation, id)
  local item = conversation.fold:item(id)
  if item then
    return conversation.fold.open[id] == true and not item.answer and not answered[id]
  end
  return asked[id] ~= nil
end

--- The questions that wait in the conversation of a root, the oldest first.
---@param root string
---@return coworker.OpenQuestion[]
function M.open(root)
  local conversation = sessions.current(root)
  local questions = {}
  if not conversation then
    return questions
  end
  for _, item in ipairs(conversation.fold.items) do
    if item.kind == 'approval' and is_open(conversation, item.id) then
      table.insert(questions, { id = item.id, approval = item, conversation = conversation })
    end
  end
  for id, request in pairs(asked) do
    -- The request may come before the update that brings its item.
    if request.session_id == conversation.id and not conversation.fold:item(id) then
      table.insert(questions, { id = id, approval = request.approval, conversation = conversation })
    end
  end
  return questions
end

--- Whether the question still waits.
---@param question coworker.OpenQuestion
---@return boolean
function M.waits(question)
  return is_open(question.conversation, question.id)
end

--- The question that is to be answered next.
---@param root string
---@return coworker.OpenQuestion?
function M.next(root)
  return M.open(root)[1]
end

--- Notes that the user can see a question from now on.
---@param id string
---@param anew? boolean It came up under the user's fingers, whether they have seen it before or not.
function M.shown(id, anew)
  if anew or not shown_at[id] then
    shown_at[id] = vim.uv.hrtime() / 1e6
  end
end

--- Whether the user can have read the question before they pressed a key.
---@param id string
---@return boolean
function M.was_seen(id)
  local at = shown_at[id]
  return at ~= nil and vim.uv.hrtime() / 1e6 - at >= LOOK_FIRST_MS
end

--- The option of a question that stands for a decision.
---@param question coworker.OpenQuestion
---@param decision coworker.Decision
---@return coworker.ApprovalOption?
function M.option(question, decision)
  for _, option in ipairs(question.approval.options) do
    if option.decision == decision then
      return option
    end
  end
end

--- Answers a question.
---@param question coworker.OpenQuestion
---@param decision coworker.Decision
---@param reason? string
---@param said? coworker.QuestionAnswer[] What the user answered to the agent's own questions.
function M.answer(question, decision, reason, said)
  local subject = question.approval.subject
  if subject.kind == 'questions' and decision ~= 'reject' and not said then
    return answers.ask(subject.questions, function(all)
      M.answer(question, decision, reason, all)
    end)
  end
  if not M.waits(question) then
    return pause.say('this has been answered already', vim.log.levels.WARN)
  end
  if not M.option(question, decision) then
    return pause.say('that is not one of the answers here', vim.log.levels.WARN)
  end
  ---@type coworker.Answer
  local answer = { decision = decision, reason = reason, answers = said, by = 'Neovim' }
  local request = asked[question.id]
  answered[question.id] = true
  if request then
    asked[question.id] = nil
    return request.resume(answer)
  end
  client.request(question.conversation.root, 'coworker/approval/respond', {
    sessionId = question.conversation.id,
    approvalId = question.id,
    answer = answer,
  }, function() end, function(problem)
    answered[question.id] = nil
    pause.say(problem.message, vim.log.levels.ERROR)
  end)
end

--- Whether a key may answer the question; where it was pressed too soon the user is told.
---@param id string
---@return boolean
function M.seen_by_key(id)
  if not M.was_seen(id) then
    M.shown(id)
    vim.api.nvim_echo({ { 'This has only just come up: look, then press again.' } }, false, {})
    return false
  end
  vim.api.nvim_echo({ { '' } }, false, {})
  return true
end

--- Answers with a key: as `M.answer`, but never what the user cannot have read yet.
---@param question coworker.OpenQuestion
---@param decision coworker.Decision
---@return boolean answered
function M.answer_by_key(question, decision)
  if not M.seen_by_key(question.id) then
    return false
  end
  if decision == 'reject' then
    M.reject(question)
  else
    M.answer(question, decision)
  end
  return true
end

--- Asks why not, and rejects. Escape at the prompt leaves the question open.
---@param question coworker.OpenQuestion
function M.reject(question)
  vim.ui.input({ prompt = 'Why not? (Enter alone gives no reason) ' }, function(reason)
    vim.api.nvim_echo({ { '' } }, false, {})
    if reason then
      M.answer(question, 'reject', reason ~= '' and reason or nil)
    end
  end)
end

---@param root string
---@param params coworker.ApprovalRequestParams
---@return coworker.Answer|vim.NIL
local function ask(root, params)
  local thread = coroutine.running()
  asked[params.approvalId] = {
    root = root,
    session_id = params.sessionId,
    approval = params.approval,
    resume = function(answer)
      local ok, problem = coroutine.resume(thread, answer)
      if not ok then
        pause.say(tostring(problem), vim.log.levels.ERROR)
      end
    end,
  }
  answered[params.approvalId] = nil
  local conversation = sessions.current(root)
  vim.schedule(function()
    if conversation and conversation.id == params.sessionId then
      for _, run in ipairs(on_asked) do
        run({ id = params.approvalId, approval = params.approval, conversation = conversation })
      end
    else
      pause.say('another session has a question; see :CoworkerSessions')
    end
  end)
  return coroutine.yield()
end

client.on.approval = ask

sessions.subscribe(function(root, _, event)
  if event.kind == 'update' and event.update.kind == 'itemEnded' then
    local item = event.update.item
    answered[item.id], shown_at[item.id] = nil, nil
    local request = asked[item.id]
    if request then
      -- Somebody else answered; this request gets no answer from here.
      asked[item.id] = nil
      request.resume(vim.NIL)
    end
  elseif event.kind == 'server' then
    local server = client.server(root)
    if server and server.phase == 'stopped' then
      for id, request in pairs(asked) do
        asked[id] = request.root ~= root and request or nil
      end
    end
  end
end)

return M
