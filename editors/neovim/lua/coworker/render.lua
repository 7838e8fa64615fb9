--- Items as lines of text with highlights. It knows no buffer and no session.

local M = {}

--- A highlight: row (counted from 0), first byte, byte after the last, group.
---@alias coworker.Mark [integer, integer, integer, string]

--- A sign, its highlight, and that of the text behind it.
---@alias coworker.Sign { [1]: string, [2]: string, [3]: string? }

---@class coworker.Lines
---@field lines string[]
---@field marks coworker.Mark[]

---@type table<coworker.ToolCallStatus, coworker.Sign>
local tool_signs = {
  pending = { '○', 'CoworkerDim' },
  running = { '◐', 'CoworkerRunning' },
  completed = { '✓', 'CoworkerGood' },
  failed = { '✗', 'CoworkerBad' },
  rejected = { '⊘', 'CoworkerBad' },
  cancelled = { '■', 'CoworkerDim' },
  interrupted = { '■', 'CoworkerBad' },
}

---@type table<coworker.TodoStatus, coworker.Sign>
local todo_signs = {
  pending = { '○', 'CoworkerDim' },
  in_progress = { '◐', 'CoworkerRunning', 'CoworkerNow' },
  completed = { '✓', 'CoworkerGood', 'CoworkerDone' },
}

---@type table<coworker.NoticeLevel, coworker.Sign>
local notice_signs = {
  info = { 'i', 'CoworkerDim' },
  warning = { '!', 'CoworkerRunning' },
  error = { '✗', 'CoworkerBad' },
}

-- Notices that are no news, only the end of something.
local stopped = { '■', 'CoworkerDim' }

---@type table<coworker.Decision, string>
local decided = {
  once = 'Allowed once',
  saveAndRun = 'Saved and allowed once',
  session = 'Allowed in this session',
  always = 'Always allowed',
  reject = 'Rejected',
  withdrawn = 'Withdrawn',
}

--- A number of things, in words.
---@param count integer
---@param what string
---@return string
function M.counted(count, what)
  return ('%d %s%s'):format(count, what, count == 1 and '' or 's')
end

--- The highlight groups, linked to those every colour scheme has.
function M.define_highlights()
  local links = {
    CoworkerUser = 'Title',
    CoworkerDim = 'Comment',
    CoworkerRunning = 'DiagnosticWarn',
    CoworkerGood = 'DiagnosticOk',
    CoworkerBad = 'DiagnosticError',
    CoworkerQuestion = 'DiagnosticInfo',
    CoworkerNow = 'Bold',
    CoworkerDone = 'Comment',
    CoworkerReasoning = 'Comment',
    CoworkerKey = 'Special',
    CoworkerFiller = 'NonText',
    CoworkerCode = 'Special',
  }
  for name, link in pairs(links) do
    vim.api.nvim_set_hl(0, name, { link = link, default = true })
  end
  -- Colour schemes agree on no colours for the two sides of a diff, so these are our own.
  local dark = vim.o.background == 'dark'
  local backgrounds = {
    CoworkerRemoved = dark and { '#3f1d22', 52 } or { '#ffe4e6', 224 },
    CoworkerRemovedText = dark and { '#7a2a33', 88 } or { '#ffb8bf', 217 },
    CoworkerAdded = dark and { '#14351f', 22 } or { '#ddf8e3', 194 },
    CoworkerAddedText = dark and { '#1f6034', 28 } or { '#a6e9b5', 157 },
  }
  for name, colour in pairs(backgrounds) do
    vim.api.nvim_set_hl(0, name, { bg = colour[1], ctermbg = colour[2], default = true })
  end
end

---@param text string
---@return string[]
local function split(text)
  return vim.split(text, '\n', { plain = true })
end

--- Characters that nobody sees, or that change how others are seen: C1 controls, soft hyphen,
--- joiners, direction marks, fillers and blanks, variation selectors, tags.
local HIDDEN = {
  { 0x80, 0x9f },
  { 0xad, 0xad },
  { 0x34f, 0x34f },
  { 0x61c, 0x61c },
  { 0x115f, 0x1160 },
  { 0x17b4, 0x17b5 },
  { 0x180b, 0x180f },
  { 0x200b, 0x200f },
  { 0x2028, 0x202e },
  { 0x2060, 0x206f },
  { 0x2800, 0x2800 },
  { 0x3164, 0x3164 },
  { 0xfe00, 0xfe0f },
  { 0xfeff, 0xfeff },
  { 0xffa0, 0xffa0 },
  { 0xfff0, 0xfffb },
  { 0x13430, 0x13440 },
  { 0x16fe4, 0x16fe4 },
  { 0x1bca0, 0x1bca3 },
  { 0x1d159, 0x1d159 },
  { 0x1d173, 0x1d17a },
  { 0xe0000, 0xe0fff },
}

--- The code point of one character in UTF-8 that is not ASCII.
---@param char string
---@return integer
local function code_point(char)
  local lead = char:byte()
  local code = lead < 0xe0 and lead - 0xc0 or lead < 0xf0 and lead - 0xe0 or lead - 0xf0
  for at = 2, #char do
    code = code * 64 + char:byte(at) - 0x80
  end
  return code
end

--- The text with all that cannot be seen, or that changes how the rest is seen, made visible.
--- Line breaks stay.
---@param text string
---@return string
function M.escape(text)
  local function byte(char)
    return char == '\t' and '\\t' or ('\\x%02x'):format(char:byte())
  end
  local function character(char)
    local code = code_point(char)
    for _, range in ipairs(HIDDEN) do
      if code >= range[1] and code <= range[2] then
        return ('\\u{%04x}'):format(code)
      end
    end
  end
  text = text:gsub('[%z\1-\9\11-\31\127]', byte)
  text = text:gsub('[\194-\244][\128-\191]+', character)
  return text
end

--- The text on one line, every control character escaped.
---@param text string
---@param limit? integer Characters to keep.
---@return string
local function one_line(text, limit)
  text = M.escape(text):gsub('\n', ' ')
  if limit and vim.fn.strchars(text) > limit then
    return vim.fn.strcharpart(text, 0, limit - 1) .. '…'
  end
  return text
end

M.one_line = one_line

---@param sign coworker.Sign
---@param text string
---@param highlight? string
---@return coworker.Lines
local function signed(sign, text, highlight)
  local lines = {}
  local marks = { { 0, 0, #sign[1], sign[2] } }
  for at, line in ipairs(split(text)) do
    lines[at] = (at == 1 and sign[1] or (' '):rep(vim.fn.strdisplaywidth(sign[1]))) .. ' ' .. line
    if highlight then
      table.insert(marks, { at - 1, at == 1 and #sign[1] + 1 or 0, #lines[at], highlight })
    end
  end
  return { lines = lines, marks = marks }
end

---@param into coworker.Lines
---@param text string
---@param highlight? string
local function add(into, text, highlight)
  for _, line in ipairs(split(text)) do
    table.insert(into.lines, line)
    if highlight then
      table.insert(into.marks, { #into.lines - 1, 0, #line, highlight })
    end
  end
end

---@param into coworker.Lines
---@param more coworker.Lines
local function append(into, more)
  for _, mark in ipairs(more.marks) do
    table.insert(into.marks, { mark[1] + #into.lines, mark[2], mark[3], mark[4] })
  end
  vim.list_extend(into.lines, more.lines)
end

---@param path string
---@param root string
---@return string
local function relative(path, root)
  return vim.fs.relpath(root, path) or path
end

--- Where each kind of item stands among the others: text stands free, lines stand together.
---@type table<string, 'text'|'line'>
M.shape = {
  userMessage = 'text',
  agentMessage = 'text',
  reasoning = 'text',
  plan = 'text',
}

---@type table<string, fun(item: coworker.Item, root: string): coworker.Lines>
local kinds = {}

-- What the user pointed at. What they wrote themselves, a mention or a command, they can see.
---@param part coworker.ContextPart
---@param root string
---@return string? label, string? highlight
local function pointed_at(part, root)
  if part.kind == 'unresolved' then
    return ('%s: %s'):format(part.mention, part.reason), 'CoworkerBad'
  elseif part.kind == 'selection' then
    local label = ('%s:%d-%d'):format(relative(part.path, root), part.firstLine, part.lastLine)
    return part.symbol and ('%s · %s'):format(label, part.symbol) or label
  elseif part.kind == 'file' then
    local label = relative(part.path, root)
    return part.line and ('%s:%d'):format(label, part.line) or label
  elseif part.kind == 'problems' then
    return ('%s: %d problems'):format(relative(part.path, root), #part.lines)
  end
end

function kinds.userMessage(item, root)
  local out = signed({ '›', 'CoworkerKey' }, item.text, 'CoworkerUser')
  for _, part in ipairs(item.context or {}) do
    local label, highlight = pointed_at(part, root)
    if label then
      add(out, '  ' .. one_line(label), highlight or 'CoworkerDim')
    end
  end
  return out
end

function kinds.agentMessage(item)
  return { lines = item.text == '' and {} or split(item.text), marks = {} }
end

function kinds.reasoning(item)
  if item.text == '' then
    return { lines = {}, marks = {} }
  end
  return { lines = vim.list_extend({ '✻ Thinking' }, split(item.text)), marks = {} }
end

function kinds.toolCall(item)
  local text = one_line(item.title)
  local unlucky = item.status == 'failed' or item.status == 'rejected'
  local why = unlucky and item.output and item.output.text:match('[^\n]+')
  if why and why:sub(-1) == ':' then
    why = item.output.text:match('[^\n]+\n+[^\n]+') or why
  end
  if why then
    text = ('%s: %s'):format(text, one_line(why, 160))
  end
  return signed(tool_signs[item.status] or tool_signs.pending, text)
end

function kinds.plan(item)
  local status = { proposed = 'Plan', approved = 'Plan (approved)', rejected = 'Plan (rejected)' }
  local out = { lines = {}, marks = {} }
  add(out, status[item.status] or 'Plan', 'CoworkerQuestion')
  add(out, M.escape(item.summary))
  for at, step in ipairs(item.steps) do
    add(out, ('%d. %s'):format(at, one_line(step)))
  end
  return out
end

--- The answers to a question and their keys.
---@type table<coworker.Decision, string>
M.keys = { once = 'a', saveAndRun = 'S', session = 's', always = 'A', reject = 'r' }

-- Answers that what was asked about shows by its own state. What was granted for longer, or
-- refused with words of the user's, is said.
---@param approval coworker.Approval
---@return boolean
local function goes_without_saying(approval)
  local answer = approval.answer
  if not answer or answer.decision ~= 'reject' then
    return answer ~= nil and answer.decision == 'once'
  end
  local kind = approval.subject.kind
  return kind == 'changes' or (kind == 'plan' and not answer.reason)
end

-- What the user answered to the agent's own questions.
---@param approval coworker.Approval
---@return coworker.Lines
local function answered(approval)
  local out = { lines = {}, marks = {} }
  for at, question in ipairs(approval.subject.questions) do
    local answer = (approval.answer.answers or {})[at] or {}
    local words = vim.list_extend({}, answer.chosen or {})
    table.insert(words, answer.text)
    local said = #words > 0 and table.concat(words, ', ') or 'no answer'
    append(out, signed({ '?', 'CoworkerDim' }, one_line(question.text), 'CoworkerDim'))
    add(out, '  ' .. one_line(said))
  end
  return out
end

function kinds.approval(item)
  local says = item.answer and item.answer.decision == 'once'
  if says and item.subject.kind == 'questions' then
    return answered(item)
  elseif goes_without_saying(item) then
    return { lines = {}, marks = {} }
  elseif item.answer then
    local answer = item.answer
    local allowed = answer.decision ~= 'reject' and answer.decision ~= 'withdrawn'
    local text = ('%s: %s'):format(decided[answer.decision] or 'Answered', one_line(item.title))
    if answer.reason then
      text = ('%s (%s)'):format(text, one_line(answer.reason))
    end
    return signed(allowed and tool_signs.completed or tool_signs.rejected, text, 'CoworkerDim')
  end
  local out = signed({ '?', 'CoworkerQuestion' }, one_line(item.title), 'CoworkerQuestion')
  add(out, '  ' .. one_line(item.why), 'CoworkerDim')
  for _, option in ipairs(item.options) do
    local key = M.keys[option.decision]
    if key then
      table.insert(out.marks, { #out.lines, 2, 2 + #key, 'CoworkerKey' })
      table.insert(out.lines, ('  %s %s'):format(key, one_line(option.label)))
    end
  end
  return out
end

-- In the order they are told when the hunks of a file stand differently.
---@type string[]
local hunk_states = { 'pending', 'accepted', 'applied', 'kept', 'rejected', 'undone', 'conflicted' }

--- Why a hunk of a file stands as it does, in one line: the file is named already.
---@param root string
---@param path string
---@param reason string
---@return string
function M.why(root, path, reason)
  local short = reason:gsub('^`' .. vim.pesc(path) .. '`', 'it'):gsub(vim.pesc(root .. '/'), '')
  return M.one_line(short, 160)
end

-- Where the hunks of a file stand: in one word if it is the same for all, else counted. Behind each
-- state stands why, or what the user said to the first hunk of which that is known.
---@param file coworker.FileChange
---@param root string
---@return string kind The state whose sign is shown: what went wrong before what went well.
---@return string words
local function standing(file, root)
  local counts, reasons = {}, {}
  for _, hunk in ipairs(file.hunks) do
    local kind = hunk.state.kind
    counts[kind] = (counts[kind] or 0) + 1
    reasons[kind] = reasons[kind] or hunk.state.reason or hunk.comment
  end
  local kinds_there = vim.tbl_filter(function(kind)
    return counts[kind] ~= nil
  end, hunk_states)
  local is_one = #kinds_there == 1
  local words = vim.tbl_map(function(kind)
    local what = is_one and kind or ('%d %s'):format(counts[kind], kind)
    local why = reasons[kind] and M.why(root, file.path, reasons[kind])
    return why and (is_one and '%s: %s' or '%s (%s)'):format(what, why) or what
  end, kinds_there)
  local waits = counts.pending or counts.accepted
  local sign = counts.conflicted and not waits and 'conflicted' or kinds_there[1] or 'pending'
  return sign, #words > 0 and table.concat(words, ', ') or 'pending'
end

function kinds.changeSet(item, root)
  local out = { lines = {}, marks = {} }
  local signs = {
    pending = tool_signs.pending,
    accepted = tool_signs.running,
    applied = tool_signs.completed,
    kept = tool_signs.completed,
    rejected = tool_signs.rejected,
    undone = tool_signs.cancelled,
    conflicted = tool_signs.failed,
  }
  for _, file in ipairs(item.files) do
    local added, removed = 0, 0
    for line in file.diff:gmatch('[^\n]+') do
      if not (line:find('^%+%+%+ ') or line:find('^%-%-%- ')) then
        added = added + (line:sub(1, 1) == '+' and 1 or 0)
        removed = removed + (line:sub(1, 1) == '-' and 1 or 0)
      end
    end
    local state, words = standing(file, root)
    local what = ('%s +%d −%d'):format(relative(file.path, root), added, removed)
    if file.kind == 'move' then
      what = ('%s → %s'):format(relative(file.path, root), relative(file.to, root))
    elseif file.kind == 'delete' then
      what = ('%s deleted, −%d'):format(relative(file.path, root), removed)
    end
    local text = ('%s, %s'):format(what, words)
    local one = signed(signs[state] or tool_signs.completed, one_line(text))
    append(out, one)
    for _, fault in ipairs(state == 'pending' and file.syntaxErrors or {}) do
      local place = ('  %d:%d %s'):format(fault.line, fault.column, one_line(fault.message, 160))
      add(out, place, 'CoworkerBad')
    end
  end
  return out
end

function kinds.todos(item)
  local done, now = 0, nil
  for _, todo in ipairs(item.todos) do
    done = done + (todo.status == 'completed' and 1 or 0)
    now = todo.status == 'in_progress' and todo.activeForm or now
  end
  local text = ('%d of %d done'):format(done, #item.todos)
  return signed({ '≡', 'CoworkerDim' }, now and ('%s, %s'):format(text, one_line(now)) or text)
end

function kinds.notice(item)
  local sign = item.code == 'cancelled' and stopped or notice_signs[item.level] or notice_signs.info
  return signed(sign, M.escape(item.text), 'CoworkerDim')
end

function kinds.compaction(item)
  local what = item.summary and 'The conversation before this was summed up for the model'
    or 'Earlier results of tools are no longer sent to the model'
  local text = ('%s: about %d tokens became %d.'):format(what, item.tokensBefore, item.tokensAfter)
  return signed(notice_signs.info, text, 'CoworkerDim')
end

--- An item as lines; no lines for a kind that this plugin does not know.
---@param item coworker.Item
---@param root string Paths are shown relative to it.
---@return coworker.Lines
function M.item(item, root)
  local kind = kinds[item.kind]
  return kind and kind(item, root) or { lines = {}, marks = {} }
end

--- The todo list as lines.
---@param todos coworker.Todo[]
---@return coworker.Lines
function M.todos(todos)
  local out = { lines = {}, marks = {} }
  for _, todo in ipairs(todos) do
    local sign = todo_signs[todo.status] or todo_signs.pending
    local text = todo.status == 'in_progress' and todo.activeForm or todo.content
    local one = signed(sign, one_line(text), sign[3])
    append(out, one)
  end
  return out
end

---@param effect coworker.Effect
---@return string
local function effect_lines(effect)
  if effect.kind == 'run' then
    return ('Run in %s:\n\n%s'):format(one_line(effect.folder), M.escape(effect.command))
  elseif effect.kind == 'write' then
    return 'Write ' .. one_line(effect.path)
  elseif effect.kind == 'read' then
    return 'Read ' .. one_line(effect.path)
  elseif effect.kind == 'delete' then
    return 'Delete ' .. one_line(effect.path)
  elseif effect.kind == 'move' then
    return ('Move %s\nto %s'):format(one_line(effect.from), one_line(effect.to))
  end
  return 'Begin with the plan'
end

-- Whether an answer would be remembered for more, or for something else, than what is shown.
---@param rule coworker.Rule
---@param effects coworker.Effect[]
---@return boolean
local function is_wider(rule, effects)
  return not vim.iter(effects):any(function(effect)
    return vim.deep_equal(effect, rule.allow)
  end)
end

---@param rule coworker.Rule
---@return string
local function rule_line(rule)
  local effect = rule.allow
  if effect.kind == 'run' then
    return ('run `%s` in %s'):format(one_line(effect.command), one_line(effect.folder))
  elseif effect.kind == 'move' then
    return ('move %s to %s'):format(one_line(effect.from), one_line(effect.to))
  end
  return effect.path and ('%s %s'):format(effect.kind, one_line(effect.path)) or effect.kind
end

--- All of a question: what would happen, why it is asked, and the answers.
---@param approval coworker.Approval
---@param plan? coworker.Plan The plan that it is about.
---@return coworker.Lines
function M.question(approval, plan)
  local out = { lines = {}, marks = {} }
  if plan then
    add(out, M.escape(plan.summary), 'CoworkerQuestion')
    for at, step in ipairs(plan.steps) do
      add(out, ('%d. %s'):format(at, one_line(step)))
    end
    add(out, '')
  else
    add(out, one_line(approval.title), 'CoworkerQuestion')
    add(out, '')
  end
  local effects = approval.subject.effects or {}
  for _, effect in ipairs(effects) do
    local lines = effect_lines(effect)
    if lines ~= out.lines[1] then
      add(out, lines)
      add(out, '')
    end
  end
  for _, question in ipairs(approval.subject.questions or {}) do
    add(out, M.escape(question.text), 'CoworkerNow')
    for _, choice in ipairs(question.choices or {}) do
      local described = choice.description and choice.description ~= ''
      local text = described and ('%s: %s'):format(choice.label, choice.description) or choice.label
      add(out, '  · ' .. one_line(text))
    end
    add(out, '')
  end
  local unsaved = approval.subject.unsaved or {}
  if #unsaved > 0 then
    add(out, 'Not saved, and so not seen by the command:', 'CoworkerRunning')
    for _, path in ipairs(unsaved) do
      add(out, '  ' .. one_line(path))
    end
    add(out, '')
  end
  add(out, one_line(approval.why), 'CoworkerDim')
  add(out, '')
  for _, option in ipairs(approval.options) do
    local key = M.keys[option.decision]
    if key then
      add(out, ('%s  %s'):format(key, one_line(option.label)))
      table.insert(out.marks, { #out.lines - 1, 0, #key, 'CoworkerKey' })
      for _, rule in ipairs(option.rules or {}) do
        if is_wider(rule, effects) then
          add(out, '   remembers: ' .. rule_line(rule), 'CoworkerDim')
        end
      end
    end
  end
  add(out, 'q  Decide later')
  table.insert(out.marks, { #out.lines - 1, 0, 1, 'CoworkerKey' })
  return out
end

--- More than the chat shows of an item: what went into a tool call and what came out of it, and
--- the differences that a change set makes.
---@param item coworker.Item
---@return string[] lines, string? filetype
function M.details(item)
  if item.kind == 'changeSet' then
    local diffs = vim.tbl_map(function(file)
      return vim.trim(file.diff)
    end, item.files)
    return split(table.concat(diffs, '\n')), 'diff'
  elseif item.kind ~= 'toolCall' then
    return {}
  end
  local input = type(item.input) == 'string' and item.input or vim.json.encode(item.input)
  local lines = split(('%s\n\n%s %s'):format(item.title, item.name, input))
  if item.output and item.output.text ~= '' then
    table.insert(lines, '')
    vim.list_extend(lines, split(item.output.text))
  end
  for _, image in ipairs(item.output and item.output.images or {}) do
    table.insert(lines, ('%s (%s, %d bytes)'):format(image.path, image.mediaType, image.bytes))
  end
  return lines
end

return M
