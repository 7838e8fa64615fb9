--- The float that shows a whole question: a command, a path, a plan. It comes up without the
--- focus, so no key that the user is typing can answer it.

local approvals = require('coworker.approvals')
local chat = require('coworker.chat')
local pane = require('coworker.pane')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

local namespace = vim.api.nvim_create_namespace('coworker.question')

---@class coworker.Float
---@field question coworker.OpenQuestion
---@field win integer
---@field buf integer

---@type coworker.Float?
local float

---@param question coworker.OpenQuestion
---@return coworker.Plan?
local function plan_of(question)
  local subject = question.approval.subject
  if subject.kind == 'plan' then
    return question.conversation.fold:item(subject.itemId) --[[@as coworker.Plan?]]
  end
end

--- Closes the float.
function M.close()
  local old = float
  float = nil
  if old and vim.api.nvim_win_is_valid(old.win) then
    vim.api.nvim_win_close(old.win, true)
  end
end

---@param question coworker.OpenQuestion
---@return integer buf
local function fill(question)
  local drawn = render.question(question.approval, plan_of(question))
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.b[buf].coworker_root = question.conversation.root
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, drawn.lines)
  pane.highlight(buf, namespace, 0, drawn.marks)
  vim.bo[buf].modifiable = false
  for decision, key in pairs(render.keys) do
    pane.map(buf, key, decision, function()
      approvals.answer_by_key(question, decision)
    end)
  end
  pane.map(buf, 'q', 'decide later', M.close)
  return buf
end

-- The whole question is in the float; where it is taller than the screen, the footer says so.
---@param win integer
---@param entered boolean
local function fit(win, entered)
  local room = math.max(3, vim.o.lines - vim.o.cmdheight - 6)
  local wanted = vim.api.nvim_win_text_height(win, {}).all
  local hints = {}
  if wanted > room then
    table.insert(hints, ('%d lines, scroll to read all'):format(wanted))
  end
  if not entered then
    table.insert(hints, ':CoworkerReview goes here')
  end
  local footer = #hints > 0 and (' %s '):format(table.concat(hints, ' · ')) or ''
  vim.api.nvim_win_set_config(win, {
    height = math.min(wanted, room),
    footer = footer,
    footer_pos = 'right',
  })
end

--- Shows a question.
---@param question coworker.OpenQuestion
---@param enter boolean Whether the cursor goes there, so that its keys answer.
function M.open(question, enter)
  if float and float.question.id == question.id and vim.api.nvim_win_is_valid(float.win) then
    if enter then
      vim.api.nvim_set_current_win(float.win)
      fit(float.win, true)
    end
    return
  end
  M.close()
  local buf = fill(question)
  local beside = chat.window(question.conversation.root)
  local width = math.max(30, (beside and vim.api.nvim_win_get_width(beside) or 64) - 4)
  local win = vim.api.nvim_open_win(buf, enter, {
    relative = 'editor',
    anchor = 'SE',
    row = vim.o.lines - vim.o.cmdheight - 1,
    col = vim.o.columns,
    width = math.min(width, vim.o.columns - 4),
    height = 3,
    border = 'rounded',
    style = 'minimal',
    title = ' Coworker asks ',
  })
  -- A command is broken where the line is full, so that each of its characters is where it is.
  local is_prose = #(question.approval.subject.effects or {}) == 0
  pane.set_options(win, { wrap = true, linebreak = is_prose, breakindent = is_prose })
  fit(win, enter)
  float = { question = question, win = win, buf = buf }
  approvals.shown(question.id, true)
end

--- The buffer of the float that is open.
---@return integer?
function M.buffer()
  return float and vim.api.nvim_buf_is_valid(float.buf) and float.buf or nil
end

sessions.subscribe(function()
  if float and not approvals.waits(float.question) then
    M.close()
  end
end)

return M
