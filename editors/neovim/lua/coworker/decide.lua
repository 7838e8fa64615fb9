--- Decides about the agent's hunks one by one, and takes back and does again what it changed.

local client = require('coworker.client')
local hunks = require('coworker.hunks')
local pause = require('coworker.pause')
local render = require('coworker.render')
local reword = require('coworker.reword')
local sessions = require('coworker.sessions')

local M = {}

--- What is taken back, or done again.
---@alias coworker.Scope 'hunk'|'call'|'turn'|'session'

--- The scopes there are, for completion.
---@type coworker.Scope[]
M.scopes = { 'hunk', 'call', 'turn', 'session' }

---@type table<string, integer> decisions that are not answered yet, by change set
local deciding = {}
---@type table<string, true> the hunks that waited when they were told of last
local waited = {}

local say = pause.say

--- The hunks in some lines of the current buffer, or at its cursor, that stand so.
---@param lines [integer, integer]? first and last, counted from 1
---@param is_meant fun(hunk: coworker.PlacedHunk): boolean
---@return coworker.PlacedHunk[]
local function hunks_in(lines, is_meant)
  local row = vim.api.nvim_win_get_cursor(0)[1]
  local first, last = unpack(lines or { row, row })
  local found = hunks.touching(vim.api.nvim_get_current_buf(), first - 1, last - 1)
  return vim.tbl_filter(is_meant, found)
end

---@param hunk coworker.PlacedHunk
---@return boolean
local function is_applied(hunk)
  return hunk.state.kind == 'applied'
end

---@param hunk coworker.PlacedHunk
---@return boolean
local function is_in_text(hunk)
  return hunk.state.kind == 'applied' or hunk.state.kind == 'kept'
end

---@return coworker.Conversation?
local function conversation_here()
  return sessions.current(client.root_of(vim.api.nvim_get_current_buf()))
end

-- Says that there is nothing here of what was asked for; or that nobody knows.
---@param what string
local function say_none(what)
  local ended = client.ended(client.root_of(vim.api.nvim_get_current_buf()))
  say(ended or what, ended and vim.log.levels.WARN or nil)
end

-- Why something could not be had, in one message.
---@param reasons string[]
local function say_once(reasons)
  local more = #reasons > 1 and (' (and %d more)'):format(#reasons - 1) or ''
  if #reasons > 0 then
    say(reasons[1] .. more, vim.log.levels.WARN)
  end
end

---@class coworker.Decided
---@field accept boolean
---@field reason? string What the model is told.
---@field text? string The lines that the user wants instead.
---@field before? string The lines that those were made for.

-- A decision about hunks of a change set is answered.
---@param id string
local function answered(id)
  local left = (deciding[id] or 1) - 1
  deciding[id] = left > 0 and left or nil
end

---@param conversation coworker.Conversation?
---@param found coworker.PlacedHunk[]
---@param decided coworker.Decided
---@param on_done? fun(is_had: boolean) Whether all is as it was decided.
local function resolve(conversation, found, decided, on_done)
  on_done = on_done or function() end
  ---@type table<string, coworker.HunkDecision[]>
  local by_set = {}
  local is_asked = {}
  for _, hunk in ipairs(found) do
    is_asked[hunk.hunkId] = true
    local decisions = by_set[hunk.changeSetId] or {}
    table.insert(decisions, vim.tbl_extend('error', { hunkId = hunk.hunkId }, decided))
    by_set[hunk.changeSetId] = decisions
  end
  for id, decisions in pairs(conversation and by_set or {}) do
    deciding[id] = (deciding[id] or 0) + 1
    client.request(conversation.root, 'coworker/changes/resolve', {
      sessionId = conversation.id,
      changeSetId = id,
      hunks = decisions,
    }, function(result)
      answered(id)
      local reasons, is_had = {}, true
      for _, hunk in ipairs(result.hunks) do
        table.insert(reasons, hunk.reason)
        -- Others can fall with those that were asked for.
        is_had = is_had and not (hunk.reason and is_asked[hunk.hunkId])
      end
      say_once(reasons)
      on_done(is_had)
    end, function(problem)
      answered(id)
      say(problem.message, vim.log.levels.ERROR)
      on_done(false)
    end)
  end
end

--- Accepts the hunks in some lines.
---@param lines? [integer, integer]
function M.accept(lines)
  local found = hunks_in(lines, hunks.is_pending)
  if #found == 0 then
    return say_none('no hunk waits here')
  end
  resolve(conversation_here(), found, { accept = true })
end

--- Lets the user word the hunk at the cursor otherwise, and accepts it so.
function M.reword()
  local conversation = conversation_here()
  local hunk = hunks_in(nil, hunks.is_pending)[1]
  if not conversation or not hunk then
    return say_none('no hunk waits here')
  end
  if not hunk.canBeReworded then
    return say('there are no lines to change here; reject it, and say what is to be done instead')
  end
  reword.open(conversation.root, hunk, function(text, on_done)
    local decided = { accept = true, text = text, before = hunk.before }
    resolve(conversation, { hunk }, decided, on_done)
  end)
end

--- What rejects the hunks at the cursor: those that wait there now, whatever is there when it is
--- called.
---@return fun(reason?: string)? reject nil where none waits
function M.rejecter()
  local conversation, found = conversation_here(), hunks_in(nil, hunks.is_pending)
  return #found > 0
      and function(reason)
        resolve(conversation, found, { accept = false, reason = reason })
      end
    or nil
end

--- Rejects the hunks in some lines.
---@param reason? string What the model is told.
---@param lines? [integer, integer]
function M.reject(reason, lines)
  local found = hunks_in(lines, hunks.is_pending)
  if #found == 0 then
    return say_none('no hunk waits here')
  end
  resolve(conversation_here(), found, { accept = false, reason = reason })
end

--- Keeps the hunks in some lines: they have been looked at.
---@param lines? [integer, integer]
function M.keep(lines)
  local found = hunks_in(lines, is_applied)
  if #found == 0 then
    return say_none('no hunk here is yet to be kept')
  end
  resolve(conversation_here(), found, { accept = true })
end

-- What is meant at a hunk, or where there is none.
---@param kind coworker.Scope
---@param hunk coworker.PlacedHunk?
---@return coworker.UndoScope
local function scope_of(kind, hunk)
  local name = ({ hunk = 'hunkId', call = 'itemId', turn = 'turnId' })[kind]
  if kind == 'session' then
    return { kind = 'session' }
  end
  return hunk and { kind = kind, [name] = hunk[name] } or { kind = 'last', of = kind }
end

-- One hunk is seen to change; of more, some are in files that are not on the screen.
---@param scope coworker.UndoScope
---@param result coworker.ChangesUndoResult
---@param done string
---@param nothing string
local function report(scope, result, done, nothing)
  if #result.hunks > 0 and scope.kind ~= 'hunk' then
    local where = render.counted(#result.hunks, 'hunk')
      .. ' in '
      .. render.counted(#result.files, 'file')
    say(('%s %s'):format(where, done))
  end
  say_once(vim.tbl_map(function(refused)
    return refused.reason
  end, result.refused))
  if #result.hunks == 0 and #result.refused == 0 then
    say(nothing)
  end
end

---@param conversation coworker.Conversation
---@param method string
---@param scope coworker.UndoScope
---@param done string
---@param nothing string
local function turn(conversation, method, scope, done, nothing)
  local params = { sessionId = conversation.id, scope = scope }
  client.request(conversation.root, method, params, function(result)
    report(scope, result, done, nothing)
  end)
end

--- Takes back the hunk at the cursor, or what belongs to it: its tool call, its turn, or all of
--- the session. Where the cursor is in no hunk, the last call or turn that changed something is
--- meant.
---@param kind? coworker.Scope
function M.undo(kind)
  kind = kind or 'hunk'
  local conversation = conversation_here()
  local here = hunks_in(nil, is_in_text)
  if not conversation or client.ended(conversation.root) or kind == 'hunk' and #here == 0 then
    return say_none('the agent has changed nothing here')
  end
  local scope = scope_of(kind, here[#here])
  turn(conversation, 'coworker/changes/undo', scope, 'taken back', 'there is nothing to take back')
end

--- Does again what was taken back: the last time, or the last hunk that is taken back and what
--- belongs to it.
---@param kind? coworker.Scope
function M.redo(kind)
  local conversation = conversation_here()
  local nothing = 'nothing was taken back'
  if not conversation or client.ended(conversation.root) then
    return say_none(nothing)
  end
  local scope = kind and scope_of(kind) or { kind = 'last' }
  turn(conversation, 'coworker/changes/redo', scope, 'done again', nothing)
end

-- A hunk that waits can become a conflict by itself: somebody typed in it, or the editor refused it.
-- It goes from the buffer then, and that must not be silent.
sessions.subscribe(function(root, conversation, event)
  if event.kind == 'reset' then
    -- A server that died answers nothing any more.
    deciding = {}
  end
  local item = event.kind == 'update' and event.update.item
  local lost = {}
  -- What becomes of hunks by a decision is said by its answer.
  local is_decided = item and (deciding[item.id] or 0) > 0
  for _, file in ipairs(item and item.kind == 'changeSet' and item.files or {}) do
    for _, hunk in ipairs(file.hunks) do
      if hunk.state.kind == 'conflicted' and waited[hunk.id] and not is_decided then
        local name = render.one_line(vim.fs.relpath(root, file.path) or file.path)
        local why = render.why(root, file.path, hunk.state.reason)
        table.insert(lost, ('%s: a hunk cannot be applied: %s'):format(name, why))
      end
      waited[hunk.id] = hunks.is_pending(hunk) or nil
    end
  end
  if not (conversation and conversation.replays) then
    say_once(lost)
  end
end)

return M
