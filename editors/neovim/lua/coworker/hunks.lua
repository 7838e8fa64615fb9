--- The agent's hunks where they stand in the buffers: what waits for a decision is drawn in place,
--- what is applied and not yet kept has a sign. The server knows where they stand; between its
--- answers their marks move with the text.

local client = require('coworker.client')
local edit = require('coworker.edit')
local pause = require('coworker.pause')
local sessions = require('coworker.sessions')

local M = {}

local REFRESH_MS = 200

local namespace = vim.api.nvim_create_namespace('coworker.hunks')

--- A hunk, and the rows it is about, counted from 0, the end not included.
---@class coworker.Standing
---@field hunk coworker.PlacedHunk
---@field first integer
---@field last integer

---@type table<integer, table<integer, coworker.PlacedHunk>> by buffer and mark
local marked = {}
---@type table<integer, integer> how many new lines are drawn above the first one, by buffer
local above_first = {}
---@type table<integer, fun()> by buffer
local refreshers = {}
---@type integer? the buffer whose pending hunks are shown beside it
local previewed

---@param hunk coworker.PlacedHunk
---@return boolean
function M.is_pending(hunk)
  return hunk.state.kind == 'pending' or hunk.state.kind == 'accepted'
end

---@param range coworker.Range whole lines
---@return integer first, integer last
local function rows_of(range)
  local to = range['end']
  return range.start.line, to.character > 0 and to.line + 1 or to.line
end

--- The lines of a text as a buffer has them.
---@param text string
---@param is_dos? boolean Whether the 'fileformat' is so, which takes the line ends of DOS.
---@return string[]
function M.lines_of(text, is_dos)
  local lines = vim.split(is_dos and text:gsub('\r\n', '\n') or text, '\n', { plain = true })
  if lines[#lines] == '' then
    table.remove(lines)
  end
  return lines
end

-- Lines above the first one are only seen where the window makes room for them. Neovim takes that
-- room away when it scrolls, and does not give it back.
---@param buf integer
local function make_room_above(buf)
  local count = above_first[buf] or 0
  for _, win in ipairs(count > 0 and vim.fn.win_findbuf(buf) or {}) do
    vim.api.nvim_win_call(win, function()
      if vim.fn.line('w0') == 1 and vim.fn.winsaveview().topfill < count then
        vim.fn.winrestview({ topfill = count })
      end
    end)
  end
end

-- The new lines, below those they come in place of, or between two.
---@param buf integer
---@param standing coworker.Standing
local function draw_new_lines(buf, standing)
  local tab = (' '):rep(vim.bo[buf].tabstop)
  local lines = vim.tbl_map(function(line)
    return { { (line:gsub('\t', tab)), 'CoworkerAdded' } }
  end, M.lines_of(standing.hunk.after, vim.bo[buf].fileformat == 'dos'))
  if #lines == 0 then
    return
  end
  local count = vim.api.nvim_buf_line_count(buf)
  local above = standing.first == standing.last and standing.first < count
  local row = above and standing.first or math.min(standing.last, count) - 1
  vim.api.nvim_buf_set_extmark(buf, namespace, math.max(row, 0), 0, {
    virt_lines = lines,
    virt_lines_above = above,
  })
  if above and row == 0 then
    above_first[buf] = (above_first[buf] or 0) + #lines
    make_room_above(buf)
  end
end

---@param buf integer
---@param standing coworker.Standing
---@param between string The sign of a hunk that has no line.
---@param highlight string
local function draw_signs(buf, standing, between, highlight)
  local last_row = vim.api.nvim_buf_line_count(buf) - 1
  local has_no_line = standing.first == standing.last
  for row = math.min(standing.first, last_row), math.max(standing.last - 1, standing.first) do
    vim.api.nvim_buf_set_extmark(buf, namespace, math.min(row, last_row), 0, {
      sign_text = has_no_line and between or '▎',
      sign_hl_group = highlight,
    })
  end
end

---@param buf integer
---@param standing coworker.Standing
---@param highlight? string
local function mark(buf, standing, highlight)
  local count = vim.api.nvim_buf_line_count(buf)
  local first = math.min(standing.first, count)
  local id = vim.api.nvim_buf_set_extmark(buf, namespace, first, 0, {
    end_row = math.max(first, math.min(standing.last, count)),
    end_col = 0,
    hl_group = highlight,
    hl_eol = highlight ~= nil,
  })
  marked[buf][id] = standing.hunk
end

---@param buf integer
local function clear(buf)
  marked[buf], above_first[buf] = nil, nil
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
end

---@param buf integer
---@param hunks coworker.PlacedHunk[]
local function draw(buf, hunks)
  clear(buf)
  marked[buf] = #hunks > 0 and {} or nil
  for _, hunk in ipairs(hunks) do
    if hunk.range then
      local first, last = rows_of(hunk.range)
      local standing = { hunk = hunk, first = first, last = last }
      if M.is_pending(hunk) and previewed ~= buf then
        mark(buf, standing, 'CoworkerRemoved')
        draw_signs(buf, standing, '+', 'CoworkerQuestion')
        draw_new_lines(buf, standing)
      elseif hunk.state.kind == 'applied' then
        mark(buf, standing, 'CoworkerAdded')
        draw_signs(buf, standing, '▁', 'CoworkerGood')
      elseif hunk.state.kind ~= 'undone' then
        mark(buf, standing)
      end
    end
  end
end

--- Notes where pending hunks would stand in a proposed text, so that they are found there, too.
---@param buf integer the proposed text
---@param hunks coworker.PlacedHunk[] as they stand in the text that it is proposed for
function M.mark_proposed(buf, hunks)
  clear(buf)
  marked[buf] = {}
  local pending = vim.tbl_filter(function(hunk)
    return M.is_pending(hunk) and hunk.range ~= nil
  end, hunks)
  table.sort(pending, function(a, b)
    return a.range.start.line < b.range.start.line
  end)
  local moved = 0
  for _, hunk in ipairs(pending) do
    local first, last = rows_of(hunk.range)
    local length = #M.lines_of(hunk.after)
    mark(buf, { hunk = hunk, first = first + moved, last = first + moved + length })
    moved = moved + length - (last - first)
  end
end

---@param buf integer
local function ask(buf)
  if not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  local root = client.root_of(buf)
  local conversation = sessions.current(root)
  if not conversation or not client.lsp(root) then
    return clear(buf)
  end
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  client.request(root, 'coworker/changes/list', {
    sessionId = conversation.id,
    uri = vim.uri_from_bufnr(buf),
  }, function(result)
    if not vim.api.nvim_buf_is_loaded(buf) or sessions.current(root) ~= conversation then
      return
    end
    if vim.api.nvim_buf_get_changedtick(buf) ~= tick then
      return M.refresh(buf)
    end
    draw(buf, result.hunks)
    -- Nobody asked for this, so nobody is told that it failed; the marks there are stay.
  end, function() end)
end

--- Asks the server where the hunks of a buffer stand, and draws them.
---@param buf integer
function M.refresh(buf)
  refreshers[buf] = refreshers[buf] or pause.coalesce(REFRESH_MS, function()
    ask(buf)
  end)
  refreshers[buf]()
end

--- The buffer whose pending hunks are shown beside it, and not in it; nil for none.
---@param buf integer?
function M.set_previewed(buf)
  local before = previewed
  previewed = buf
  for _, changed in pairs({ before, buf }) do
    if before ~= buf and vim.api.nvim_buf_is_loaded(changed) and marked[changed] then
      M.refresh(changed)
    end
  end
end

--- All hunks that have a place in a buffer, from its top to its end.
---@param buf integer
---@return coworker.Standing[]
function M.all(buf)
  local out = {}
  for _, found in ipairs(vim.api.nvim_buf_get_extmarks(buf, namespace, 0, -1, { details = true })) do
    local hunk = (marked[buf] or {})[found[1]]
    if hunk then
      table.insert(out, { hunk = hunk, first = found[2], last = found[4].end_row })
    end
  end
  return out
end

--- The hunks that touch some lines. One between two lines touches both.
---@param buf integer
---@param from integer the first row, counted from 0
---@param to integer the last row
---@return coworker.PlacedHunk[]
function M.touching(buf, from, to)
  local out = {}
  for _, standing in ipairs(M.all(buf)) do
    local is_between = standing.first == standing.last
    local first = is_between and standing.first - 1 or standing.first
    local last = is_between and standing.last or standing.last - 1
    if first <= to and last >= from then
      table.insert(out, standing.hunk)
    end
  end
  return out
end

--- Puts the cursor on the next hunk that is pending or not yet kept.
---@param step integer 1 for the next one, -1 for the one before
function M.jump(step)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  local count = vim.api.nvim_buf_line_count(0)
  local target
  for _, standing in ipairs(M.all(vim.api.nvim_get_current_buf())) do
    local first = math.min(standing.first, count - 1)
    if M.is_pending(standing.hunk) or standing.hunk.state.kind == 'applied' then
      if step > 0 and first > row then
        target = target or first
      elseif step < 0 and first < row then
        target = first
      end
    end
  end
  if target then
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_cursor(0, { target + 1, 0 })
  end
end

--- Begins to draw.
function M.watch()
  local group = vim.api.nvim_create_augroup('coworker.hunks', { clear = true })
  vim.api.nvim_create_autocmd('LspNotify', {
    group = group,
    desc = 'Ask where the hunks stand in a text that has changed',
    callback = function(event)
      local lsp = vim.lsp.get_client_by_id(event.data.client_id)
      local method = event.data.method
      local has_changed = method == 'textDocument/didChange' and marked[event.buf]
      if lsp and lsp.name == 'coworker' and (has_changed or method == 'textDocument/didOpen') then
        M.refresh(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd({ 'FocusGained', 'BufWritePost', 'ShellCmdPost', 'TermLeave' }, {
    group = group,
    desc = 'Ask what became of hunks that may have been committed',
    callback = function()
      for buf in pairs(marked) do
        if client.is_file(buf) then
          M.refresh(buf)
        end
      end
    end,
  })
  -- Not every terminal tells that it has the focus again.
  vim.api.nvim_create_autocmd('CursorHold', {
    group = group,
    desc = 'Ask what became of the hunks here',
    callback = function(event)
      if marked[event.buf] then
        M.refresh(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('CursorMoved', {
    group = group,
    desc = 'Show the new lines above the first one again',
    callback = function(event)
      if above_first[event.buf] and vim.fn.line('.') == 1 then
        make_room_above(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd({ 'BufWinEnter', 'WinEnter' }, {
    group = group,
    desc = 'Show the new lines above the first one in a window that comes up',
    callback = function(event)
      if above_first[event.buf] then
        -- In a step of its own: Neovim has yet to find out where the window begins.
        vim.schedule(function()
          make_room_above(event.buf)
        end)
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    callback = function(event)
      marked[event.buf], above_first[event.buf], refreshers[event.buf] = nil, nil, nil
    end,
  })
end

sessions.subscribe(function(root, _, event)
  local item = event.kind == 'update' and event.update.item
  if item and item.kind == 'changeSet' then
    for _, file in ipairs(item.files) do
      local buf = edit.buffer_of(file.path) or file.to and edit.buffer_of(file.to)
      if buf then
        M.refresh(buf)
      end
    end
  elseif event.kind == 'reset' or event.kind == 'server' then
    for _, buf in ipairs(vim.api.nvim_list_bufs()) do
      if client.is_file(buf) and client.root_of(buf) == root then
        M.refresh(buf)
      end
    end
  end
end)

return M
