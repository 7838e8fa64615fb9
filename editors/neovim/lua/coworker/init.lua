--- Coworker in Neovim: what the commands do, as functions.
---
--- The plugin starts the server, draws what it tells and asks what it asks. It decides nothing.

local approvals = require('coworker.approvals')
local chat = require('coworker.chat')
local checkpoints = require('coworker.checkpoints')
local client = require('coworker.client')
local config = require('coworker.config')
local decide = require('coworker.decide')
local hunks = require('coworker.hunks')
local pause = require('coworker.pause')
local queue = require('coworker.queue')
local question_float = require('coworker.question')
local renamed = require('coworker.renamed')
local render = require('coworker.render')
local review = require('coworker.review')
local rewind = require('coworker.rewind')
local sessions = require('coworker.sessions')
local status = require('coworker.status')
local todos = require('coworker.todos')
local waiting = require('coworker.waiting')
local weight = require('coworker.weight')

require('coworker.disk')
require('coworker.reread')

local M = {}

local is_set_up = false

local say = pause.say

--- Takes settings on, and shows every file that is or will be open to the agent. Without it the
--- first command does the same with the defaults.
---@param settings? table see `coworker.Config`
function M.setup(settings)
  config.set(settings)
  if is_set_up then
    return
  end
  is_set_up = true
  pause.watch()
  hunks.watch()
  render.define_highlights()
  local group = vim.api.nvim_create_augroup('coworker', { clear = true })
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = group,
    desc = 'Define the highlights that a colour scheme has cleared',
    callback = render.define_highlights,
  })
  vim.api.nvim_create_autocmd({ 'BufReadPost', 'BufNewFile', 'BufFilePost' }, {
    group = group,
    desc = 'Show the buffer to the coworker',
    callback = function(event)
      client.attach(event.buf)
    end,
  })
  renamed.watch(group)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    client.attach(buf)
  end
end

--- The root that commands mean here.
---@return string
local function root_here()
  if not is_set_up then
    M.setup()
  end
  return client.root_of(vim.api.nvim_get_current_buf())
end

--- Opens the chat pane, or closes it.
function M.toggle()
  local root = root_here()
  if chat.window(root) then
    chat.close(root)
  else
    client.start(root)
    chat.open(root, true)
  end
end

--- Opens the todo pane, or closes it.
function M.toggle_todos()
  todos.toggle(root_here())
end

-- A place in a buffer, with the line that it is in: it can be told to the server whatever becomes of
-- the buffer.
---@class coworker.Place
---@field row integer counted from 0
---@field byte integer
---@field line string

---@param buf integer
---@param row integer counted from 0
---@param byte integer
---@return coworker.Place
local function place_in(buf, row, byte)
  local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ''
  return { row = row, byte = math.min(byte, #line), line = line }
end

---@param place coworker.Place
---@param encoding string
---@return coworker.Position
local function position(place, encoding)
  local character = vim.str_utfindex(place.line, encoding, place.byte, false)
  return { line = place.row, character = character }
end

-- The lines as a range, or the exact characters where they are those of a character-wise
-- selection.
---@param buf integer
---@param first integer counted from 1
---@param last integer counted from 1
---@return coworker.Place from, coworker.Place to
local function range_of(buf, first, last)
  local from, to = vim.api.nvim_buf_get_mark(buf, '<'), vim.api.nvim_buf_get_mark(buf, '>')
  if vim.fn.visualmode() == 'v' and from[1] == first and to[1] == last then
    local line = vim.api.nvim_buf_get_lines(buf, last - 1, last, false)[1] or ''
    -- The mark is on the last character, the range ends behind it.
    local after = to[2] + 1
    while after < #line and line:byte(after + 1) >= 0x80 and line:byte(after + 1) < 0xC0 do
      after = after + 1
    end
    return place_in(buf, first - 1, from[2]), place_in(buf, last - 1, after)
  end
  return place_in(buf, first - 1, 0), place_in(buf, last - 1, math.huge)
end

-- What is pointed at now, in the current window. It is counted once it is known what the server
-- counts in.
---@param lines? [integer, integer]
---@return fun(encoding: string): coworker.ChatContext[]
local function pointed_at(lines)
  local buf = vim.api.nvim_get_current_buf()
  if not client.is_file(buf) then
    return function()
      return {}
    end
  end
  local uri = vim.uri_from_bufnr(buf)
  if lines then
    local from, to = range_of(buf, lines[1], lines[2])
    return function(encoding)
      local range = { start = position(from, encoding), ['end'] = position(to, encoding) }
      return { { uri = uri, range = range } }
    end
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local cursor = place_in(buf, row - 1, column)
  return function(encoding)
    return { { uri = uri, cursor = position(cursor, encoding) } }
  end
end

---@class coworker.AskOptions
---@field lines? [integer, integer] The lines pointed at, counted from 1; without them the file.
---@field root? string
---@field context? coworker.ChatContext[] Instead of the current buffer.
---@field steer? boolean Tell the running turn, instead of waiting for its end.

-- The root that the prompt on the screen is for.
---@type string?
local completing

--- Completes a mention or a slash command in a prompt.
---@param line string All of the prompt up to the cursor.
---@return string[]
function M.complete_prompt(line)
  local result = sessions.complete(completing or root_here(), line)
  local before = line:sub(1, result and result.start or #line)
  return vim.tbl_map(function(item)
    return before .. item.text
  end, result and result.items or {})
end

--- Asks: `text`, or what the user types at a prompt.
---@param text? string
---@param options? coworker.AskOptions
function M.ask(text, options)
  options = options or {}
  local root = options.root or root_here()
  if options.lines and not client.is_file(vim.api.nvim_get_current_buf()) then
    local why =
      'the agent does not see these lines: they are in no file. `:file NAME` makes it one.'
    return say(why, vim.log.levels.WARN)
  end
  local context = pointed_at(options.lines)
  local function send(words)
    if not words or vim.trim(words) == '' then
      return
    end
    chat.open(root, false)
    chat.show_end(root)
    client.when_running(root, function()
      local running = client.lsp(root)
      local encoding = running and running.offset_encoding or 'utf-8'
      sessions.chat(root, words, options.context or context(encoding), options.steer)
    end)
  end
  if text and vim.trim(text) ~= '' then
    return send(text)
  end
  completing = root
  vim.ui.input({
    prompt = options.steer and 'Tell Coworker: ' or 'Ask Coworker: ',
    completion = "customlist,v:lua.require'coworker'.complete_prompt",
  }, send)
end

--- Stops the running turn.
function M.stop()
  local root = root_here()
  local conversation = sessions.current(root)
  if not (conversation and conversation.fold:is_running()) then
    return say('nothing is running')
  end
  client.request(root, 'coworker/chat/cancel', { sessionId = conversation.id }, function() end)
end

--- Asks before something that is not undone by itself.
---@param what string
---@param yes string
---@param run fun()
local function confirm(what, yes, run)
  vim.ui.select({ 'No', yes }, { prompt = what }, function(_, at)
    if at == 2 then
      run()
    end
  end)
end

---@param root string
---@param mode string
local function take_mode(root, mode)
  if mode ~= 'auto' then
    return sessions.set_mode(root, mode)
  end
  local what = 'Edits are applied and saved and commands run without asking, in this session.'
  confirm(what, 'Yes, go on by itself', function()
    sessions.set_mode(root, mode)
  end)
end

--- Lets the user change what waits behind the running turn.
function M.queue()
  queue.open(root_here())
end

--- Shows what the next request to the model would be made of.
function M.context()
  weight.open(root_here())
end

--- Trusts the folder, or no longer: its configuration, skills and slash commands count only then.
---@param trust boolean
function M.trust(trust)
  local root = root_here()
  if not trust then
    return sessions.set_trust(root, false)
  end
  local what = ('Settings, skills and slash commands of %s will count.'):format(root)
  confirm(what, 'Yes, I trust it', function()
    sessions.set_trust(root, true)
  end)
end

-- Has the user choose a value of an option from a menu.
---@param root string
---@param id 'mode'|'model'
---@param name string
---@param take fun(value: string)
local function choose(root, id, name, take)
  sessions.options(root, function(options)
    for _, option in ipairs(options) do
      if option.id == id then
        vim.ui.select(option.choices, {
          prompt = ('%s (now %s)'):format(name, option.current),
          format_item = function(choice)
            local why = choice.unavailable and (' (%s)'):format(choice.unavailable) or ''
            return ('%s: %s%s'):format(choice.value, choice.description, why)
          end,
        }, function(choice)
          if choice and choice.unavailable then
            say(('%s cannot be used: %s'):format(choice.value, choice.unavailable))
          elseif choice then
            take(choice.value)
          end
        end)
      end
    end
  end)
end

--- Chooses the mode; without one, from a menu.
---@param mode? string
function M.mode(mode)
  local root = root_here()
  if mode then
    return take_mode(root, mode)
  end
  choose(root, 'mode', 'Mode', function(value)
    take_mode(root, value)
  end)
end

--- Chooses the model; without one, from a menu.
---@param model? string
function M.model(model)
  local root = root_here()
  if model then
    return sessions.set_model(root, model)
  end
  choose(root, 'model', 'Model', function(value)
    sessions.set_model(root, value)
  end)
end

---@param lead string
---@param words string[]
---@return string[]
local function beginning_with(lead, words)
  return vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, words)
end

---@param id 'mode'|'model'
---@param lead string
---@return string[]
local function values_of(id, lead)
  local option = sessions.option(root_here(), id)
  local values = vim.tbl_map(function(choice)
    return choice.value
  end, option and option.choices or {})
  return beginning_with(lead, values)
end

--- The modes there are, for completion.
---@param lead string
---@return string[]
function M.complete_mode(lead)
  return values_of('mode', lead)
end

--- The models there are, for completion.
---@param lead string
---@return string[]
function M.complete_model(lead)
  return values_of('model', lead)
end

--- The ways to say yes to what waits, for completion.
---@param lead string
---@return string[]
function M.complete_approve(lead)
  local question = approvals.next(root_here())
  local values = {}
  for _, option in ipairs(question and question.approval.options or {}) do
    if option.decision ~= 'reject' then
      table.insert(values, option.decision)
    end
  end
  return beginning_with(lead, values)
end

local NOTHING = 'nothing waits for an answer'

---@return coworker.OpenQuestion?
local function next_question()
  local root = root_here()
  local question = approvals.next(root)
  if not question then
    local waits = waiting.is_there(root)
    local why = waits and 'no question is open; :CoworkerHunks lists what waits' or NOTHING
    say(client.ended(root) or why)
  end
  return question
end

--- Shows what waits for an answer, with the cursor in it. Hunks of which the question is gone, as
--- after a restart, are listed.
function M.review()
  local root = root_here()
  local question = approvals.next(root)
  if not question then
    waiting.list(root, false, NOTHING)
  elseif question.approval.subject.kind == 'changes' then
    review.open(question)
  else
    question_float.open(question, true)
  end
end

--- Lists the hunks that wait, in all files.
---@param all? boolean Those, too, that are applied and not kept.
function M.hunks(all)
  waiting.list(
    root_here(),
    all or false,
    all and 'no hunk waits or is to be kept' or 'no hunk waits'
  )
end

--- Says yes to what waits for an answer.
---@param decision? coworker.Decision `once`, `session` or `always`
function M.approve(decision)
  local question = next_question()
  if question then
    approvals.answer(question, decision or 'once')
  end
end

--- Says no: to the hunks in the lines or at the cursor that wait, or to a question that is not
--- about changes. A whole change is only rejected with `all`.
---@param reason? string What the model is told.
---@param lines? [integer, integer] Counted from 1; with them only hunks are meant.
---@param all? boolean All that waits for an answer is meant, wherever the cursor is.
function M.reject(reason, lines, all)
  local question = approvals.next(root_here())
  local is_about_hunks = not question or question.approval.subject.kind == 'changes'
  if lines or is_about_hunks and not all then
    return decide.reject(reason, lines)
  end
  question = question or next_question()
  if question then
    approvals.answer(question, 'reject', reason)
  end
end

--- Accepts the hunks in the lines, or the one at the cursor. They are applied at once.
---@param lines? [integer, integer] Counted from 1.
function M.accept(lines)
  root_here()
  decide.accept(lines)
end

--- Lets the user word the hunk at the cursor otherwise; what they write is accepted.
function M.reword()
  root_here()
  decide.reword()
end

--- Keeps the hunks in the lines, or the one at the cursor: they lose their signs.
---@param lines? [integer, integer] Counted from 1.
function M.keep(lines)
  root_here()
  decide.keep(lines)
end

--- Takes back what the agent changed.
---@param scope? coworker.Scope The hunk at the cursor (the default), its tool call, its turn, or all.
function M.undo(scope)
  root_here()
  decide.undo(scope)
end

--- Does again what was taken back.
---@param scope? coworker.Scope Without it what was taken back last.
function M.redo(scope)
  root_here()
  decide.redo(scope)
end

--- What can be taken back, for completion.
---@param lead string
---@return string[]
function M.complete_scope(lead)
  return beginning_with(lead, decide.scopes)
end

--- Puts the cursor on the next hunk, or with -1 on the one before.
---@param step integer
function M.next_hunk(step)
  hunks.jump(step)
end

--- Lets the user choose a session, or begin a new one.
---@param id? string The beginning of an id: that session is shown at once.
function M.sessions(id)
  local root = root_here()
  client.request(
    root,
    'coworker/session/list',
    { root = vim.uri_from_fname(root) },
    function(result)
      if id then
        local found = vim.tbl_filter(function(session)
          return vim.startswith(session.id, id)
        end, result.sessions)
        if #found ~= 1 then
          return say(('%d sessions of this folder begin with %s'):format(#found, id))
        end
        sessions.attach(root, found[1].id)
        return chat.open(root, false)
      end
      local choices = vim.list_extend({ { title = 'New session' } }, result.sessions)
      vim.ui.select(choices, {
        prompt = 'Session',
        format_item = function(session)
          if not session.id then
            return session.title
          end
          local when = os.date('%Y-%m-%d %H:%M', math.floor(session.updatedAt / 1000))
          return ('%s  %s'):format(when, session.title ~= '' and session.title or '(empty)')
        end,
      }, function(choice)
        if choice and choice.id then
          sessions.attach(root, choice.id)
        elseif choice then
          sessions.create(root, function() end)
        end
        if choice then
          chat.open(root, false)
        end
      end)
    end
  )
end

--- Begins a session with the conversation up to an earlier prompt.
function M.fork()
  rewind.fork(root_here())
end

--- Changes an earlier prompt and sends it again.
---@param files? boolean Put back the files that the session changed since, too.
function M.resend(files)
  rewind.resend(root_here(), files)
end

--- Lets the user choose a checkpoint of the session, see what a restore to it changes, and restore.
function M.checkpoints()
  checkpoints.open(root_here())
end

--- Restarts the server and goes on with the session.
function M.restart()
  sessions.restart(root_here())
end

--- What the session is doing, for a status line: `Coworker running · ask · provider/name`.
---@return string
function M.status()
  return is_set_up and status.text(root_here()) or ''
end

client.on.prompt = function(_, params)
  local thread = coroutine.running()
  vim.ui.input({ prompt = params.title .. ': ', default = params.text }, function(text)
    -- In a step of its own: the input may call back before we wait for it.
    vim.schedule(function()
      coroutine.resume(thread, text or vim.NIL)
    end)
  end)
  return coroutine.yield()
end

-- A preview takes the focus, so it comes up in a pause of the user's typing. What takes no focus
-- comes up at once.
approvals.subscribe(function(question)
  if question.approval.subject.kind ~= 'changes' then
    return question_float.open(question, false)
  end
  pause.wait(function()
    return approvals.waits(question)
  end, function()
    review.open(question)
  end)
end)

return M
