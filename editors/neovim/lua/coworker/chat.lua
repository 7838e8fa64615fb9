--- The chat pane: a conversation as text, one pane for each root.
---
--- Each item is a block of lines, and blocks only ever come at the end. Streamed text is appended
--- to its block; nothing else of the buffer is touched, so that a long chat costs no more than a
--- short one.

local approvals = require('coworker.approvals')
local client = require('coworker.client')
local pane = require('coworker.pane')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')
local status = require('coworker.status')

local M = {}

local REDRAW_MS = 50 -- at most 20 redraws a second
local namespace = vim.api.nvim_create_namespace('coworker.chat')

-- What stands before the text of a line, so that the text is aligned where it is wrapped: list
-- marks, signs, and the keys of answers.
local LIST_PATTERN = [[^\s*\(\d\+[.)]\|[-*+›○◐✓✗⊘■≡?!⋯]\)\s\+\|^\s\s[aSsAr]\s]]

---@class coworker.Block
---@field id string The item's.
---@field count integer Lines, the separating one included.
---@field shape? 'text'|'line' None while there is nothing to show.
---@field gap integer Separating lines above.
---@field shown? string The streamed text that is on the screen.
---@field mark? integer The extmark that dims reasoning.
---@field folded? boolean

---@class coworker.Chat
---@field root string
---@field buf integer
---@field blocks coworker.Block[]
---@field at table<string, integer> Where each item's block stands.
---@field dirty table<string, true> The items that changed since they were drawn.
---@field told table<string, true> The tool calls that another item tells all of.
---@field head integer Lines above the first item.
---@field tail integer Lines of the status at the end.
---@field redraw fun()
local Chat = {}
Chat.__index = Chat

---@type table<string, coworker.Chat>
local chats = {}

---@param text string
---@return string
local function without_end(text)
  local last = #text
  while last > 0 and text:byte(last) <= 32 do
    last = last - 1
  end
  return text:sub(1, last)
end

---@return coworker.Fold?
function Chat:fold()
  local conversation = sessions.current(self.root)
  return conversation and conversation.fold
end

--- The first row of a block, counted from the end, where nearly all changes are.
---@private
---@param at integer
---@return integer
function Chat:row_of(at)
  local row = vim.api.nvim_buf_line_count(self.buf) - self.tail
  for i = #self.blocks, at, -1 do
    row = row - self.blocks[i].count
  end
  return row
end

---@private
---@param at integer
---@return integer
function Chat:gap_above(at, shape)
  for i = at - 1, 1, -1 do
    local above = self.blocks[i].shape
    if above then
      return (above == 'line' and shape == 'line') and 0 or 1
    end
  end
  return 0
end

---@private
---@param block coworker.Block
---@param row integer
function Chat:dim(block, row)
  local last = row + block.count - 1
  local length = #vim.api.nvim_buf_get_lines(self.buf, last, last + 1, true)[1]
  block.mark = vim.api.nvim_buf_set_extmark(self.buf, namespace, row + block.gap, 0, {
    id = block.mark,
    end_row = last,
    end_col = length,
    hl_group = 'CoworkerReasoning',
    priority = 200,
  })
end

-- Tool calls of which another item tells more: lists, plans, the edits of a change set, and
-- what the user rejected.
---@private
---@param item coworker.Item
---@return boolean
function Chat:is_told_elsewhere(item)
  if item.kind ~= 'toolCall' then
    return false
  end
  local has_item = item.name == 'todoWrite' or item.name == 'plan'
  return self.told[item.id] or (has_item and item.status ~= 'failed')
end

--- Draws a block from its beginning.
---@private
---@param at integer
---@param item coworker.Item
function Chat:draw(at, item)
  local block = self.blocks[at]
  local streamed = item.kind == 'agentMessage' or item.kind == 'reasoning'
  if streamed then
    item = vim.tbl_extend('force', item, { text = without_end(item.text) })
  end
  local drawn = (item.aside or self:is_told_elsewhere(item)) and { lines = {}, marks = {} }
    or render.item(item, self.root)
  local row = self:row_of(at)
  local lines = {}
  block.shape, block.gap = nil, 0
  if #drawn.lines > 0 then
    block.shape = render.shape[item.kind] or 'line'
    block.gap = self:gap_above(at, block.shape)
    lines = vim.list_extend(block.gap > 0 and { '' } or {}, drawn.lines)
  end
  vim.api.nvim_buf_clear_namespace(self.buf, namespace, row, row + block.count)
  vim.api.nvim_buf_set_lines(self.buf, row, row + block.count, true, lines)
  block.count = #lines
  block.shown = streamed and #lines > 0 and item.text or nil
  block.mark = nil
  pane.highlight(self.buf, namespace, row + block.gap, drawn.marks)
  if item.kind == 'reasoning' and #lines > 0 then
    self:dim(block, row)
  end
end

--- Appends streamed text to its block.
---@private
---@param at integer
---@param item coworker.Item
---@param text string
function Chat:append(at, item, text)
  local block = self.blocks[at]
  local lines = vim.split(text:sub(#block.shown + 1), '\n', { plain = true })
  local row = self:row_of(at)
  local last = row + block.count - 1
  local length = #vim.api.nvim_buf_get_lines(self.buf, last, last + 1, true)[1]
  vim.api.nvim_buf_set_text(self.buf, last, length, last, length, lines)
  block.count = block.count + #lines - 1
  block.shown = text
  if item.kind == 'reasoning' then
    self:dim(block, row)
  end
end

---@private
---@param at integer
---@param item coworker.Item
function Chat:update(at, item)
  local block = self.blocks[at]
  if block.shown and not item.aside then
    local text = without_end(item.text)
    if vim.startswith(text, block.shown) then
      if #text > #block.shown then
        self:append(at, item, text)
      end
      return
    end
  end
  self:draw(at, item)
end

-- What the model in use is, as the server describes it, above the first item.
---@private
---@param fold coworker.Fold
function Chat:draw_head(fold)
  local said = sessions.describe_model(self.root)
  local lines = said and #fold.items > 0 and { render.one_line(said), '' } or {}
  if vim.deep_equal(lines, vim.api.nvim_buf_get_lines(self.buf, 0, self.head, true)) then
    return
  end
  vim.api.nvim_buf_set_lines(self.buf, 0, self.head, true, lines)
  self.head = #lines
  if #lines > 0 then
    pane.highlight(self.buf, namespace, 0, { { 0, 0, #lines[1], 'CoworkerDim' } })
  end
end

-- Whether a notice of the conversation says why the turn ended as it did.
---@param fold coworker.Fold
---@return boolean
local function is_explained(fold)
  local last = fold.items[#fold.items]
  return last ~= nil and last.kind == 'notice'
end

--- The lines below the last item: what the session is doing, and what waits.
---@private
---@param fold? coworker.Fold
---@return coworker.Lines
function Chat:tail_lines(fold)
  local out = { lines = { '' }, marks = {} }
  local function add(text, highlight)
    for _, line in ipairs(vim.split(text, '\n', { plain = true })) do
      table.insert(out.lines, line)
      table.insert(out.marks, { #out.lines - 1, 0, #line, highlight })
    end
  end
  local server = client.server(self.root)
  if server and server.phase == 'stopped' and server.ended then
    add(server.ended, 'CoworkerBad')
  elseif not fold or #fold.items == 0 then
    add('Press i to ask, or select lines and use :CoworkerAsk. g? shows the keys.', 'CoworkerDim')
  elseif fold.status.state == 'running' and not approvals.next(self.root) then
    add('Working…', 'CoworkerDim')
  elseif fold.status.stopReason == 'error' and not is_explained(fold) then
    add(
      '✗ ' .. (fold.status.error and fold.status.error.message or 'The turn failed'),
      'CoworkerBad'
    )
  end
  for _, prompt in ipairs(fold and fold.queue or {}) do
    local sign = prompt.steer and '↳ ' or '⋯ '
    add(sign .. render.one_line(prompt.message.text), 'CoworkerDim')
  end
  return out
end

---@private
---@param fold? coworker.Fold
function Chat:draw_tail(fold)
  local tail = self:tail_lines(fold)
  local row = vim.api.nvim_buf_line_count(self.buf) - self.tail
  vim.api.nvim_buf_clear_namespace(self.buf, namespace, row, -1)
  vim.api.nvim_buf_set_lines(self.buf, row, -1, true, tail.lines)
  self.tail = #tail.lines
  pane.highlight(self.buf, namespace, row, tail.marks)
end

-- Notes which tool calls this item tells all of, so that they are drawn anew, without a line.
---@private
---@param item? coworker.Item
function Chat:note_told(item)
  local function note(id)
    if not self.told[id] then
      self.told[id] = true
      self.dirty[id] = true
    end
  end
  if item and item.kind == 'changeSet' then
    for _, file in ipairs(item.files) do
      for _, hunk in ipairs(file.hunks) do
        note(hunk.itemId)
      end
    end
  elseif item and item.kind == 'approval' and item.subject.kind == 'toolCall' then
    if item.answer and item.answer.decision == 'reject' then
      note(item.subject.itemId)
    end
  end
end

-- A block that has gone or come changes whether the next one stands apart.
---@private
---@param fold coworker.Fold
---@param at integer
function Chat:draw_gap_below(fold, at)
  for below = at + 1, #self.blocks do
    local block = self.blocks[below]
    if block.shape then
      if block.gap ~= self:gap_above(below, block.shape) then
        self:draw(below, fold:item(block.id) --[[@as coworker.Item]])
      end
      return
    end
  end
end

---@private
---@param fold coworker.Fold
function Chat:draw_items(fold)
  for at = #self.blocks + 1, #fold.items do
    self:note_told(fold.items[at])
  end
  for _, id in ipairs(vim.tbl_keys(self.dirty)) do
    self:note_told(fold:item(id))
  end
  for id in pairs(self.dirty) do
    local at = self.at[id]
    local item = at and fold:item(id)
    if item then
      local was_shown = self.blocks[at].shape ~= nil
      self:update(at, item)
      if was_shown ~= (self.blocks[at].shape ~= nil) then
        self:draw_gap_below(fold, at)
      end
    end
  end
  self.dirty = {}
  for at = #self.blocks + 1, #fold.items do
    local item = fold:item(fold.items[at].id) --[[@as coworker.Item]]
    self.blocks[at] = { id = item.id, count = 0, gap = 0 }
    self.at[item.id] = at
    self:draw(at, item)
  end
end

--- Folds reasoning that will not grow any more.
---@private
---@param fold coworker.Fold
---@param win integer
---@param all boolean Also what is folded in another window.
function Chat:fold_reasoning(fold, win, all)
  for at, block in ipairs(self.blocks) do
    local item = fold.items[at]
    if item.kind == 'reasoning' and not fold.open[item.id] and block.count > block.gap then
      if all or not block.folded then
        local row = self:row_of(at)
        block.folded = true
        vim.api.nvim_win_call(win, function()
          vim.cmd(('silent %d,%dfold'):format(row + block.gap + 1, row + block.count))
        end)
      end
    end
  end
end

---@return integer[]
function Chat:windows()
  return vim.fn.win_findbuf(self.buf)
end

-- A window whose cursor is at the end shows the end, however the lines are wrapped now.
---@param win integer
function Chat:keep_end(win)
  local last = vim.api.nvim_buf_line_count(self.buf)
  if vim.api.nvim_win_get_cursor(win)[1] == last then
    vim.api.nvim_win_call(win, function()
      vim.cmd('silent! normal! zb')
    end)
  end
end

--- Draws all that has changed, and keeps the windows at the end that were there.
function Chat:draw_changes()
  if not vim.api.nvim_buf_is_valid(self.buf) then
    return
  end
  local following = {}
  local last = vim.api.nvim_buf_line_count(self.buf)
  for _, win in ipairs(self:windows()) do
    following[win] = vim.api.nvim_win_get_cursor(win)[1] >= last
  end
  local fold = self:fold()
  pane.write(self.buf, function()
    if fold then
      self:draw_items(fold)
      self:draw_head(fold)
    end
    self:draw_tail(fold)
  end)
  last = vim.api.nvim_buf_line_count(self.buf)
  local length = #vim.api.nvim_buf_get_lines(self.buf, last - 1, last, true)[1]
  for win, follows in pairs(following) do
    if fold then
      self:fold_reasoning(fold, win, false)
    end
    if follows then
      vim.api.nvim_win_set_cursor(win, { last, length })
    end
    pane.set_options(win, { winbar = status.winbar(self.root) })
  end
  for _, question in ipairs(#self:windows() > 0 and approvals.open(self.root) or {}) do
    approvals.shown(question.id)
  end
end

--- Forgets what is drawn and draws the conversation from its beginning.
---@private
function Chat:reset()
  self.blocks, self.at, self.dirty, self.told = {}, {}, {}, {}
  pane.write(self.buf, function()
    vim.api.nvim_buf_clear_namespace(self.buf, namespace, 0, -1)
    vim.api.nvim_buf_set_lines(self.buf, 0, -1, true, { '' })
    for _, win in ipairs(self:windows()) do
      vim.api.nvim_win_call(win, function()
        vim.cmd('silent! normal! zE')
      end)
    end
  end)
  self.head, self.tail = 0, 1
end

--- The item under the cursor.
---@private
---@return coworker.Item?
function Chat:item_under_cursor()
  local row = vim.api.nvim_win_get_cursor(0)[1]
  local fold = self:fold()
  local last = self.head
  for _, block in ipairs(self.blocks) do
    last = last + block.count
    if fold and row <= last then
      return fold:item(block.id)
    end
  end
end

---@private
function Chat:show_details()
  local item = self:item_under_cursor()
  local lines, filetype = {}, nil
  if item then
    lines, filetype = render.details(item)
  end
  if #lines > 0 then
    vim.lsp.util.open_floating_preview(lines, filetype or '', {
      border = 'rounded',
      wrap = true,
      focus_id = 'coworker.details',
      max_height = math.floor(vim.o.lines * 0.6),
    })
  end
end

local keys = {
  'i, o, <CR>  ask',
  'a           approve once',
  'S           save, then approve once',
  's           approve for this session',
  'A           approve always',
  'r           reject, with a reason',
  'p           show what waits',
  'gq          change the prompts that wait',
  'gs          tell the running turn something',
  'K           details of this line',
  'za          open or close reasoning',
  'R           restart the server',
  '<C-c>       stop the turn',
  'q           close this pane',
}

---@private
function Chat:map_keys()
  local api = require('coworker')
  local function map(key, what, run)
    pane.map(self.buf, key, what, run)
  end
  for _, key in ipairs({ 'i', 'o', '<CR>' }) do
    map(key, 'ask', function()
      api.ask('', { root = self.root, context = {} })
    end)
  end
  for decision, key in pairs(render.keys) do
    map(key, decision, function()
      local question = approvals.next(self.root)
      if not question then
        vim.api.nvim_echo({ { 'Nothing waits for an answer.' } }, false, {})
      elseif decision ~= 'reject' and question.approval.subject.kind == 'changes' then
        -- Nobody says yes to a change by a key before they have seen it.
        api.review()
      else
        approvals.answer_by_key(question, decision)
      end
    end)
  end
  map('p', 'review', api.review)
  map('gq', 'queue', api.queue)
  map('gs', 'steer', function()
    api.ask('', { root = self.root, context = {}, steer = true })
  end)
  map('K', 'details', function()
    self:show_details()
  end)
  map('R', 'restart', api.restart)
  map('<C-c>', 'stop', api.stop)
  map('q', 'close', function()
    M.close(self.root)
  end)
  map('g?', 'keys', function()
    vim.lsp.util.open_floating_preview(keys, '', { border = 'rounded', title = ' Chat ' })
  end)
end

---@param root string
---@return coworker.Chat
local function chat_of(root)
  local chat = chats[root]
  if chat and vim.api.nvim_buf_is_valid(chat.buf) then
    return chat
  end
  chat = setmetatable({
    root = root,
    buf = pane.buffer('coworker://chat' .. root, root, 'markdown'),
    blocks = {},
    at = {},
    dirty = {},
    told = {},
    head = 0,
    tail = 1,
  }, Chat)
  chat.redraw = pause.coalesce(REDRAW_MS, function()
    chat:draw_changes()
  end)
  chats[root] = chat
  -- By syntax rules and not by tree-sitter, which loses inline marks of text that is streamed.
  vim.api.nvim_buf_call(chat.buf, function()
    vim.bo.syntax = 'markdown'
    local marks = [[matchgroup=CoworkerDim start=/`\ze[^`]/ end=/`/]]
    vim.cmd('syntax region CoworkerCode ' .. marks .. ' oneline keepend concealends')
  end)
  vim.bo[chat.buf].formatlistpat = LIST_PATTERN
  chat:map_keys()
  vim.api.nvim_create_autocmd('WinResized', {
    desc = 'Keep the end of the chat in view',
    callback = function()
      if not vim.api.nvim_buf_is_valid(chat.buf) then
        return true
      end
      for _, win in ipairs(vim.v.event.windows) do
        if vim.api.nvim_win_is_valid(win) and vim.api.nvim_win_get_buf(win) == chat.buf then
          chat:keep_end(win)
        end
      end
    end,
  })
  chat:draw_changes()
  return chat
end

--- The text of a closed fold in the chat pane.
---@return string
function M.foldtext()
  local lines = vim.v.foldend - vim.v.foldstart
  return ('✻ Thought, %d %s'):format(lines, lines == 1 and 'line' or 'lines')
end

--- The chat pane's window in this tab page.
---@param root string
---@return integer?
function M.window(root)
  local chat = chats[root]
  return chat and vim.api.nvim_buf_is_valid(chat.buf) and pane.window(chat.buf) or nil
end

--- Opens the chat pane on the right.
---@param root string
---@param enter boolean Whether the cursor goes there.
---@return integer win
function M.open(root, enter)
  local chat = chat_of(root)
  local win = pane.window(chat.buf)
  if win then
    if enter then
      vim.api.nvim_set_current_win(win)
    end
    return win
  end
  local wanted = math.max(40, math.min(100, math.floor(vim.o.columns * 0.42)))
  win = vim.api.nvim_open_win(chat.buf, enter, {
    split = 'right',
    win = -1,
    width = math.min(wanted, math.floor(vim.o.columns * 0.6)),
  })
  pane.set_options(win, pane.window_options)
  pane.set_options(win, {
    conceallevel = 2,
    foldenable = true,
    foldlevel = 0,
    foldmethod = 'manual',
    foldminlines = 0,
    foldtext = "v:lua.require'coworker.chat'.foldtext()",
    winbar = status.winbar(root),
    winfixwidth = true,
    breakindentopt = 'list:-1',
  })
  local fold = chat:fold()
  if fold then
    chat:fold_reasoning(fold, win, true)
  end
  vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(chat.buf), 0 })
  return win
end

--- Shows the end of the chat in this tab page.
---@param root string
function M.show_end(root)
  local win = M.window(root)
  if win then
    vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(chats[root].buf), 0 })
    chats[root]:keep_end(win)
  end
end

--- Closes the chat pane in this tab page.
---@param root string
function M.close(root)
  local win = M.window(root)
  if win and #vim.api.nvim_tabpage_list_wins(0) > 1 then
    vim.api.nvim_win_close(win, false)
  end
end

--- The buffer of the chat pane, once there is one.
---@param root string
---@return integer?
function M.buffer(root)
  return chats[root] and chats[root].buf
end

sessions.subscribe(function(root, _, event)
  local chat = chats[root]
  if not (chat and vim.api.nvim_buf_is_valid(chat.buf)) then
    return
  end
  if event.kind == 'reset' then
    chat:reset()
  elseif event.kind == 'update' then
    local update = event.update
    local id = update.itemId or (update.item and update.item.id)
    if id then
      chat.dirty[id] = true
    end
    if update.kind == 'setAside' then
      local fold = chat:fold()
      for _, item in ipairs(fold and fold:stretch(update.stretch) or {}) do
        chat.dirty[item.id] = true
      end
    end
  end
  chat.redraw()
end)

approvals.subscribe(function(question)
  local chat = chats[question.conversation.root]
  if chat then
    chat.redraw()
  end
end)

return M
